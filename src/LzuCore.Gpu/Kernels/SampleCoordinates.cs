using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

/// <summary>One output index of one axis: its two neighbours (-1: outside, reads 0), how far it lies towards the second, and whether it moves with the coordinate (not where clamped).</summary>
internal readonly record struct SampleTap<T>(int First, int Second, T Fraction, int Moves);

/// <summary>The coordinates [N, count] of one axis of a separable sample, inside kernels: the rule of the CPU's SampleTable, worked out by each thread, which costs a
/// few operations where a table costs reads.</summary>
internal readonly struct SampleCoordinates<T, TReal>(PaddingMode padding, TensorView view, int size)
    where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
{
    private readonly int _border = padding == PaddingMode.Border ? 1 : 0, _size = size, _count = view.Shape[1];
    private readonly long _offset = view.Layout.Offset, _image = view.Layout.Strides[0], _step = view.Layout.Strides[1];
    private readonly ArrayView<T> _at = view.Elements<T>();

    /// <summary>The input's size.</summary>
    public int Size => _size;

    /// <summary>Output indices.</summary>
    public int Count => _count;

    /// <summary>Output index <paramref name="i"/> of image <paramref name="n"/>.</summary>
    public SampleTap<T> At(int n, int i)
    {
        var v = _at[_offset + n * _image + i * _step];
        T last = TReal.From(_size - 1), end = TReal.From(_size);
        var moves = 1;
        if (_border != 0 && !(v > T.Zero && v < last))
        {
            v = v >= last ? last : T.Zero;
            moves = 0;
        }
        if (!(v >= -T.One && v < end)) return new SampleTap<T>(-1, -1, T.Zero, 0);
        var floor = TReal.Floor(v);
        var first = TReal.Truncate(floor);
        return new SampleTap<T>(first, first + 1 < _size ? first + 1 : -1, v - floor, moves);
    }

    /// <summary>How much input index <paramref name="k"/> weighs in a tap.</summary>
    public static T Weight(SampleTap<T> tap, int k) => tap.First == k ? T.One - tap.Fraction : tap.Second == k ? tap.Fraction : T.Zero;
}
