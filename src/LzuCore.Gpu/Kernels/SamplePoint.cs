using System.Numerics;
using ILGPU;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// One axis of grid_sample, inside kernels: normalised coordinate to pixel index under a padding mode, with the slope d index / d coordinate.
internal readonly struct SampleAxis<T, TReal>(int size, PaddingMode padding, bool alignCorners)
    where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
{
    private readonly int _size = size, _padding = (int)padding, _alignCorners = alignCorners ? 1 : 0;

    public int Size => _size;

    /// <summary>The index that coordinate v stands for. With zeros padding it may be anything; otherwise it lies in [0, size - 1].</summary>
    public AxisIndex<T> At(T v)
    {
        T two = TReal.From(2), size = TReal.From(_size), last = TReal.From(_size - 1);
        T at, slope;
        if (_alignCorners != 0) (at, slope) = ((v + T.One) / two * last, last / two);
        else (at, slope) = (((v + T.One) * size - T.One) / two, size / two);
        if (_padding == (int)PaddingMode.Zeros) return new AxisIndex<T>(at, slope);
        if (_padding == (int)PaddingMode.Reflection)
        {
            // Folds at the ends: [0, size - 1] with align-corners, [-1/2, size - 1/2] without. An infinite index becomes NaN.
            var low = _alignCorners != 0 ? T.Zero : -T.One / two;
            var span = _alignCorners != 0 ? last : size;
            if (span == T.Zero) return new AxisIndex<T>(T.Zero, T.Zero);
            at -= low;
            if (at < T.Zero) (at, slope) = (-at, -slope);
            at = TReal.Modulo(at, two * span);
            if (at >= span) (at, slope) = (two * span - at, -slope);
            at += low;
        }
        // The comparisons are written so that NaN goes to index 0.
        if (!(at > T.Zero)) return new AxisIndex<T>(T.Zero, T.Zero);
        return at >= last ? new AxisIndex<T>(last, T.Zero) : new AxisIndex<T>(at, slope);
    }

    /// <summary>Whether a point at this index has a neighbour inside; false for NaN and for infinities.</summary>
    public bool Touches(T index) => index >= -T.One && index < TReal.From(_size);
}

internal readonly record struct AxisIndex<T>(T Index, T Slope);

/// <summary>One sample: its upper left neighbour, the fractions, the slopes of the indices, and whether any neighbour is inside.</summary>
internal readonly record struct SamplePoint<T>(int X, int Y, T Tx, T Ty, T SlopeX, T SlopeY, int Inside);

/// <summary>The points of a grid over images of one size, inside kernels.</summary>
internal readonly struct SampleGrid<T, TReal>(GridSampleArgs args, int height, int width, TensorView view, ArrayView<T> grid)
    where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
{
    private readonly SampleAxis<T, TReal> _x = new(width, args.Padding, args.AlignCorners), _y = new(height, args.Padding, args.AlignCorners);
    private readonly int _nearest = args.Mode == SamplingMode.Nearest ? 1 : 0, _rows = view.Shape[1], _columns = view.Shape[2];
    private readonly long _offset = view.Layout.Offset, _n = view.Layout.Strides[0], _h = view.Layout.Strides[1], _w = view.Layout.Strides[2], _c = view.Layout.Strides[3];
    private readonly ArrayView<T> _grid = grid;

    public int Height => _y.Size;

    public int Width => _x.Size;

    /// <summary>Whether the nearest pixel is read, which has one neighbour and no slope.</summary>
    public bool Nearest => _nearest != 0;

    /// <summary>Points of one image.</summary>
    public int PointsPerImage => _rows * _columns;

    /// <summary>The sample of point number <paramref name="point"/> of image <paramref name="n"/>.</summary>
    public SamplePoint<T> At(int n, int point)
    {
        var i = point / _columns;
        var at = _offset + n * _n + i * _h + (point - i * _columns) * _w;
        AxisIndex<T> x = _x.At(_grid[at]), y = _y.At(_grid[at + _c]);
        T ix = x.Index, iy = y.Index;
        if (_nearest != 0) (ix, iy) = (TReal.RoundToEven(ix), TReal.RoundToEven(iy));
        if (!_x.Touches(ix) || !_y.Touches(iy)) return new SamplePoint<T>(0, 0, T.Zero, T.Zero, T.Zero, T.Zero, 0);
        T fx = TReal.Floor(ix), fy = TReal.Floor(iy);
        return new SamplePoint<T>(TReal.Truncate(fx), TReal.Truncate(fy), ix - fx, iy - fy, x.Slope, y.Slope, 1);
    }
}
