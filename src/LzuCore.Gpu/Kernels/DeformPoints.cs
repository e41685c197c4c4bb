using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

/// <summary>One sample of a deformable convolution: the upper left of its four neighbours, the fractions, the mask.</summary>
/// <param name="Image">First element of the image.</param>
/// <param name="Y">Row above.</param>
/// <param name="X">Column to the left.</param>
/// <param name="Ty">Fraction down.</param>
/// <param name="Tx">Fraction right.</param>
/// <param name="Mask">Factor.</param>
/// <param name="Inside">Whether any neighbour is in the image: 1 or 0.</param>
internal readonly record struct DeformPoint<T>(long Image, int Y, int X, T Ty, T Tx, T Mask, int Inside);

/// <summary>Offsets, masks or their gradients [N, channels, H', W'], any strides, inside kernels; or nothing.</summary>
internal readonly struct DeformField<T>(TensorView? view) where T : unmanaged
{
    private readonly ArrayView<T> _values = view is { } v ? v.Elements<T>() : default;
    private readonly long _offset = view?.Layout.Offset ?? 0, _n = view?.Layout.Strides[0] ?? 0, _c = view?.Layout.Strides[1] ?? 0, _y = view?.Layout.Strides[2] ?? 0, _x = view?.Layout.Strides[3] ?? 0;

    /// <summary>1, or 0 for nothing.</summary>
    public readonly int Exists = view is null ? 0 : 1;

    public T Get(int n, int channel, int y, int x) => _values[At(n, channel, y, x)];

    public void Set(int n, int channel, int y, int x, T value) => _values[At(n, channel, y, x)] = value;

    private long At(int n, int channel, int y, int x) => _offset + n * _n + channel * _c + y * _y + x * _x;
}

/// <summary>Where the taps of a deformable convolution read, by the rules of the contract; pixels are counted from some first one, in reading order over the batch.</summary>
internal readonly struct DeformPoints<T, TReal>(DeformConv2dArgs args, ConvShape g, TensorView offset, TensorView? mask, int first)
    where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
{
    public readonly ConvShape Conv = g;
    public readonly int First = first, PixelsPerImage = g.OutHeight * g.OutWidth, DeformGroups = args.DeformGroups, ChannelsPerDeformGroup = g.InChannels / args.DeformGroups;
    private readonly DeformField<T> _offset = new(offset), _mask = new(mask);

    /// <summary>The sample of a pixel's tap for a deform group.</summary>
    public DeformPoint<T> At(int pixel, int group, int tap)
    {
        var n = (First + pixel) / PixelsPerImage;
        var rest = First + pixel - n * PixelsPerImage;
        var row = rest / Conv.OutWidth;
        var column = rest - row * Conv.OutWidth;
        int k = group * Conv.Taps + tap, i = tap / Conv.KernelWidth;
        var factor = _mask.Exists != 0 ? _mask.Get(n, k, row, column) : T.One;
        var y = TReal.From(row * Conv.StrideY - Conv.PaddingY + i * Conv.DilationY) + _offset.Get(n, 2 * k, row, column);
        var x = TReal.From(column * Conv.StrideX - Conv.PaddingX + (tap - i * Conv.KernelWidth) * Conv.DilationX) + _offset.Get(n, 2 * k + 1, row, column);
        var image = (long)n * Conv.Height * Conv.Width * Conv.InChannels;
        // Not so for NaN.
        if (!(y > -T.One && x > -T.One && y < TReal.From(Conv.Height) && x < TReal.From(Conv.Width))) return new DeformPoint<T>(image, 0, 0, T.Zero, T.Zero, factor, 0);
        T fy = TReal.Floor(y), fx = TReal.Floor(x);
        return new DeformPoint<T>(image, TReal.Truncate(fy), TReal.Truncate(fx), y - fy, x - fx, factor, 1);
    }
}
