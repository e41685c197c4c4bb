using System.Numerics;
using System.Runtime.CompilerServices;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

/// <summary>Consecutive input channels that share one deform group.</summary>
/// <param name="Group">The deform group.</param>
/// <param name="Channel">First channel of the input.</param>
/// <param name="At">First channel within the group of the convolution.</param>
/// <param name="Count">How many.</param>
internal readonly record struct ChannelRun(int Group, int Channel, int At, int Count)
{
    /// <summary>The runs of one group of a convolution, in order.</summary>
    public static ChannelRun[] Of(in DeformConv2dArgs args, int channels, int group)
    {
        int length = channels / args.Conv.Groups, shared = channels / args.DeformGroups, first = group * length, end = first + length;
        var runs = new List<ChannelRun>();
        for (var channel = first; channel < end; channel += runs[^1].Count)
            runs.Add(new(channel / shared, channel, channel - first, Math.Min(end, (channel / shared + 1) * shared) - channel));
        return [.. runs];
    }
}

// One sample: its neighbours (A B above, C D below), their weights, the fractions, the mask.
internal ref struct DeformPoint<T> where T : unmanaged
{
    public nint A, B, C, D;
    public T Wa, Wb, Wc, Wd, Tx, Ty, Mask;
}

// Where the taps of a deformable convolution read: y·stride - padding + i·dilation + Δy, likewise x, then the four pixels around. A neighbour outside the input is a vector of zeros,
// so that what follows has no branches, and an infinity at the border reaches nobody by a weight of 0.
internal sealed unsafe class DeformPoints<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly int _height, _width, _strideY, _strideX, _columns, _pixelsPerImage;
    private readonly long _row, _image;
    private readonly int _pixel;
    private readonly Tap[] _taps;
    private readonly T[] _zeros;
    private readonly Field _offset, _mask;

    public DeformPoints(in DeformConv2dArgs args, Shape input, Shape weight, TensorView offset, TensorView? mask)
    {
        Size2 size = new(offset.Shape[2], offset.Shape[3]);
        _taps = Phase.Forward(args.Conv, new(weight[2], weight[3]), size).Taps;
        (_pixel, _height, _width) = (input[1], input[2], input[3]);
        _row = (long)_width * _pixel;
        _image = _height * _row;
        (_strideY, _strideX) = (args.Conv.Stride.Height, args.Conv.Stride.Width);
        (_columns, _pixelsPerImage) = (size.Width, checked(size.Height * size.Width));
        Pixels = checked(input[0] * _pixelsPerImage);
        _zeros = ChannelVectors.Zeros<T>(_pixel);
        Outside = (nint)Unsafe.AsPointer(ref _zeros[0]);
        _offset = new Field(offset);
        _mask = mask is { } m ? new Field(m) : default;
    }

    /// <summary>Output pixels, over the batch.</summary>
    public int Pixels { get; }

    /// <summary>Taps of the kernel.</summary>
    public int Taps => _taps.Length;

    /// <summary>Where neighbours outside the input are: zeros.</summary>
    public nint Outside { get; }

    /// <summary>The output pixel of an index in reading order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Pixel At(int index)
    {
        var (n, rest) = Math.DivRem(index, _pixelsPerImage);
        var (y, x) = Math.DivRem(rest, _columns);
        return new Pixel(y * _strideY, x * _strideX, n * _image, _offset.At(n, y, x), _mask.At(n, y, x));
    }

    /// <summary>The sample of a tap for the channels that start at <paramref name="picture"/>, which is in the first image.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DeformPoint<T> Sample(in Pixel pixel, int group, int tap, T* picture)
    {
        var k = group * _taps.Length + tap;
        var offset = (T*)pixel.Offset + 2 * k * _offset.Channel;
        var p = new DeformPoint<T> { A = Outside, B = Outside, C = Outside, D = Outside, Mask = pixel.Mask == 0 ? T.One : ((T*)pixel.Mask)[k * _mask.Channel] };
        T y = T.CreateTruncating(pixel.Y + _taps[tap].Dy) + offset[0], x = T.CreateTruncating(pixel.X + _taps[tap].Dx) + offset[_offset.Channel];
        // Not so for NaN.
        if (!(y > -T.One && x > -T.One && y < T.CreateTruncating(_height) && x < T.CreateTruncating(_width))) return p;
        T fy = T.Floor(y), fx = T.Floor(x);
        (p.Ty, p.Tx) = (y - fy, x - fx);
        int y0 = int.CreateTruncating(fy), x0 = int.CreateTruncating(fx);
        T ux = T.One - p.Tx, uy = T.One - p.Ty;
        (p.Wa, p.Wb, p.Wc, p.Wd) = (ux * uy, p.Tx * uy, ux * p.Ty, p.Tx * p.Ty);
        var corner = picture + pixel.Image + y0 * _row + (long)x0 * _pixel;
        bool left = x0 >= 0, right = x0 + 1 < _width, above = y0 >= 0, below = y0 + 1 < _height;
        if (left && above) p.A = (nint)corner;
        if (right && above) p.B = (nint)(corner + _pixel);
        if (left && below) p.C = (nint)(corner + _row);
        if (right && below) p.D = (nint)(corner + _row + _pixel);
        return p;
    }

    /// <summary>What some taps of a pixel read, times the mask: to[tap][channel of the group].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Columns(SimdWidth width, int index, ChannelRun[] runs, int length, int firstTap, int taps, T* picture, T* to)
    {
        var pixel = At(index);
        for (var tap = firstTap; tap < firstTap + taps; tap++, to += length)
            foreach (var run in runs)
            {
                var p = Sample(pixel, run.Group, tap, picture + run.Channel);
                ChannelVectors.Blend(width, to + run.At, (T*)p.A, (T*)p.B, (T*)p.C, (T*)p.D, p.Wa * p.Mask, p.Wb * p.Mask, p.Wc * p.Mask, p.Wd * p.Mask, run.Count);
            }
    }

    /// <summary>The gradients of a pixel's offsets and masks, given those of what its taps read; added to what is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddFieldGradients(int index, ChannelRun[] runs, int length, T* picture, T* dColumns, Field dOffset, Field dMask)
    {
        var (n, rest) = Math.DivRem(index, _pixelsPerImage);
        var (y, x) = Math.DivRem(rest, _columns);
        var pixel = At(index);
        T* toOffset = (T*)dOffset.At(n, y, x), toMask = (T*)dMask.At(n, y, x);
        for (var tap = 0; tap < _taps.Length; tap++, dColumns += length)
            foreach (var run in runs)
            {
                var p = Sample(pixel, run.Group, tap, picture + run.Channel);
                ChannelVectors.Dots((T*)p.A, (T*)p.B, (T*)p.C, (T*)p.D, dColumns + run.At, run.Count, out var a, out var b, out var c, out var d);
                var k = run.Group * _taps.Length + tap;
                if (toOffset is not null)
                {
                    toOffset[2 * k * dOffset.Channel] += p.Mask * ((c - a) * (T.One - p.Tx) + (d - b) * p.Tx);
                    toOffset[(2 * k + 1) * dOffset.Channel] += p.Mask * ((b - a) * (T.One - p.Ty) + (d - c) * p.Ty);
                }
                if (toMask is not null) toMask[k * dMask.Channel] += p.Wa * a + p.Wb * b + p.Wc * c + p.Wd * d;
            }
    }

    /// <summary>The gradient of the input, given that of what a pixel's taps read, for channels <paramref name="first"/> to <paramref name="end"/> of the group; added to what is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void AddInputGradient(SimdWidth width, int index, ChannelRun[] runs, int length, int first, int end, T* dColumns, T* dPicture)
    {
        var pixel = At(index);
        for (var tap = 0; tap < _taps.Length; tap++, dColumns += length)
            foreach (var run in runs)
            {
                int from = Math.Max(first, run.At), count = Math.Min(end, run.At + run.Count) - from;
                if (count <= 0) continue;
                var p = Sample(pixel, run.Group, tap, dPicture + run.Channel + (from - run.At));
                var g = dColumns + from;
                if (p.A != Outside) ChannelVectors.AddScaled(width, (T*)p.A, g, p.Wa * p.Mask, count);
                if (p.B != Outside) ChannelVectors.AddScaled(width, (T*)p.B, g, p.Wb * p.Mask, count);
                if (p.C != Outside) ChannelVectors.AddScaled(width, (T*)p.C, g, p.Wc * p.Mask, count);
                if (p.D != Outside) ChannelVectors.AddScaled(width, (T*)p.D, g, p.Wd * p.Mask, count);
            }
    }

    /// <summary>An output pixel: where its kernel stands on the padded input, its image, its offsets and masks (0: none).</summary>
    internal readonly record struct Pixel(int Y, int X, long Image, nint Offset, nint Mask);

    /// <summary>Offsets or masks, in any layout.</summary>
    internal readonly struct Field(TensorView view)
    {
        private readonly T* _data = view.Pointer<T>();
        private readonly long _n = view.Layout.Strides[0], _y = view.Layout.Strides[2], _x = view.Layout.Strides[3];

        /// <summary>Elements between channels.</summary>
        public readonly long Channel = view.Layout.Strides[1];

        /// <summary>The first channel at a pixel; 0 where there is no field.</summary>
        public nint At(int n, int y, int x) => _data is null ? 0 : (nint)(_data + n * _n + y * _y + x * _x);

        /// <summary>Zeros everywhere; the field is dense.</summary>
        public void Clear(long count) => new Span<T>(_data, checked((int)count)).Clear();
    }
}
