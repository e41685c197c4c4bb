using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// grid_sample over channels-last images.
// Forward: one thread per output value or four neighbouring channels, channel fastest, so that a warp reads four runs of neighbouring channels and writes one.
// To the grid: one thread per point, a loop over channels.
// To the input: a scatter made deterministic without atomics or sorting. One thread owns the rows of a band, of one image and one channel; it walks all
//               points in order and adds the terms that fall into its band. Each element gets its terms in the order of the points whatever the
//               number of bands, so that number may follow the device. The price is that the grid is read once per band, out of cache.
internal sealed class GridSampleKernel(Launcher launcher) : IGridSampleKernel
{
    // Threads wanted for the scatter: enough to fill a large GPU, or a little more than the host has.
    private const int DeviceThreads = 1 << 17;

    public void Forward(in GridSampleArgs args, TensorView input, TensorView grid, TensorView output)
    {
        if (input.DType == DType.Float64) Forward<double, DoubleReal>(args, input, grid, output);
        else Forward<float, SingleReal>(args, input, grid, output);
    }

    public void Backward(in GridSampleArgs args, TensorView input, TensorView grid, TensorView dOutput, TensorView? dInput, TensorView? dGrid)
    {
        if (input.DType == DType.Float64) Backward<double, DoubleReal>(args, input, grid, dOutput, dInput, dGrid);
        else Backward<float, SingleReal>(args, input, grid, dOutput, dInput, dGrid);
    }

    private void Forward<T, TReal>(in GridSampleArgs args, TensorView input, TensorView grid, TensorView output)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        if (output.Count == 0) return;
        if (Channels.InFours(input.Shape[1], input, output)) Forward<T, TReal, Quad<T>, Four<T>>(args, input, grid, 4, input.Fours<T>(), output.Fours<T>());
        else Forward<T, TReal, T, One<T>>(args, input, grid, 1, input.Dense<T>(), output.Dense<T>());
    }

    private void Forward<T, TReal, V, TLane>(in GridSampleArgs args, TensorView input, TensorView grid, int width, ArrayView<V> x, ArrayView<V> y)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where V : unmanaged where TLane : struct, ILane<T, V> =>
        launcher.Launch(y.Length, new ForwardBody<T, TReal, V, TLane>(Points<T, TReal>(args, input, grid), input.Shape[1] / width, x, y));

    private void Backward<T, TReal>(in GridSampleArgs args, TensorView input, TensorView grid, TensorView dOutput, TensorView? dInput, TensorView? dGrid)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        var points = Points<T, TReal>(args, input, grid);
        var channels = input.Shape[1];
        var dy = dOutput.Dense<T>();
        if (dGrid is { } dg)
        {
            var s = dg.Layout.Strides;
            launcher.Launch(dg.Count / 2, new GridGradientBody<T, TReal>(points, channels, dg.Shape[2], s[0], s[1], s[2], s[3],
                input.Dense<T>(), dy, dg.Dense<T>()), grain: 256);
        }
        if (dInput is { } di && di.Count > 0)
        {
            var lanes = (long)di.Shape[0] * channels;
            var threads = launcher.OnHost ? 2 * ParallelRows.Threads : DeviceThreads;
            var bands = (int)Math.Clamp(threads / lanes, 1, di.Shape[2]);
            launcher.Launch(lanes * bands, new InputGradientBody<T, TReal>(points, channels, bands, dy, di.Dense<T>()), grain: 1);
        }
    }

    private static SampleGrid<T, TReal> Points<T, TReal>(in GridSampleArgs args, TensorView input, TensorView grid)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> =>
        new(args, input.Shape[2], input.Shape[3], grid, grid.Elements<T>());

    internal readonly struct ForwardBody<T, TReal, V, TLane>(SampleGrid<T, TReal> grid, int channels, ArrayView<V> x, ArrayView<V> y) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where V : unmanaged where TLane : struct, ILane<T, V>
    {
        public void Run(int index)
        {
            var point = index / channels;
            var c = index - point * channels;
            var n = point / grid.PointsPerImage;
            var p = grid.At(n, point - n * grid.PointsPerImage);
            var value = TLane.Zero;
            if (p.Inside != 0)
            {
                var at = ((n * (long)grid.Height + p.Y) * grid.Width + p.X) * channels + c;
                var below = at + (long)grid.Width * channels;
                bool left = p.X >= 0, right = p.X + 1 < grid.Width, above = p.Y >= 0, under = p.Y + 1 < grid.Height;
                T ux = T.One - p.Tx, uy = T.One - p.Ty;
                if (left && above) value = TLane.AddScaled(value, x[at], ux * uy);
                if (right && above && !grid.Nearest) value = TLane.AddScaled(value, x[at + channels], p.Tx * uy);
                if (left && under && !grid.Nearest) value = TLane.AddScaled(value, x[below], ux * p.Ty);
                if (right && under && !grid.Nearest) value = TLane.AddScaled(value, x[below + channels], p.Tx * p.Ty);
            }
            y[index] = value;
        }
    }

    internal readonly struct GridGradientBody<T, TReal>(SampleGrid<T, TReal> grid, int channels, int columns, long sn, long sh, long sw, long sc,
        ArrayView<T> x, ArrayView<T> dy, ArrayView<T> dGrid) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var n = index / grid.PointsPerImage;
            var point = index - n * grid.PointsPerImage;
            var p = grid.At(n, point);
            T gx = T.Zero, gy = T.Zero;
            if (p.Inside != 0 && !grid.Nearest)
            {
                var at = ((n * (long)grid.Height + p.Y) * grid.Width + p.X) * channels;
                var below = at + (long)grid.Width * channels;
                bool left = p.X >= 0, right = p.X + 1 < grid.Width, above = p.Y >= 0, under = p.Y + 1 < grid.Height;
                T ux = T.One - p.Tx, uy = T.One - p.Ty;
                for (var k = 0; k < channels; k++)
                {
                    var g = dy[(long)index * channels + k];
                    T a = T.Zero, b = T.Zero, c = T.Zero, d = T.Zero;
                    if (left && above) a = x[at + k];
                    if (right && above) b = x[at + channels + k];
                    if (left && under) c = x[below + k];
                    if (right && under) d = x[below + channels + k];
                    gx += g * ((b - a) * uy + (d - c) * p.Ty);
                    gy += g * ((c - a) * ux + (d - b) * p.Tx);
                }
            }
            // A slope of 0 means no dependence, whatever the image holds there.
            if (p.SlopeX == T.Zero) gx = T.Zero;
            if (p.SlopeY == T.Zero) gy = T.Zero;
            var i = point / columns;
            var to = n * sn + i * sh + (point - i * columns) * sw;
            dGrid[to] = gx * p.SlopeX;
            dGrid[to + sc] = gy * p.SlopeY;
        }
    }

    internal readonly struct InputGradientBody<T, TReal>(SampleGrid<T, TReal> grid, int channels, int bands, ArrayView<T> dy, ArrayView<T> dx) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            // Channel fastest: a warp follows one grid and reads neighbouring channels of dy.
            var unit = index / channels;
            var c = index - unit * channels;
            var n = unit / bands;
            var band = unit - n * bands;
            var top = (int)((long)grid.Height * band / bands);
            var bottom = (int)((long)grid.Height * (band + 1) / bands);
            var image = n * (long)grid.Height * grid.Width * channels + c;
            var row = (long)grid.Width * channels;
            for (var at = image + top * row; at < image + bottom * row; at += channels) dx[at] = T.Zero;
            var from = (long)n * grid.PointsPerImage * channels + c;
            for (var point = 0; point < grid.PointsPerImage; point++, from += channels)
            {
                var p = grid.At(n, point);
                if (p.Inside == 0 || p.Y >= bottom || p.Y + 1 < top) continue;
                var g = dy[from];
                var at = image + p.Y * row + (long)p.X * channels;
                bool left = p.X >= 0, right = p.X + 1 < grid.Width && !grid.Nearest;
                T ux = T.One - p.Tx, uy = T.One - p.Ty;
                if (p.Y >= top)
                {
                    if (left) dx[at] += ux * uy * g;
                    if (right) dx[at + channels] += p.Tx * uy * g;
                }
                if (p.Y + 1 < bottom && !grid.Nearest)
                {
                    if (left) dx[at + row] += ux * p.Ty * g;
                    if (right) dx[at + row + channels] += p.Tx * p.Ty * g;
                }
            }
        }
    }
}
