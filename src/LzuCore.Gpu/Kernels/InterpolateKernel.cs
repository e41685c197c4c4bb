using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Resizing of channels-last images, one thread per value (forward: or four neighbouring channels), channel fastest. Neighbours and fractions are recomputed by each thread: a few operations
// against a table's reads. Backward gathers: neighbours never decrease with the output index, so the outputs that touch an input row (column) are one run;
// its start is found by bisection, and the terms are added in a fixed order.
internal sealed class InterpolateKernel(Launcher launcher) : IInterpolateKernel, ITakesHalves
{
    public void Forward(in InterpolateArgs args, TensorView input, TensorView output)
    {
        switch (input.DType)
        {
            case DType.Float64: Forward<double, DoubleReal>(args, input, output); break;
            case DType.BFloat16: ForwardHalves<BFloat16Stored>(args, input, output); break;
            case DType.Float16: ForwardHalves<Float16Stored>(args, input, output); break;
            default: Forward<float, SingleReal>(args, input, output); break;
        }
    }

    public void Backward(in InterpolateArgs args, TensorView dOutput, TensorView dInput)
    {
        if (dInput.DType == DType.Float64) Backward<double, DoubleReal>(args, dOutput, dInput);
        else Backward<float, SingleReal>(args, dOutput, dInput);
    }

    private void Forward<T, TReal>(in InterpolateArgs args, TensorView input, TensorView output)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        if (Channels.InFours(input.Shape[1], input, output)) Forward<T, TReal, Quad<T>, Four<T>, Quad<T>, Plain<Quad<T>>>(args, input, output, 4, input.Fours<T>(), output.Fours<T>());
        else Forward<T, TReal, T, One<T>, T, Plain<T>>(args, input, output, 1, input.Dense<T>(), output.Dense<T>());
    }

    private void ForwardHalves<TStored>(in InterpolateArgs args, TensorView input, TensorView output) where TStored : struct, IStored<ushort, float>
    {
        if (Channels.InFours(input.Shape[1], input, output)) Forward<float, SingleReal, Quad<float>, Four<float>, Quad<ushort>, FourStored<TStored>>(args, input, output, 4, input.Fours<ushort>(), output.Fours<ushort>());
        else Forward<float, SingleReal, float, One<float>, ushort, TStored>(args, input, output, 1, input.Dense<ushort>(), output.Dense<ushort>());
    }

    private void Forward<T, TReal, V, TLane, S, TStored>(in InterpolateArgs args, TensorView input, TensorView output, int width, ArrayView<S> x, ArrayView<S> y)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where V : unmanaged where TLane : struct, ILane<T, V> where S : unmanaged where TStored : struct, IStored<S, V> =>
        launcher.Launch(y.Length, new ForwardBody<T, TReal, V, TLane, S, TStored>(new(args, input.Shape[2], output.Shape[2]), new(args, input.Shape[3], output.Shape[3]), input.Shape[1] / width, x, y));

    private void Backward<T, TReal>(in InterpolateArgs args, TensorView dOutput, TensorView dInput)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        launcher.Launch(dInput.Count, new BackwardBody<T, TReal>(new(args, dInput.Shape[2], dOutput.Shape[2]), new(args, dInput.Shape[3], dOutput.Shape[3]), dInput.Shape[1],
            dOutput.Dense<T>(), dInput.Dense<T>()), grain: 512);
    }

    /// <summary>Where an output index reads: two input neighbours and how far it lies towards the second.</summary>
    internal readonly record struct Neighbours<T>(int First, int Second, T Fraction);

    internal readonly struct Axis<T, TReal>(InterpolateArgs args, int from, int to)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        private readonly int _nearest = args.Mode == InterpolationMode.Nearest ? 1 : 0, _alignCorners = args.AlignCorners ? 1 : 0;
        private readonly float _nearestScale = from / (float)to;

        public int From => from;

        public int To => to;

        public bool Nearest => _nearest != 0;

        public Neighbours<T> At(int index)
        {
            if (_nearest != 0)
            {
                var nearest = (int)MathF.Floor(index * _nearestScale);
                if (nearest > from - 1) nearest = from - 1;
                return new Neighbours<T>(nearest, nearest, T.Zero);
            }
            // The coordinate as a fraction of whole numbers, (i)(from - 1)/(to - 1) or ((2i + 1) from - to)/(2 to): float32 coordinates alone put results 1e-5 off.
            long above = _alignCorners != 0 ? (long)index * (from - 1) : (2L * index + 1) * from - to;
            long below = _alignCorners != 0 ? to > 1 ? to - 1 : 1 : 2L * to;
            if (above < 0) above = 0;
            var first = (int)(above / below);
            if (first > from - 1) return new Neighbours<T>(from - 1, from - 1, T.Zero);
            var second = first + 1 < from ? first + 1 : from - 1;
            return new Neighbours<T>(first, second, TReal.From((int)(above % below)) / TReal.From((int)below));
        }

        /// <summary>The first output index whose second neighbour is at or after an input index.</summary>
        public int FirstTouching(int index)
        {
            int low = 0, high = to;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (At(middle).Second < index) low = middle + 1;
                else high = middle;
            }
            return low;
        }

        /// <summary>How much of an output index comes from an input index.</summary>
        public T Weight(Neighbours<T> at, int index)
        {
            var weight = T.Zero;
            if (at.First == index) weight += T.One - at.Fraction;
            if (at.Second == index) weight += at.Fraction;
            return weight;
        }
    }

    internal readonly struct ForwardBody<T, TReal, V, TLane, S, TStored>(Axis<T, TReal> rows, Axis<T, TReal> columns, int channels, ArrayView<S> x, ArrayView<S> y) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where V : unmanaged where TLane : struct, ILane<T, V> where S : unmanaged where TStored : struct, IStored<S, V>
    {
        public void Run(int index)
        {
            var pixel = index / channels;
            var c = index - pixel * channels;
            var row = pixel / columns.To;
            var n = row / rows.To;
            var v = rows.At(row - n * rows.To);
            var h = columns.At(pixel - row * columns.To);
            var upper = (n * (long)rows.From + v.First) * columns.From;
            var lower = (n * (long)rows.From + v.Second) * columns.From;
            if (rows.Nearest)
            {
                y[index] = x[(upper + h.First) * channels + c];
                return;
            }
            T ux = T.One - h.Fraction, uy = T.One - v.Fraction;
            var value = TLane.Scale(TStored.Load(x[(upper + h.First) * channels + c]), ux * uy);
            value = TLane.AddScaled(value, TStored.Load(x[(upper + h.Second) * channels + c]), h.Fraction * uy);
            value = TLane.AddScaled(value, TStored.Load(x[(lower + h.First) * channels + c]), ux * v.Fraction);
            y[index] = TStored.Save(TLane.AddScaled(value, TStored.Load(x[(lower + h.Second) * channels + c]), h.Fraction * v.Fraction));
        }
    }

    internal readonly struct BackwardBody<T, TReal>(Axis<T, TReal> rows, Axis<T, TReal> columns, int channels, ArrayView<T> dy, ArrayView<T> dx) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var pixel = index / channels;
            var c = index - pixel * channels;
            var row = pixel / columns.From;
            var n = row / rows.From;
            int yAt = row - n * rows.From, xAt = pixel - row * columns.From;
            int firstRow = rows.FirstTouching(yAt), firstColumn = columns.FirstTouching(xAt);
            var total = T.Zero;
            for (var i = firstRow; i < rows.To; i++)
            {
                var v = rows.At(i);
                if (v.First > yAt) break;
                var wy = rows.Weight(v, yAt);
                var from = (n * (long)rows.To + i) * columns.To;
                for (var j = firstColumn; j < columns.To; j++)
                {
                    var h = columns.At(j);
                    if (h.First > xAt) break;
                    total += wy * columns.Weight(h, xAt) * dy[(from + j) * channels + c];
                }
            }
            dx[index] = total;
        }
    }
}
