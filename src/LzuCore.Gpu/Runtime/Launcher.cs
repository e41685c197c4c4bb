using ILGPU;
using LzuCore.Memory;

namespace LzuCore.Gpu.Runtime;

/// <summary>Starts kernels on one device. Launches run in order, so a buffer may go back to the allocator right after the launch that uses it.</summary>
internal abstract class Launcher
{
    /// <summary>Whether kernels are called directly on the host.</summary>
    public abstract bool OnHost { get; }

    /// <summary>Whether a kernel may ask for values on the host now; not while a graph is recorded.</summary>
    public virtual bool MayWait => true;

    /// <summary>Runs <paramref name="body"/> for every index in [0, <paramref name="count"/>).</summary>
    /// <param name="count">How many threads; 0 does nothing.</param>
    /// <param name="body">The kernel with its arguments.</param>
    /// <param name="grain">Indices a host thread takes at a time: fewer for heavier bodies.</param>
    public void Launch<TBody>(long count, TBody body, int grain = 4096) where TBody : struct, IKernelBody
    {
        if (count <= 0) return;
        Check.That(count <= int.MaxValue, $"a kernel covers at most 2^31 - 1 elements, got {count}. Use a smaller batch or image.");
        Start((int)count, body, grain);
    }

    /// <summary>Runs <paramref name="body"/> for every group in [0, <paramref name="groups"/>).</summary>
    public void LaunchGroups<TBody, V, TState>(long groups, TBody body) where TBody : struct, IGroupBody<V, TState> where V : unmanaged where TState : struct
    {
        if (groups <= 0) return;
        Check.That(groups <= int.MaxValue, $"a kernel covers at most 2^31 - 1 groups, got {groups}. Use a smaller batch or image.");
        StartGroups<TBody, V, TState>((int)groups, body);
    }

    /// <summary>As <see cref="Launch"/>, with a count that has been checked.</summary>
    protected abstract void Start<TBody>(int count, TBody body, int grain) where TBody : struct, IKernelBody;

    /// <summary>As <see cref="LaunchGroups"/>, with a count that has been checked.</summary>
    protected abstract void StartGroups<TBody, V, TState>(int groups, TBody body) where TBody : struct, IGroupBody<V, TState> where V : unmanaged where TState : struct;

    /// <summary>The entry point that ILGPU compiles for kernels of one thread per index.</summary>
    internal static void Entry<TBody>(Index1D index, TBody body) where TBody : struct, IKernelBody => body.Run(index);

    /// <summary>The entry point of kernels that work in groups.</summary>
    internal static void GroupEntry<TBody, V, TState>(TBody body) where TBody : struct, IGroupBody<V, TState> where V : unmanaged where TState : struct
    {
        var shared = SharedMemory.Allocate<V>(TBody.Shared);
        int group = Grid.IdxX, lane = Group.IdxX;
        var state = body.Start(group, lane);
        var phases = body.Phases(group);
        for (var phase = 0; phase < phases; phase++)
        {
            body.Stage(state, lane, phase, shared);
            Group.Barrier();
            state = body.Use(state, lane, shared);
            Group.Barrier();
        }
        body.Finish(state, group, lane);
    }
}
