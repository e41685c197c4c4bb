using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Padding of channels-last images, one thread per value, channel fastest; tensors of other ranks are images of one channel. Where an index copies from is a few
// operations. Backward gathers: an element asks its own place and the padding's places, in ascending order, whether they copied it.
internal sealed class PadKernel(Launcher launcher) : IPadKernel
{
    public void Forward(in PadArgs args, TensorView input, TensorView output)
    {
        if (input.DType == DType.Float64) Forward<double, DoubleReal>(args, input, output);
        else Forward<float, SingleReal>(args, input, output);
    }

    public void Backward(in PadArgs args, TensorView dOutput, TensorView dInput)
    {
        if (dInput.DType == DType.Float64) Backward<double, DoubleReal>(args, dOutput, dInput);
        else Backward<float, SingleReal>(args, dOutput, dInput);
    }

    private void Forward<T, TReal>(in PadArgs args, TensorView input, TensorView output)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        var (rows, columns, channels) = Axes(args, input.Shape);
        launcher.Launch(output.Count, new ForwardBody<T, TReal>(rows, columns, channels, T.CreateTruncating(args.Value),
            input.Dense<T>(), output.Dense<T>()));
    }

    private void Backward<T, TReal>(in PadArgs args, TensorView dOutput, TensorView dInput)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        var (rows, columns, channels) = Axes(args, dInput.Shape);
        launcher.Launch(dInput.Count, new BackwardBody<T, TReal>(rows, columns, channels,
            dOutput.Dense<T>(), dInput.Dense<T>()), grain: 1024);
    }

    private static (Axis Rows, Axis Columns, int Channels) Axes(in PadArgs args, Shape input)
    {
        var images = input.Rank == 4;
        int height = images ? input[2] : input.Rank > 1 ? input[input.Rank - 2] : 1, width = images ? input[3] : input[input.Rank - 1];
        return (new Axis((int)args.Mode, height, args.Top, height + args.Top + args.Bottom), new Axis((int)args.Mode, width, args.Left, width + args.Left + args.Right), images ? input[1] : 1);
    }

    internal readonly record struct Axis(int Mode, int From, int Before, int To)
    {
        /// <summary>The input index that an output index copies; -1 for the number.</summary>
        public int Source(int index)
        {
            var at = index - Before;
            if (at >= 0 && at < From) return at;
            if (Mode == (int)PadMode.Constant) return -1;
            if (Mode == (int)PadMode.Reflect) return at < 0 ? -at : 2 * (From - 1) - at;
            return at < 0 ? 0 : From - 1;
        }

        /// <summary>The next output index after one that may copy an input index: padding in front, its own place, padding behind.</summary>
        public int Next(int index, int own)
        {
            var next = index + 1;
            return next < Before || next >= Before + From ? next : index < own ? own : Before + From;
        }
    }

    internal readonly struct ForwardBody<T, TReal>(Axis rows, Axis columns, int channels, T value, ArrayView<T> x, ArrayView<T> y) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var pixel = index / channels;
            var c = index - pixel * channels;
            var row = pixel / columns.To;
            var n = row / rows.To;
            int r = rows.Source(row - n * rows.To), q = columns.Source(pixel - row * columns.To);
            y[index] = r < 0 || q < 0 ? value : x[((n * (long)rows.From + r) * columns.From + q) * channels + c];
        }
    }

    internal readonly struct BackwardBody<T, TReal>(Axis rows, Axis columns, int channels, ArrayView<T> dy, ArrayView<T> dx) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var pixel = index / channels;
            var c = index - pixel * channels;
            var row = pixel / columns.From;
            var n = row / rows.From;
            int r = row - n * rows.From, q = pixel - row * columns.From;
            int ownRow = r + rows.Before, ownColumn = q + columns.Before;
            var total = T.Zero;
            for (var i = rows.Next(-1, ownRow); i < rows.To; i = rows.Next(i, ownRow))
            {
                if (rows.Source(i) != r) continue;
                var from = (n * (long)rows.To + i) * columns.To;
                for (var j = columns.Next(-1, ownColumn); j < columns.To; j = columns.Next(j, ownColumn))
                    if (columns.Source(j) == q) total += dy[(from + j) * channels + c];
            }
            dx[index] = total;
        }
    }
}
