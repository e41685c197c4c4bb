using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Bilinear sampling at a product of two coordinate tables, channels-last: one thread per output value or four neighbouring channels, channel fastest, so a warp reads four runs
// and writes one. Pictures come straight from bytes, one thread per pixel of three channels, with the normalisation in the same pass.
// To the input: one thread per input value (or four) asks the output rows and columns that may touch it. Coordinates need not be monotone, so a first pass
// notes for every input index the first and last output that touches it; between them each is asked. To the coordinates: sums over rows, then over columns,
// in float64 and in order.
internal sealed class SeparableSampleKernel(Launcher launcher, Backend backend) : ISeparableSampleKernel, ITakesHalves
{
    public void Forward(PaddingMode padding, TensorView input, TensorView xs, TensorView ys, TensorView output)
    {
        switch (input.DType)
        {
            case DType.Float64: Forward<double, DoubleReal>(padding, input, xs, ys, output); break;
            case DType.BFloat16: ForwardHalves<BFloat16Stored>(padding, input, xs, ys, output); break;
            case DType.Float16: ForwardHalves<Float16Stored>(padding, input, xs, ys, output); break;
            default: Forward<float, SingleReal>(padding, input, xs, ys, output); break;
        }
    }

    public void ForwardLevels(PaddingMode padding, ReadOnlySpan<SampleLevel> levels)
    {
        var alike = levels.Length > 1;
        foreach (var level in levels)
            alike = alike && level.Input.DType == levels[0].Input.DType && level.Input.DType != DType.Float64 && Channels.InFours(level.Input.Shape[1], level.Input, level.Output);
        if (!alike)
        {
            foreach (var level in levels) Forward(padding, level.Input, level.Xs, level.Ys, level.Output);
            return;
        }
        switch (levels[0].Input.DType)
        {
            case DType.BFloat16: Pyramid<Quad<ushort>, FourStored<BFloat16Stored>, ushort>(padding, levels); break;
            case DType.Float16: Pyramid<Quad<ushort>, FourStored<Float16Stored>, ushort>(padding, levels); break;
            default: Pyramid<Quad<float>, Plain<Quad<float>>, float>(padding, levels); break;
        }
    }

    private void Pyramid<S, TStored, TElement>(PaddingMode padding, ReadOnlySpan<SampleLevel> levels) where S : unmanaged where TStored : struct, IStored<S, Quad<float>> where TElement : unmanaged
    {
        for (var at = 0; at < levels.Length; at += PyramidBody<S, TStored>.Most)
        {
            var body = PyramidBody<S, TStored>.Of<TElement>(padding, levels[at..Math.Min(levels.Length, at + PyramidBody<S, TStored>.Most)]);
            launcher.Launch(body.Threads, body, grain: 1024);
        }
    }

    public void Backward(PaddingMode padding, TensorView input, TensorView xs, TensorView ys, TensorView dOutput, TensorView? dInput, TensorView? dXs, TensorView? dYs)
    {
        if (input.DType == DType.Float64) Backward<double, DoubleReal>(padding, input, xs, ys, dOutput, dInput, dXs, dYs);
        else Backward<float, SingleReal>(padding, input, xs, ys, dOutput, dInput, dXs, dYs);
    }

    public void ForwardFromBytes(PaddingMode padding, TensorView pixels, TensorView xs, TensorView ys, ReadOnlySpan<float> scale, ReadOnlySpan<float> shift, TensorView output)
    {
        SampleCoordinates<float, SingleReal> columns = new(padding, xs, pixels.Shape[1]), rows = new(padding, ys, pixels.Shape[0]);
        launcher.Launch((long)rows.Count * columns.Count, new BytesBody(columns, rows, new Triple(scale[0], scale[1], scale[2]), new Triple(shift[0], shift[1], shift[2]),
            pixels.Dense<byte>(), output.Dense<float>()), grain: 1024);
    }

    private void Forward<T, TReal>(PaddingMode padding, TensorView input, TensorView xs, TensorView ys, TensorView output) where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        SampleCoordinates<T, TReal> columns = new(padding, xs, input.Shape[3]), rows = new(padding, ys, input.Shape[2]);
        var c = input.Shape[1];
        if (Channels.InFours(c, input, output)) Forward<T, TReal, Quad<T>, Four<T>, Quad<T>, Plain<Quad<T>>>(columns, rows, c / 4, input.Fours<T>(), output.Fours<T>());
        else Forward<T, TReal, T, One<T>, T, Plain<T>>(columns, rows, c, input.Dense<T>(), output.Dense<T>());
    }

    private void ForwardHalves<TStored>(PaddingMode padding, TensorView input, TensorView xs, TensorView ys, TensorView output) where TStored : struct, IStored<ushort, float>
    {
        SampleCoordinates<float, SingleReal> columns = new(padding, xs, input.Shape[3]), rows = new(padding, ys, input.Shape[2]);
        var c = input.Shape[1];
        if (Channels.InFours(c, input, output)) Forward<float, SingleReal, Quad<float>, Four<float>, Quad<ushort>, FourStored<TStored>>(columns, rows, c / 4, input.Fours<ushort>(), output.Fours<ushort>());
        else Forward<float, SingleReal, float, One<float>, ushort, TStored>(columns, rows, c, input.Dense<ushort>(), output.Dense<ushort>());
    }

    private void Forward<T, TReal, V, TLane, S, TStored>(SampleCoordinates<T, TReal> columns, SampleCoordinates<T, TReal> rows, int channels, ArrayView<S> x, ArrayView<S> y)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where V : unmanaged where TLane : struct, ILane<T, V> where S : unmanaged where TStored : struct, IStored<S, V> =>
        launcher.Launch(y.Length, new ForwardBody<T, TReal, V, TLane, S, TStored>(columns, rows, channels, x, y), grain: 1024);

    private void Backward<T, TReal>(PaddingMode padding, TensorView input, TensorView xs, TensorView ys, TensorView dOutput, TensorView? dInput, TensorView? dXs, TensorView? dYs)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        SampleCoordinates<T, TReal> columns = new(padding, xs, input.Shape[3]), rows = new(padding, ys, input.Shape[2]);
        int n = input.Shape[0], c = input.Shape[1];
        if (dInput is { } di && di.Count > 0)
        {
            using Scratch forColumns = new(backend, DType.Int32, 2L * n * columns.Size), forRows = new(backend, DType.Int32, 2L * n * rows.Size);
            launcher.Launch((long)n * columns.Size, new TouchPass<T, TReal>(columns, forColumns.Elements<int>()), grain: 16);
            launcher.Launch((long)n * rows.Size, new TouchPass<T, TReal>(rows, forRows.Elements<int>()), grain: 16);
            if (Channels.InFours(c, dOutput, di)) ToInput<T, TReal, Quad<T>, Four<T>>(columns, rows, c / 4, forColumns, forRows, dOutput.Fours<T>(), di.Fours<T>());
            else ToInput<T, TReal, T, One<T>>(columns, rows, c, forColumns, forRows, dOutput.Dense<T>(), di.Dense<T>());
        }
        if (dXs is null && dYs is null) return;
        using Scratch slopesX = new(backend, DType.Float64, (long)n * rows.Count * columns.Count), slopesY = new(backend, DType.Float64, (long)n * rows.Count * columns.Count);
        launcher.Launch((long)n * rows.Count * columns.Count, new SlopeBody<T, TReal>(columns, rows, c, input.Dense<T>(), dOutput.Dense<T>(), slopesX.Elements<double>(), slopesY.Elements<double>()), grain: 64);
        if (dXs is { } dx) launcher.Launch((long)n * columns.Count, new SumBody<T, TReal>(columns.Count, rows.Count, 1, columns.Count, (long)rows.Count * columns.Count, slopesX.Elements<double>(), dx.Dense<T>()), grain: 16);
        if (dYs is { } dy) launcher.Launch((long)n * rows.Count, new SumBody<T, TReal>(rows.Count, columns.Count, columns.Count, 1, (long)rows.Count * columns.Count, slopesY.Elements<double>(), dy.Dense<T>()), grain: 16);
    }

    private void ToInput<T, TReal, V, TLane>(SampleCoordinates<T, TReal> columns, SampleCoordinates<T, TReal> rows, int channels, Scratch forColumns, Scratch forRows, ArrayView<V> dy, ArrayView<V> dx)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where V : unmanaged where TLane : struct, ILane<T, V> =>
        launcher.Launch(dx.Length, new InputGradientBody<T, TReal, V, TLane>(columns, rows, channels, forColumns.Elements<int>(), forRows.Elements<int>(), dy, dx), grain: 256);

    /// <summary>Three channels of one pixel.</summary>
    internal readonly record struct Triple(float X, float Y, float Z);

    internal readonly struct ForwardBody<T, TReal, V, TLane, S, TStored>(SampleCoordinates<T, TReal> columns, SampleCoordinates<T, TReal> rows, int channels, ArrayView<S> x, ArrayView<S> y) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where V : unmanaged where TLane : struct, ILane<T, V> where S : unmanaged where TStored : struct, IStored<S, V>
    {
        public void Run(int index)
        {
            var pixel = index / channels;
            var c = index - pixel * channels;
            var line = pixel / columns.Count;
            var n = line / rows.Count;
            SampleTap<T> across = columns.At(n, pixel - line * columns.Count), down = rows.At(n, line - n * rows.Count);
            var value = TLane.Zero;
            var image = (long)n * rows.Size * columns.Size;
            if (down.First >= 0)
            {
                var row = image + (long)down.First * columns.Size;
                if (across.First >= 0) value = TLane.AddScaled(value, TStored.Load(x[(row + across.First) * channels + c]), (T.One - across.Fraction) * (T.One - down.Fraction));
                if (across.Second >= 0) value = TLane.AddScaled(value, TStored.Load(x[(row + across.Second) * channels + c]), across.Fraction * (T.One - down.Fraction));
            }
            if (down.Second >= 0)
            {
                var row = image + (long)down.Second * columns.Size;
                if (across.First >= 0) value = TLane.AddScaled(value, TStored.Load(x[(row + across.First) * channels + c]), (T.One - across.Fraction) * down.Fraction);
                if (across.Second >= 0) value = TLane.AddScaled(value, TStored.Load(x[(row + across.Second) * channels + c]), across.Fraction * down.Fraction);
            }
            y[index] = TStored.Save(value);
        }
    }

    internal readonly struct BytesBody(SampleCoordinates<float, SingleReal> columns, SampleCoordinates<float, SingleReal> rows, Triple scale, Triple shift, ArrayView<byte> x, ArrayView<float> y) : IKernelBody
    {
        public void Run(int index)
        {
            var i = index / columns.Count;
            SampleTap<float> across = columns.At(0, index - i * columns.Count), down = rows.At(0, i);
            float r = 0, g = 0, b = 0, inside = 0;
            for (var tap = 0; tap < 4; tap++)
            {
                int row = tap < 2 ? down.First : down.Second, column = (tap & 1) == 0 ? across.First : across.Second;
                if (row < 0 || column < 0) continue;
                var weight = (tap < 2 ? 1 - down.Fraction : down.Fraction) * ((tap & 1) == 0 ? 1 - across.Fraction : across.Fraction);
                var at = ((long)row * columns.Size + column) * 3;
                r += weight * x[at];
                g += weight * x[at + 1];
                b += weight * x[at + 2];
                inside += weight;
            }
            // The shift belongs to the part of a sample that lies inside.
            var to = 3L * index;
            y[to] = r * scale.X + inside * shift.X;
            y[to + 1] = g * scale.Y + inside * shift.Y;
            y[to + 2] = b * scale.Z + inside * shift.Z;
        }
    }

    /// <summary>For input index k of image n: the first output index that touches it, and one past the last; thread = n · size + k.</summary>
    internal readonly struct TouchPass<T, TReal>(SampleCoordinates<T, TReal> axis, ArrayView<int> ends) : IKernelBody where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var n = index / axis.Size;
            var k = index - n * axis.Size;
            int first = axis.Count, last = 0;
            for (var i = 0; i < axis.Count; i++)
            {
                var tap = axis.At(n, i);
                if (tap.First != k && tap.Second != k) continue;
                first = i < first ? i : first;
                last = i + 1;
            }
            ends[2L * index] = first;
            ends[2L * index + 1] = last;
        }
    }

    internal readonly struct InputGradientBody<T, TReal, V, TLane>(SampleCoordinates<T, TReal> columns, SampleCoordinates<T, TReal> rows, int channels,
        ArrayView<int> forColumns, ArrayView<int> forRows, ArrayView<V> dy, ArrayView<V> dx) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where V : unmanaged where TLane : struct, ILane<T, V>
    {
        public void Run(int index)
        {
            var pixel = index / channels;
            var c = index - pixel * channels;
            var line = pixel / columns.Size;
            var q = pixel - line * columns.Size;
            var n = line / rows.Size;
            var r = line - n * rows.Size;
            long column = 2L * (n * columns.Size + q), row = 2L * line;
            int left = forColumns[column], right = forColumns[column + 1], bottom = forRows[row + 1];
            var total = TLane.Zero;
            for (var i = forRows[row]; i < bottom; i++)
            {
                var down = SampleCoordinates<T, TReal>.Weight(rows.At(n, i), r);
                if (down == T.Zero) continue;
                var from = ((long)n * rows.Count + i) * columns.Count;
                for (var j = left; j < right; j++)
                {
                    var across = SampleCoordinates<T, TReal>.Weight(columns.At(n, j), q);
                    if (across != T.Zero) total = TLane.AddScaled(total, dy[(from + j) * channels + c], down * across);
                }
            }
            dx[index] = total;
        }
    }

    internal readonly struct SlopeBody<T, TReal>(SampleCoordinates<T, TReal> columns, SampleCoordinates<T, TReal> rows, int channels, ArrayView<T> x, ArrayView<T> dy,
        ArrayView<double> slopesX, ArrayView<double> slopesY) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var line = index / columns.Count;
            var n = line / rows.Count;
            SampleTap<T> across = columns.At(n, index - line * columns.Count), down = rows.At(n, line - n * rows.Count);
            var image = (long)n * rows.Size * columns.Size;
            long top = image + (long)down.First * columns.Size, under = image + (long)down.Second * columns.Size;
            double gx = 0, gy = 0;
            for (var k = 0; k < channels; k++)
            {
                T a = T.Zero, b = T.Zero, c = T.Zero, d = T.Zero;
                if (down.First >= 0 && across.First >= 0) a = x[(top + across.First) * channels + k];
                if (down.First >= 0 && across.Second >= 0) b = x[(top + across.Second) * channels + k];
                if (down.Second >= 0 && across.First >= 0) c = x[(under + across.First) * channels + k];
                if (down.Second >= 0 && across.Second >= 0) d = x[(under + across.Second) * channels + k];
                var g = dy[(long)index * channels + k];
                gx += TReal.ToDouble(g * ((b - a) * (T.One - down.Fraction) + (d - c) * down.Fraction));
                gy += TReal.ToDouble(g * ((c - a) * (T.One - across.Fraction) + (d - b) * across.Fraction));
            }
            // A clamped coordinate has no influence, whatever the image holds there.
            slopesX[index] = across.Moves != 0 ? gx : 0;
            slopesY[index] = down.Moves != 0 ? gy : 0;
        }
    }

    /// <summary>Sums of the slopes over the other axis, in order.</summary>
    internal readonly struct SumBody<T, TReal>(int count, int terms, long step, long stride, long image, ArrayView<double> slopes, ArrayView<T> gradient) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var n = index / count;
            var at = n * image + (index - n * count) * step;
            double total = 0;
            for (var k = 0; k < terms; k++, at += stride) total += slopes[at];
            gradient[index] = TReal.From(total);
        }
    }
}
