using System.Buffers;
using System.Security.Cryptography;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Nn.Serialization;

/// <summary>One tensor of a file: its name, dtype and shape, known without reading its values.</summary>
/// <remarks>Values are read when <see cref="ToTensor"/> or <see cref="Sha256"/> asks for them. The range they lie in was checked when the file was opened.</remarks>
public sealed class CheckpointTensor
{
    private const int ChunkSize = 1 << 20, LeastInFile = 1 << 16;
    private readonly FileDType _type;
    private readonly ByteSource _bytes;
    private readonly long _start;
    private readonly Layout _layout;
    private readonly bool _bigEndian;

    // The layout counts elements from byte `start` of the source. Whoever calls has checked that its extent lies inside.
    internal CheckpointTensor(string name, FileDType type, Layout layout, ByteSource bytes, long start, bool bigEndian = false)
    {
        (Name, _type, _layout, _bytes, _start) = (name, type, layout, bytes, start);
        _bigEndian = bigEndian && type.SwapSize > 1;
    }

    /// <summary>The key. Keys of nested dictionaries and positions of lists are joined with <c>/</c>; empty when the file is one tensor.</summary>
    public string Name { get; }

    /// <summary>The sizes of the axes.</summary>
    public Shape Shape => _layout.Shape;

    /// <summary>The element type in words: <c>float32</c>, <c>bfloat16</c>, <c>bool</c>, or one that no tensor here has, such as <c>uint32</c> or <c>complex64</c>.</summary>
    public string DTypeName => _type.Name;

    /// <summary>The element type, or null where only files know it.</summary>
    public DType? DType => _type.Memory;

    /// <summary>Bytes of the values, dense.</summary>
    public long ByteLength => Shape.Count * _type.Size;

    internal FileDType Type => _type;

    internal CheckpointTensor Renamed(string name) => new(name, _type, _layout, _bytes, _start, _bigEndian);

    /// <summary>The SHA-256 of the values: dense, row-major, little-endian; one byte per bool; lower-case hexadecimal.</summary>
    /// <exception cref="FileFormatException">The bytes cannot be read or do not match their checksum.</exception>
    public string Sha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ForEachChunk(chunk => hash.AppendData(chunk));
        _bytes.Verify();
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Reads the values into host memory.</summary>
    /// <exception cref="FileFormatException">The bytes cannot be read, do not match their checksum, or have a dtype that no tensor has.</exception>
    public Tensor ToTensor()
    {
        var result = Tensor.Empty(Shape, MemoryType());
        Read(result.View);
        GC.KeepAlive(result);
        return result;
    }

    /// <summary>Reads the values into host memory, gives that back once a kernel has packed them, and reads them again when somebody asks: weights of a network that only infers take no memory beside what is packed.</summary>
    /// <remarks>The file stays open as long as the tensor is used, and must not be written to; another may take its name. Values of less than 64 KiB are kept.</remarks>
    /// <exception cref="FileFormatException">As <see cref="ToTensor"/>; later, where the values are read again, if the file was written to or its checkpoint disposed.</exception>
    public Tensor ToTensorInFile()
    {
        if (ByteLength < LeastInFile) return ToTensor();
        var tensor = Tensor.Computed(Shape, MemoryType(), view =>
        {
            _bytes.RefuseIfChanged();
            Read(view);
        });
        ((HostStorage)tensor.Storage).ComputeAhead();
        return tensor;
    }

    private DType MemoryType() => _type.Memory ??
        throw _bytes.Bad($"tensor {ByteSource.Show(Name)} is {_type.Name}, which nothing here computes with. Convert it to float32 or int64 where it was written");

    // Into a view of the default layout.
    private unsafe void Read(TensorView to)
    {
        using var scope = new TensorScope();
        var plain = to.Layout.IsRowMajor ? to : Tensor.EmptyWithLayout(Layout.RowMajor(Shape), to.DType, Device.Cpu).View;
        var pointer = ((HostStorage)plain.Storage).Pointer;
        ReadDense(pointer);
        if (to.DType == Memory.DType.Bool) Normalise(pointer, Shape.Count);
        _bytes.Verify();
        if (!to.Layout.IsRowMajor) BackendRegistry.Get(Device.Cpu).Kernel<ICopyKernel>().Copy(plain, to);
    }

    // Writes the dense little-endian values.
    internal void CopyTo(Stream stream)
    {
        ForEachChunk(stream.Write);
        _bytes.Verify();
    }

    // The dense little-endian values, piece by piece, in pieces of whole elements. A strided view needs the window of the file that it
    // reaches over, but never its own size in memory.
    private unsafe void ForEachChunk(SpanAction consume)
    {
        if (Shape.Count == 0) return;
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(ChunkSize, ByteLength));
        var strided = !_layout.IsRowMajor;
        var window = strided ? BufferPool.Shared.Rent(WindowLength) : default;
        try
        {
            if (strided) Fill(_layout.Offset * _type.Size, window.Pointer, WindowLength);
            for (long at = 0; at < ByteLength; at += ChunkSize)
            {
                var chunk = buffer.AsSpan(0, (int)Math.Min(ChunkSize, ByteLength - at));
                if (strided)
                {
                    fixed (byte* into = chunk) StridedGather.Run(window.Pointer, _layout, _type.Size, at / _type.Size, chunk.Length / _type.Size, into);
                }
                else
                {
                    _bytes.Read(_start + _layout.Offset * _type.Size + at, chunk);
                    if (_bigEndian) ByteOrder.Reverse(chunk, _type.SwapSize);
                }
                consume(chunk);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            if (strided) BufferPool.Shared.Return(window);
        }
    }

    private long WindowLength => (_layout.Extent - _layout.Offset) * _type.Size;

    private delegate void SpanAction(ReadOnlySpan<byte> chunk);

    private unsafe void ReadDense(byte* into)
    {
        if (Shape.Count == 0) return;
        if (_layout.IsRowMajor)
        {
            Fill(_layout.Offset * _type.Size, into, ByteLength);
            return;
        }
        var window = BufferPool.Shared.Rent(WindowLength);
        try
        {
            Fill(_layout.Offset * _type.Size, window.Pointer, WindowLength);
            StridedGather.Run(window.Pointer, _layout, _type.Size, 0, Shape.Count, into);
        }
        finally
        {
            BufferPool.Shared.Return(window);
        }
    }

    // Straight from the file into place, at most 1 GiB per call of the operating system.
    private unsafe void Fill(long from, byte* into, long count)
    {
        const int most = 1 << 30;
        for (long at = 0; at < count; at += most)
        {
            var part = new Span<byte>(into + at, (int)Math.Min(most, count - at));
            _bytes.Read(_start + from + at, part);
            if (_bigEndian) ByteOrder.Reverse(part, _type.SwapSize);
        }
    }

    // Kernels rely on 0 and 1; a file may hold any byte.
    private static unsafe void Normalise(byte* values, long count)
    {
        for (long i = 0; i < count; i++) values[i] = values[i] == 0 ? (byte)0 : (byte)1;
    }
}
