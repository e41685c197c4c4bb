using System.Collections.Concurrent;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using LzuCore.Memory;

namespace LzuCore.Gpu.Runtime;

/// <summary>Starts kernels on one accelerator; loads each kernel once.</summary>
/// <remarks>
/// <para>ILGPU's CPU accelerator simulates warps with one operating-system thread per lane: correct, and some hundred times slower than a loop (a
/// grid_sample of 3x600x960 takes 2 to 8 s). Since a kernel here is a plain method of a struct without barriers, device <c>ilgpu</c> calls it directly on
/// the host, on all threads, over the accelerator's own buffers: about twice the time of a plain loop. The tests still put every kernel through
/// the simulator on toy shapes, and through the PTX compiler.</para>
/// <para>Launches are asynchronous on the accelerator's default stream and run in order, so a buffer may go back to the allocator right after the launch.</para>
/// </remarks>
internal sealed class Launcher(Accelerator accelerator, bool onHost)
{
    private readonly ConcurrentDictionary<Type, Delegate> _kernels = new();

    /// <summary>The accelerator that holds the buffers.</summary>
    public Accelerator Accelerator => accelerator;

    /// <summary>Whether kernels are called directly on the host.</summary>
    public bool OnHost => onHost;

    /// <summary>Runs <paramref name="body"/> for every index in [0, <paramref name="count"/>).</summary>
    /// <param name="count">How many threads; 0 does nothing.</param>
    /// <param name="body">The kernel with its arguments.</param>
    /// <param name="grain">Indices a host thread takes at a time: fewer for heavier bodies.</param>
    public void Launch<TBody>(long count, TBody body, int grain = 4096) where TBody : struct, IKernelBody
    {
        if (count <= 0) return;
        Check.That(count <= int.MaxValue, $"{accelerator.Name}: a kernel covers at most 2^31 - 1 elements, got {count}. Use a smaller batch or image.");
        if (onHost)
        {
            ParallelRows.For((int)count, grain, (begin, end) =>
            {
                var local = body;
                for (var i = begin; i < end; i++) local.Run(i);
            });
            return;
        }
        var kernel = (Action<Index1D, TBody>)_kernels.GetOrAdd(typeof(TBody),
            static (_, a) => a.LoadAutoGroupedStreamKernel<Index1D, TBody>(Entry), accelerator);
        kernel(new Index1D((int)count), body);
    }

    /// <summary>Runs <paramref name="body"/> for every group in [0, <paramref name="groups"/>).</summary>
    public void LaunchGroups<TBody, V, TState>(long groups, TBody body) where TBody : struct, IGroupBody<V, TState> where V : unmanaged where TState : unmanaged
    {
        if (groups <= 0) return;
        Check.That(groups <= int.MaxValue, $"{accelerator.Name}: a kernel covers at most 2^31 - 1 groups, got {groups}. Use a smaller batch or image.");
        if (onHost)
        {
            GroupsOnHost<TBody, V, TState>((int)groups, body);
            return;
        }
        var kernel = (Action<KernelConfig, TBody>)_kernels.GetOrAdd(typeof(TBody), static (_, a) => a.LoadStreamKernel<TBody>(GroupEntry<TBody, V, TState>), accelerator);
        kernel(new KernelConfig((int)groups, TBody.Lanes), body);
    }

    private unsafe void GroupsOnHost<TBody, V, TState>(int groups, TBody body) where TBody : struct, IGroupBody<V, TState> where V : unmanaged where TState : unmanaged =>
        ParallelRows.For(groups, 1, (begin, end) =>
        {
            var local = body;
            var states = new TState[TBody.Lanes];
            using var memory = CPUMemoryBuffer.Create(accelerator, TBody.Shared, sizeof(V));
            var shared = new ArrayView<V>(memory, 0, TBody.Shared);
            for (var group = begin; group < end; group++)
            {
                for (var lane = 0; lane < states.Length; lane++) states[lane] = local.Start(group, lane);
                var phases = local.Phases(group);
                for (var phase = 0; phase < phases; phase++)
                {
                    for (var lane = 0; lane < states.Length; lane++) local.Stage(states[lane], lane, phase, shared);
                    for (var lane = 0; lane < states.Length; lane++) states[lane] = local.Use(states[lane], lane, shared);
                }
                for (var lane = 0; lane < states.Length; lane++) local.Finish(states[lane], group, lane);
            }
        });

    /// <summary>The entry point of kernels that work in groups.</summary>
    internal static void GroupEntry<TBody, V, TState>(TBody body) where TBody : struct, IGroupBody<V, TState> where V : unmanaged where TState : unmanaged
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

    /// <summary>The one entry point that ILGPU compiles, instantiated per kernel.</summary>
    internal static void Entry<TBody>(Index1D index, TBody body) where TBody : struct, IKernelBody => body.Run(index);
}
