using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Dropout by counter: whether an element lives is a function of its logical index, so nothing is stored for the way back and threads need no order.
// Tensors are seen as [images, pixels, channels]; ranks other than 4 have one image and one channel.
internal sealed unsafe class DropoutKernel : IDropoutKernel
{
    public void Forward(in DropoutArgs args, TensorView input, TensorView output)
    {
        if (output.Count == 0) return;
        if (input.DType == DType.Float64) Forward<double>(args, input, output);
        else Forward<float>(args, input, output);
    }

    private static void Forward<T>(DropoutArgs args, TensorView input, TensorView output) where T : unmanaged, INumberBase<T>
    {
        var shape = input.Shape;
        var (channels, pixels) = shape.Rank == 4 ? (shape[1], (long)shape[2] * shape[3]) : (1, shape.Count);
        T* x = input.Pointer<T>(), y = output.Pointer<T>();
        var scale = args.Probability < 1 ? T.CreateTruncating(1 / (1 - args.Probability)) : T.Zero;
        const int chunk = 8192;
        ParallelRows.For(checked((int)((shape.Count + chunk - 1) / chunk)), 1, (begin, end) =>
        {
            for (var at = (long)begin * chunk; at < Math.Min(shape.Count, (long)end * chunk); at++)
            {
                var (pixel, c) = Math.DivRem(at, channels);
                var (n, p) = Math.DivRem(pixel, pixels);
                var index = args.WholeChannels ? n * channels + c : (n * channels + c) * pixels + p;
                y[at] = args.Random.Uniform((ulong)index) < args.Probability ? T.Zero : x[at] * scale;
            }
        });
    }
}
