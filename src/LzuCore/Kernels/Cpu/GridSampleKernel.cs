using System.Numerics;
using System.Runtime.CompilerServices;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// grid_sample over channels-last images: one index computation per point, then four contiguous channel vectors. A neighbour outside the image is a
// vector of zeros, so the blend has no branches. The gradient to the input is a scatter; it is cut by image, channel block and band of input rows, and each
// element receives its terms in the order of the points, whatever the cut: equal bits for any number of threads, without atomics.
internal sealed unsafe class GridSampleKernel(SimdWidth width) : IGridSampleKernel
{
    private const int ChannelBlock = 64;

    public void Forward(in GridSampleArgs args, TensorView input, TensorView grid, TensorView output)
    {
        if (output.Count == 0) return;
        if (input.DType == DType.Float64) Forward<double>(args, input, grid, output);
        else Forward<float>(args, input, grid, output);
    }

    public void Backward(in GridSampleArgs args, TensorView input, TensorView grid, TensorView dOutput, TensorView? dInput, TensorView? dGrid)
    {
        if (input.DType == DType.Float64) Backward<double>(args, input, grid, dOutput, dInput, dGrid);
        else Backward<float>(args, input, grid, dOutput, dInput, dGrid);
    }

    private void Forward<T>(GridSampleArgs args, TensorView input, TensorView grid, TensorView output) where T : unmanaged, IFloatingPointIeee754<T>
    {
        int c = input.Shape[1], h = output.Shape[2], w = output.Shape[3];
        var plan = new Plan<T>(args, input, grid);
        T* x = input.Pointer<T>(), y = output.Pointer<T>();
        ParallelRows.For(output.Shape[0] * h, Grain(w, c), (begin, end) =>
        {
            for (var row = begin; row < end; row++)
            {
                var (n, i) = Math.DivRem(row, h);
                var image = x + n * plan.ImageStride;
                var to = y + (long)row * w * c;
                for (var j = 0; j < w; j++, to += c)
                {
                    if (plan.TryInside(n, i, j, out var corner, out var tx, out var ty))
                    {
                        T ux = T.One - tx, uy = T.One - ty;
                        var a = image + corner;
                        ChannelVectors.Blend(width, to, a, a + c, a + plan.RowStride, a + plan.RowStride + c, ux * uy, tx * uy, ux * ty, tx * ty, c);
                        continue;
                    }
                    var p = plan.At(n, i, j, image, 0, 0, plan.Height);
                    ChannelVectors.Blend(width, to, p.A, p.B, p.C, p.D, p.Wa, p.Wb, p.Wc, p.Wd, c);
                }
            }
        });
    }

    private void Backward<T>(GridSampleArgs args, TensorView input, TensorView grid, TensorView dOutput, TensorView? dInput, TensorView? dGrid)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var plan = new Plan<T>(args, input, grid);
        if (dGrid is { } dg) GridGradient(plan, args.Mode, input.Pointer<T>(), dOutput, dg);
        if (dInput is { } di) InputGradient(plan, dOutput, di);
    }

    private static void GridGradient<T>(Plan<T> plan, SamplingMode mode, T* x, TensorView dOutput, TensorView dGrid) where T : unmanaged, IFloatingPointIeee754<T>
    {
        int c = dOutput.Shape[1], h = dOutput.Shape[2], w = dOutput.Shape[3];
        var dy = dOutput.Pointer<T>();
        var dg = dGrid.Pointer<T>();
        long gn = dGrid.Layout.Strides[0], gh = dGrid.Layout.Strides[1], gw = dGrid.Layout.Strides[2], gc = dGrid.Layout.Strides[3];
        ParallelRows.For(dOutput.Shape[0] * h, Grain(w, c), (begin, end) =>
        {
            for (var row = begin; row < end; row++)
            {
                var (n, i) = Math.DivRem(row, h);
                var from = dy + (long)row * w * c;
                for (var j = 0; j < w; j++, from += c)
                {
                    T gx = T.Zero, gy = T.Zero;
                    if (mode == SamplingMode.Bilinear)
                    {
                        var p = plan.At(n, i, j, x + n * plan.ImageStride, 0, 0, plan.Height);
                        ChannelVectors.Slopes(p.A, p.B, p.C, p.D, from, c, p.Tx, p.Ty, out gx, out gy);
                        gx = p.SlopeX == T.Zero ? T.Zero : gx * p.SlopeX;
                        gy = p.SlopeY == T.Zero ? T.Zero : gy * p.SlopeY;
                    }
                    var to = dg + n * gn + i * gh + j * gw;
                    to[0] = gx;
                    to[gc] = gy;
                }
            }
        });
    }

    private void InputGradient<T>(Plan<T> plan, TensorView dOutput, TensorView dInput) where T : unmanaged, IFloatingPointIeee754<T>
    {
        int batch = dInput.Shape[0], c = dInput.Shape[1], h = dOutput.Shape[2], w = dOutput.Shape[3];
        T* dy = dOutput.Pointer<T>(), dx = dInput.Pointer<T>();
        if (dInput.Count == 0) return;
        var blocks = (c + ChannelBlock - 1) / ChannelBlock;
        var bands = Math.Min(plan.Height, Math.Max(1, ParallelRows.Ready * 2 / Math.Max(1, batch * blocks)));
        ParallelRows.For(batch * blocks * bands, 1, (begin, end) =>
        {
            for (var unit = begin; unit < end; unit++)
            {
                var (rest, band) = Math.DivRem(unit, bands);
                var (n, block) = Math.DivRem(rest, blocks);
                int first = block * ChannelBlock, count = Math.Min(ChannelBlock, c - first);
                int top = (int)((long)plan.Height * band / bands), bottom = (int)((long)plan.Height * (band + 1) / bands);
                var image = dx + n * plan.ImageStride;
                for (long at = (long)top * plan.RowStride; at < (long)bottom * plan.RowStride; at += c) new Span<T>(image + at + first, count).Clear();
                var from = dy + (long)n * h * w * c + first;
                for (var i = 0; i < h; i++)
                    for (var j = 0; j < w; j++, from += c)
                    {
                        var p = plan.At(n, i, j, image, first, top, bottom);
                        if (p.A != plan.Outside) ChannelVectors.AddScaled(width, p.A, from, p.Wa, count);
                        if (p.B != plan.Outside) ChannelVectors.AddScaled(width, p.B, from, p.Wb, count);
                        if (p.C != plan.Outside) ChannelVectors.AddScaled(width, p.C, from, p.Wc, count);
                        if (p.D != plan.Outside) ChannelVectors.AddScaled(width, p.D, from, p.Wd, count);
                    }
            }
        });
    }

    private static int Grain(int width, int channels) => (int)Math.Max(1, 16384L / Math.Max(1, (long)width * (channels + 8)));

    // One sample: its four neighbours (A B above, C D below), their weights, the fractions, and the slopes of the index.
    private ref struct Point<T> where T : unmanaged
    {
        public T* A, B, C, D;
        public T Wa, Wb, Wc, Wd, Tx, Ty, SlopeX, SlopeY;
    }

    private sealed class Plan<T> where T : unmanaged, IFloatingPointIeee754<T>
    {
        public readonly int Height, Width;
        public readonly long ImageStride, RowStride;
        public readonly T* Outside;
        private readonly T[] _zeros;
        private readonly SampleAxis<T> _x, _y;
        private readonly T _lastX, _lastY;
        private readonly bool _nearest;
        private readonly T* _grid;
        private readonly long _gn, _gh, _gw, _gc;
        private readonly int _channels;

        public Plan(GridSampleArgs args, TensorView input, TensorView grid)
        {
            (Height, Width, _channels) = (input.Shape[2], input.Shape[3], input.Shape[1]);
            RowStride = (long)Width * _channels;
            ImageStride = Height * RowStride;
            _zeros = ChannelVectors.Zeros<T>(_channels);
            Outside = (T*)Unsafe.AsPointer(ref _zeros[0]);
            _x = new SampleAxis<T>(Width, args.Padding, args.AlignCorners);
            _y = new SampleAxis<T>(Height, args.Padding, args.AlignCorners);
            (_lastX, _lastY) = (T.CreateChecked(Width - 1), T.CreateChecked(Height - 1));
            _nearest = args.Mode == SamplingMode.Nearest;
            _grid = grid.Pointer<T>();
            (_gn, _gh, _gw, _gc) = (grid.Layout.Strides[0], grid.Layout.Strides[1], grid.Layout.Strides[2], grid.Layout.Strides[3]);
        }

        /// <summary>Whether output point (n, i, j) lies between four pixels of the image, as nearly all do: the offset of the first, and the fractions.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryInside(int n, int i, int j, out long corner, out T tx, out T ty)
        {
            var at = _grid + n * _gn + i * _gh + j * _gw;
            T ix = _x.Index(at[0], out _), iy = _y.Index(at[_gc], out _);
            (corner, tx, ty) = (0, default, default);
            if (_nearest || !(ix >= T.Zero && ix < _lastX && iy >= T.Zero && iy < _lastY)) return false;
            int x0 = int.CreateTruncating(ix), y0 = int.CreateTruncating(iy);
            corner = y0 * RowStride + (long)x0 * _channels;
            (tx, ty) = (ix - T.CreateTruncating(x0), iy - T.CreateTruncating(y0));
            return true;
        }

        /// <summary>The sample of output point (n, i, j) in an image, from channel <paramref name="first"/>; rows outside [top, bottom) count as outside.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Point<T> At(int n, int i, int j, T* image, int first, int top, int bottom)
        {
            var at = _grid + n * _gn + i * _gh + j * _gw;
            var p = new Point<T> { A = Outside, B = Outside, C = Outside, D = Outside };
            T ix = _x.Index(at[0], out p.SlopeX), iy = _y.Index(at[_gc], out p.SlopeY);
            if (_nearest) (ix, iy) = (T.Round(ix), T.Round(iy));
            if (!_x.Touches(ix) || !_y.Touches(iy)) return p;
            T fx = T.Floor(ix), fy = T.Floor(iy);
            (p.Tx, p.Ty) = (ix - fx, iy - fy);
            int x0 = int.CreateTruncating(fx), y0 = int.CreateTruncating(fy);
            T ux = T.One - p.Tx, uy = T.One - p.Ty;
            (p.Wa, p.Wb, p.Wc, p.Wd) = (ux * uy, p.Tx * uy, ux * p.Ty, p.Tx * p.Ty);
            var corner = image + y0 * RowStride + (long)x0 * _channels + first;
            bool left = x0 >= 0, right = x0 + 1 < Width && !_nearest, above = y0 >= top && y0 < bottom, below = y0 + 1 >= top && y0 + 1 < bottom && !_nearest;
            if (left && above) p.A = corner;
            if (right && above) p.B = corner + _channels;
            if (left && below) p.C = corner + RowStride;
            if (right && below) p.D = corner + RowStride + _channels;
            return p;
        }
    }
}
