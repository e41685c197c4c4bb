using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Pools over channels-last images, one thread per output value or four neighbouring channels, channel fastest.
// Backward gathers, one thread per input value: the windows that cover it are one run per axis, and are asked in row-major order for their share, or whether this is
// their maximum, which is found again. For 3x3 windows at stride 2 that is 2.25 windows of nine cached reads.
internal sealed class Pool2dKernel(Launcher launcher) : IPool2dKernel, ITakesHalves
{
    public void Forward(in Pool2dArgs args, TensorView input, TensorView output)
    {
        switch (input.DType)
        {
            case DType.Float64: Forward<double, DoubleReal>(args, input, output); break;
            case DType.BFloat16: ForwardHalves<BFloat16Stored>(args, input, output); break;
            case DType.Float16: ForwardHalves<Float16Stored>(args, input, output); break;
            default: Forward<float, SingleReal>(args, input, output); break;
        }
    }

    public void Backward(in Pool2dArgs args, TensorView? input, TensorView dOutput, TensorView dInput)
    {
        if (dInput.DType == DType.Float64) Backward<double, DoubleReal>(args, input, dOutput, dInput);
        else Backward<float, SingleReal>(args, input, dOutput, dInput);
    }

    private void Forward<T, TReal>(in Pool2dArgs args, TensorView input, TensorView output) where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        if (Channels.InFours(input.Shape[1], input, output)) Forward<T, TReal, Quad<T>, Four<T>, Quad<T>, Plain<Quad<T>>>(args, input.Shape[1] / 4, input.Fours<T>(), output.Fours<T>());
        else Forward<T, TReal, T, One<T>, T, Plain<T>>(args, input.Shape[1], input.Dense<T>(), output.Dense<T>());
    }

    private void ForwardHalves<TStored>(in Pool2dArgs args, TensorView input, TensorView output) where TStored : struct, IStored<ushort, float>
    {
        if (Channels.InFours(input.Shape[1], input, output)) Forward<float, SingleReal, Quad<float>, Four<float>, Quad<ushort>, FourStored<TStored>>(args, input.Shape[1] / 4, input.Fours<ushort>(), output.Fours<ushort>());
        else Forward<float, SingleReal, float, One<float>, ushort, TStored>(args, input.Shape[1], input.Dense<ushort>(), output.Dense<ushort>());
    }

    private void Forward<T, TReal, V, TLane, S, TStored>(in Pool2dArgs args, int channels, ArrayView<S> x, ArrayView<S> y)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where V : unmanaged where TLane : struct, ILane<T, V> where S : unmanaged where TStored : struct, IStored<S, V> =>
        launcher.Launch(y.Length, new ForwardBody<T, TReal, V, TLane, S, TStored>(args.Kind == PoolKind.Average ? 1 : 0, args.Rows, args.Columns, channels, x, y), grain: 512);

    private void Backward<T, TReal>(in Pool2dArgs args, TensorView? input, TensorView dOutput, TensorView dInput) where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        if (args.Kind == PoolKind.Average)
            launcher.Launch(dInput.Count, new AverageBackwardBody<T, TReal>(args.Rows, args.Columns, dInput.Shape[1], dOutput.Dense<T>(), dInput.Dense<T>()), grain: 512);
        else
            launcher.Launch(dInput.Count, new MaxBackwardBody<T, TReal>(args.Rows, args.Columns, dInput.Shape[1], input!.Value.Dense<T>(), dOutput.Dense<T>(), dInput.Dense<T>()), grain: 256);
    }

    internal readonly struct ForwardBody<T, TReal, V, TLane, S, TStored>(int average, PoolAxis rows, PoolAxis columns, int channels, ArrayView<S> x, ArrayView<S> y) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where V : unmanaged where TLane : struct, ILane<T, V> where S : unmanaged where TStored : struct, IStored<S, V>
    {
        public void Run(int index)
        {
            var pixel = index / channels;
            var c = index - pixel * channels;
            var line = pixel / columns.Count;
            var j = pixel - line * columns.Count;
            var n = line / rows.Count;
            var i = line - n * rows.Count;
            int left = columns.Start(j), right = columns.End(j), bottom = rows.End(i);
            var sum = TLane.Zero;
            var best = TLane.Fill(T.NegativeInfinity);
            for (var r = rows.Start(i); r < bottom; r++)
            {
                var at = ((n * (long)rows.Size + r) * columns.Size + left) * channels + c;
                for (var q = left; q < right; q++, at += channels)
                {
                    var v = TStored.Load(x[at]);
                    if (average != 0) sum = TLane.Add(sum, v);
                    else best = TLane.Max(best, v);
                }
            }
            y[index] = TStored.Save(average != 0 ? TLane.Scale(sum, T.One / TReal.From(rows.Divisor(i) * columns.Divisor(j))) : best);
        }
    }

    internal readonly struct AverageBackwardBody<T, TReal>(PoolAxis rows, PoolAxis columns, int channels, ArrayView<T> dy, ArrayView<T> dx) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var pixel = index / channels;
            var c = index - pixel * channels;
            var line = pixel / columns.Size;
            var q = pixel - line * columns.Size;
            var n = line / rows.Size;
            var r = line - n * rows.Size;
            var total = T.Zero;
            var first = columns.FirstBehind(q);
            for (var i = rows.FirstBehind(r); i < rows.Count && rows.Start(i) <= r; i++)
                for (var j = first; j < columns.Count && columns.Start(j) <= q; j++)
                    total += dy[((n * (long)rows.Count + i) * columns.Count + j) * channels + c] * (T.One / TReal.From(rows.Divisor(i) * columns.Divisor(j)));
            dx[index] = total;
        }
    }

    internal readonly struct MaxBackwardBody<T, TReal>(PoolAxis rows, PoolAxis columns, int channels, ArrayView<T> x, ArrayView<T> dy, ArrayView<T> dx) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var pixel = index / channels;
            var c = index - pixel * channels;
            var line = pixel / columns.Size;
            var q = pixel - line * columns.Size;
            var n = line / rows.Size;
            var r = line - n * rows.Size;
            var total = T.Zero;
            var first = columns.FirstBehind(q);
            for (var i = rows.FirstBehind(r); i < rows.Count && rows.Start(i) <= r; i++)
                for (var j = first; j < columns.Count && columns.Start(j) <= q; j++)
                    if (Best(n, i, j, c) == r * columns.Size + q) total += dy[((n * (long)rows.Count + i) * columns.Count + j) * channels + c];
            dx[index] = total;
        }

        // Where a window's maximum is: the first largest in row-major order, the last NaN.
        private int Best(int n, int i, int j, int c)
        {
            int left = columns.Start(j), right = columns.End(j), top = rows.Start(i), bottom = rows.End(i);
            var best = T.NegativeInfinity;
            var where = top * columns.Size + left;
            for (var r = top; r < bottom; r++)
                for (var q = left; q < right; q++)
                {
                    var v = x[((n * (long)rows.Size + r) * columns.Size + q) * channels + c];
                    if (!(v > best || T.IsNaN(v))) continue;
                    best = v;
                    where = r * columns.Size + q;
                }
            return where;
        }
    }
}
