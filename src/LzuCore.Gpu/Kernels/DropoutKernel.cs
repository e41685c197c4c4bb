using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Dropout by counter, one thread per value: the generator is a few integer operations of the logical index, so the device drops what the CPU drops.
internal sealed class DropoutKernel(Launcher launcher) : IDropoutKernel
{
    public void Forward(in DropoutArgs args, TensorView input, TensorView output)
    {
        if (input.DType == DType.Float64) Forward<double, DoubleReal>(args, input, output);
        else Forward<float, SingleReal>(args, input, output);
    }

    private void Forward<T, TReal>(in DropoutArgs args, TensorView input, TensorView output) where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        var shape = input.Shape;
        var (channels, pixels) = shape.Rank == 4 ? (shape[1], checked(shape[2] * shape[3])) : (1, checked((int)shape.Count));
        launcher.Launch(shape.Count, new ForwardBody<T, TReal>(args.Random, args.Probability, args.WholeChannels ? 1 : 0, channels, pixels,
            T.CreateTruncating(args.Probability < 1 ? 1 / (1 - args.Probability) : 0), input.Dense<T>(), output.Dense<T>()));
    }

    internal readonly struct ForwardBody<T, TReal>(RandomSource random, double probability, int wholeChannels, int channels, int pixels, T scale, ArrayView<T> x, ArrayView<T> y) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var pixel = index / channels;
            var c = index - pixel * channels;
            var n = pixel / pixels;
            var channel = (long)n * channels + c;
            var number = wholeChannels != 0 ? channel : channel * pixels + (pixel - n * pixels);
            y[index] = random.Uniform((ulong)number) < probability ? T.Zero : x[index] * scale;
        }
    }
}
