using System.Numerics;
using System.Runtime.CompilerServices;

namespace LzuCore.Kernels.Cpu;

// One axis of grid_sample: normalised coordinate to pixel index under a padding mode, with the slope d index / d coordinate.
// Generic over float and double so that both precisions share one definition.
internal readonly struct SampleAxis<T>(int size, PaddingMode padding, bool alignCorners) where T : unmanaged, IFloatingPointIeee754<T>
{
    private static readonly T Two = T.CreateChecked(2);
    private readonly T _size = T.CreateChecked(size), _last = T.CreateChecked(size - 1);

    /// <summary>The index that coordinate v stands for. With zeros padding it may be anything; otherwise it lies in [0, size - 1].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Index(T v, out T slope)
    {
        T at;
        if (alignCorners)
        {
            at = (v + T.One) / Two * _last;
            slope = _last / Two;
        }
        else
        {
            at = ((v + T.One) * _size - T.One) / Two;
            slope = _size / Two;
        }
        if (padding == PaddingMode.Zeros) return at;
        if (padding == PaddingMode.Reflection) at = Reflect(at, ref slope);
        // The comparisons are written so that NaN goes to index 0.
        if (!(at > T.Zero)) return Flat(T.Zero, out slope);
        return at >= _last ? Flat(_last, out slope) : at;
    }

    /// <summary>Whether a point at this index has a neighbour inside; false for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Touches(T index) => index >= -T.One && index < _size;

    private static T Flat(T at, out T slope)
    {
        slope = T.Zero;
        return at;
    }

    // Folds at the ends: [0, size - 1] with align-corners, [-½, size - ½] without. An infinite index becomes NaN.
    private T Reflect(T at, ref T slope)
    {
        var low = alignCorners ? T.Zero : -T.One / Two;
        var span = alignCorners ? _last : _size;
        if (span == T.Zero) return Flat(T.Zero, out slope);
        at -= low;
        if (at < T.Zero) (at, slope) = (-at, -slope);
        var rest = at % (Two * span);
        if (rest < span) return rest + low;
        slope = -slope;
        return Two * span - rest + low;
    }
}
