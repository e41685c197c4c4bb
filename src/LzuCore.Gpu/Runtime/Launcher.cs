using System.Collections.Concurrent;
using ILGPU;
using ILGPU.Runtime;
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

    /// <summary>The one entry point that ILGPU compiles, instantiated per kernel.</summary>
    internal static void Entry<TBody>(Index1D index, TBody body) where TBody : struct, IKernelBody => body.Run(index);
}
