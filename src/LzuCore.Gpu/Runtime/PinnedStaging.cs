using LzuCore.Gpu.Interop;

namespace LzuCore.Gpu.Runtime;

/// <summary>Two halves of pinned host memory through which bytes go to and from a GPU: only from pinned memory is a copy asynchronous. While one half is on its way the other
/// is filled or emptied.</summary>
internal sealed unsafe class PinnedStaging
{
    private const int Half = 4 << 20;
    private readonly CudaDriver _cuda;
    private readonly nint _stream;
    private readonly byte* _memory;
    private readonly nint[] _done = new nint[2];
    private readonly Lock _lock = new();
    private int _next;

    public PinnedStaging(CudaDriver cuda, nint stream)
    {
        (_cuda, _stream) = (cuda, stream);
        void* memory;
        cuda.Require(cuda.MemHostAlloc(&memory, 2 * Half, 0), "cuMemHostAlloc");
        _memory = (byte*)memory;
        for (var i = 0; i < 2; i++)
        {
            nint done;
            cuda.Require(cuda.EventCreate(&done, CudaDriver.DisableTiming), "cuEventCreate");
            _done[i] = done;
        }
    }

    /// <summary>Copies to the device; returns when the host's bytes have been read.</summary>
    public void Upload(ReadOnlySpan<byte> host, nint address)
    {
        lock (_lock)
            for (var at = 0; at < host.Length; at += Half)
            {
                var part = host.Slice(at, Math.Min(Half, host.Length - at));
                var half = Take(out var done);
                part.CopyTo(new Span<byte>(half, Half));
                _cuda.Require(_cuda.MemcpyHtoDAsync((ulong)(address + at), half, (nuint)part.Length, _stream), "cuMemcpyHtoDAsync");
                _cuda.Require(_cuda.EventRecord(done, _stream), "cuEventRecord");
            }
    }

    /// <summary>Copies to the host, after everything before it in the stream.</summary>
    public void Download(nint address, Span<byte> host)
    {
        lock (_lock)
        {
            byte* filled = null;
            nint arrived = 0;
            int from = 0, length = 0;
            for (var at = 0; at < host.Length; at += Half)
            {
                var size = Math.Min(Half, host.Length - at);
                var half = Take(out var done);
                _cuda.Require(_cuda.MemcpyDtoHAsync(half, (ulong)(address + at), (nuint)size, _stream), "cuMemcpyDtoHAsync");
                _cuda.Require(_cuda.EventRecord(done, _stream), "cuEventRecord");
                if (filled is not null) Empty(filled, arrived, host.Slice(from, length));
                filled = half;
                (arrived, from, length) = (done, at, size);
            }
            if (filled is not null) Empty(filled, arrived, host.Slice(from, length));
        }
    }

    private void Empty(byte* half, nint arrived, Span<byte> host)
    {
        _cuda.Require(_cuda.EventSynchronize(arrived), "cuEventSynchronize");
        new ReadOnlySpan<byte>(half, host.Length).CopyTo(host);
    }

    // The half whose turn it is, once its last copy is done.
    private byte* Take(out nint done)
    {
        var index = _next;
        _next = 1 - _next;
        done = _done[index];
        _cuda.Require(_cuda.EventSynchronize(done), "cuEventSynchronize");
        return _memory + index * Half;
    }
}
