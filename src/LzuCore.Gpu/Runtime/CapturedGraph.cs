namespace LzuCore.Gpu.Runtime;

/// <summary>Work of a GPU recorded once, to be started again with a single call: nothing on the host is repeated. Addresses are fixed, so new values go into the tensors that the
/// recording read, and results come out of those that it wrote.</summary>
public sealed class CapturedGraph : IDisposable
{
    private readonly CudaDevice _device;
    private readonly CachingAllocator _allocator;
    private readonly IReadOnlyList<DeviceBlock> _blocks;
    private nint _executable;

    internal CapturedGraph(CudaDevice device, CachingAllocator allocator, nint executable, IReadOnlyList<DeviceBlock> blocks) =>
        (_device, _allocator, _executable, _blocks) = (device, allocator, executable, blocks);

    /// <summary>Starts the recorded work in the device's stream; returns at once.</summary>
    public void Replay()
    {
        ObjectDisposedException.ThrowIf(_executable == 0, this);
        _device.Replay(_executable);
    }

    /// <summary>Waits for the device and gives the recording's memory back.</summary>
    public void Dispose()
    {
        if (_executable == 0) return;
        _device.Forget(_executable);
        _executable = 0;
        _allocator.Adopt(_blocks);
    }
}
