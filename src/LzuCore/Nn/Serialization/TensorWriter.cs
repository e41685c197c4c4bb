using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Nn.Serialization;

/// <summary>Writes a tensor's values as files want them: dense, row-major, little-endian.</summary>
public static class TensorWriter
{
    /// <summary>Appends the values to a stream; a tensor that lies otherwise, or on another device, is copied first.</summary>
    public static unsafe void Write(Tensor tensor, Stream stream)
    {
        if (tensor.Shape.Count == 0) return;
        using var scope = new TensorScope();
        var plain = tensor;
        if (tensor.Device != Device.Cpu)
        {
            plain = Tensor.EmptyWithLayout(tensor.Layout.WithOffset(0), tensor.DType, Device.Cpu);
            var whole = new byte[tensor.Layout.Extent * tensor.DType.Size()];
            tensor.Backend.Download(tensor.View.Storage, whole);
            plain.Backend.Upload(whole.AsSpan((int)(tensor.Layout.Offset * tensor.DType.Size())), plain.Storage);
        }
        if (!plain.Layout.IsRowMajor)
        {
            var dense = Tensor.EmptyWithLayout(Layout.RowMajor(plain.Shape), plain.DType, Device.Cpu);
            plain.Backend.Kernel<ICopyKernel>().Copy(plain.View, dense.View);
            plain = dense;
        }
        var view = plain.View;
        var first = ((HostStorage)view.Storage).Pointer + view.Layout.Offset * view.DType.Size();
        var count = view.Count * view.DType.Size();
        const int most = 1 << 24;
        for (long at = 0; at < count; at += most) stream.Write(new ReadOnlySpan<byte>(first + at, (int)Math.Min(most, count - at)));
        GC.KeepAlive(plain);
        GC.KeepAlive(tensor);
    }
}
