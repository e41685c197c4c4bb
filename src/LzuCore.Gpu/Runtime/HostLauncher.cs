using System.Collections.Concurrent;
using ILGPU;
using ILGPU.Runtime;
using LzuCore.Memory;

namespace LzuCore.Gpu.Runtime;

/// <summary>Device <c>ilgpu</c>: kernels and memory on the host.</summary>
/// <remarks>ILGPU's CPU accelerator simulates warps with one operating-system thread per lane: correct, and some hundred times slower than a loop (a grid_sample of 3x600x960
/// takes 2 to 8 s). Since a kernel here is plain methods of a struct without barriers inside, it is called directly on the host, on all threads: about
/// twice the time of a plain loop. With <paramref name="simulate"/> kernels go through the simulator, which the tests do on toy shapes.</remarks>
internal sealed class HostLauncher(Accelerator accelerator, bool simulate) : Launcher, IDeviceMemory
{
    private readonly ConcurrentDictionary<Type, Delegate> _kernels = new();

    // Every buffer, so that none is collected, and with it freed, while its block is in use.
    private readonly ConcurrentDictionary<nint, MemoryBuffer1D<byte, Stride1D.Dense>> _buffers = new();

    public override bool OnHost => !simulate;

    public string Name => accelerator.Name;

    public long Size => accelerator.MemorySize;

    public DeviceBlock? Allocate(long length)
    {
        try
        {
            var buffer = accelerator.Allocate1D<byte>(length);
            _buffers[buffer.NativePtr] = buffer;
            return new DeviceBlock(accelerator, buffer.NativePtr, length);
        }
        catch (Exception e) when (e is AcceleratorException or OutOfMemoryException)
        {
            return null;
        }
    }

    public void Free(DeviceBlock block)
    {
        if (_buffers.TryRemove(block.Address, out var buffer)) buffer.Dispose();
    }

    public unsafe void Upload(ReadOnlySpan<byte> host, nint address) => host.CopyTo(new Span<byte>((void*)address, host.Length));

    public unsafe void Download(nint address, Span<byte> host)
    {
        Synchronize();
        new ReadOnlySpan<byte>((void*)address, host.Length).CopyTo(host);
    }

    public void Synchronize() => accelerator.Synchronize();

    protected override void Start<TBody>(int count, TBody body, int grain)
    {
        if (OnHost)
        {
            ParallelRows.For(count, grain, (begin, end) =>
            {
                var local = body;
                for (var i = begin; i < end; i++) local.Run(i);
            });
            return;
        }
        var kernel = (Action<Index1D, TBody>)_kernels.GetOrAdd(typeof(TBody), static (_, a) => a.LoadAutoGroupedStreamKernel<Index1D, TBody>(Entry), accelerator);
        kernel(new Index1D(count), body);
    }

    protected override void StartGroups<TBody, V, TState>(int groups, TBody body)
    {
        if (!OnHost)
        {
            var kernel = (Action<KernelConfig, TBody>)_kernels.GetOrAdd(typeof(TBody), static (_, a) => a.LoadStreamKernel<TBody>(GroupEntry<TBody, V, TState>), accelerator);
            kernel(new KernelConfig(groups, TBody.Lanes), body);
            return;
        }
        ParallelRows.For(groups, 1, (begin, end) =>
        {
            using var memory = accelerator.Allocate1D<V>(TBody.Shared);
            var states = new TState[TBody.Lanes];
            for (var group = begin; group < end; group++) RunGroup<TBody, V, TState>(body, group, states, memory.View);
        });
    }

    /// <summary>One group, its lanes one after another in every step.</summary>
    internal static void RunGroup<TBody, V, TState>(TBody body, int group, TState[] states, ArrayView<V> shared) where TBody : struct, IGroupBody<V, TState> where V : unmanaged where TState : struct
    {
        for (var lane = 0; lane < states.Length; lane++) states[lane] = body.Start(group, lane);
        var phases = body.Phases(group);
        for (var phase = 0; phase < phases; phase++)
        {
            for (var lane = 0; lane < states.Length; lane++) body.Stage(states[lane], lane, phase, shared);
            for (var lane = 0; lane < states.Length; lane++) states[lane] = body.Use(states[lane], lane, shared);
        }
        for (var lane = 0; lane < states.Length; lane++) body.Finish(states[lane], group, lane);
    }
}
