using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Nn.Serialization;

/// <summary>One array per file, as numpy's <c>.npy</c> (format versions 1.0 to 3.0).</summary>
/// <remarks>Read: either byte order, either memory order, every number dtype a tensor has. Object arrays, which hold pickles, are refused.
/// Written: little-endian, C order, replaced in one step.</remarks>
public static class Npy
{
    /// <summary>Reads an array.</summary>
    /// <exception cref="FileFormatException">The file is missing or is not such an array.</exception>
    public static Tensor Read(string path)
    {
        using var file = ByteSource.Open(path);
        return NpyHeader.Read(file, "").ToTensor();
    }

    /// <summary>Writes a tensor.</summary>
    /// <exception cref="DTypeException">numpy has no such dtype (bfloat16).</exception>
    /// <exception cref="LzuException">The file cannot be written.</exception>
    public static void Write(string path, Tensor tensor)
    {
        var header = NpyHeader.Write(FileDType.Of(tensor.DType), tensor.Shape);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            TensorWriter.Write(tensor, stream);
        });
    }
}
