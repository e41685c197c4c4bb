using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace LzuCore.Gpu.Runtime;

/// <summary>A block of a device's memory. The address means something to the device alone; kernels get it through views, which never follow it on the host.</summary>
internal sealed class DeviceBlock(Accelerator views, nint address, long length)
{
    // A buffer that only carries the address: nothing is freed with it.
    private readonly CPUMemoryBuffer _buffer = CPUMemoryBuffer.Create(views, address, length, 1);

    /// <summary>The first byte's address on the device.</summary>
    public nint Address => address;

    /// <summary>Bytes.</summary>
    public long Length => length;

    /// <summary>Where the block goes when it is returned.</summary>
    public BlockPool? Home { get; set; }

    /// <summary>The bytes as a view.</summary>
    public ArrayView<byte> View => new(_buffer, 0, length);
}

/// <summary>Memory and copies of one device. All work of a device runs in the order of one stream.</summary>
internal interface IDeviceMemory
{
    /// <summary>The device's own name.</summary>
    string Name { get; }

    /// <summary>Bytes in all.</summary>
    long Size { get; }

    /// <summary>A fresh block; null when the device is full.</summary>
    DeviceBlock? Allocate(long length);

    /// <summary>Gives a block back to the device, which has finished with it.</summary>
    void Free(DeviceBlock block);

    /// <summary>Copies to the device; the host's bytes may change right after.</summary>
    void Upload(ReadOnlySpan<byte> host, nint address);

    /// <summary>Copies to the host, after everything asked for so far.</summary>
    void Download(nint address, Span<byte> host);

    /// <summary>Waits until everything asked for so far is done.</summary>
    void Synchronize();
}

/// <summary>Free blocks by size, waiting for their next use.</summary>
internal sealed class BlockPool
{
    private readonly Dictionary<long, Stack<DeviceBlock>> _free = [];

    public bool TryTake(long size, out DeviceBlock? block)
    {
        block = null;
        return _free.TryGetValue(size, out var stack) && stack.TryPop(out block);
    }

    public void Put(DeviceBlock block)
    {
        if (!_free.TryGetValue(block.Length, out var stack)) _free[block.Length] = stack = new();
        stack.Push(block);
    }

    /// <summary>Takes every block out.</summary>
    public List<DeviceBlock> Empty()
    {
        var blocks = _free.Values.SelectMany(s => s).ToList();
        _free.Clear();
        return blocks;
    }
}
