using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// One axis of a separable sample for one image: the two neighbours of each output index (-1: outside, reads 0), how far it lies towards the second,
// and whether it moves with the coordinate (0 where clamped).
internal sealed class SampleTable<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public readonly int[] First, Second;
    public readonly T[] Fraction, Slope;

    public unsafe SampleTable(PaddingMode padding, TensorView coordinates, int image, int size)
    {
        var count = coordinates.Shape[1];
        (First, Second, Fraction, Slope) = (new int[count], new int[count], new T[count], new T[count]);
        long step = coordinates.Layout.Strides[1];
        var at = coordinates.Pointer<T>() + image * coordinates.Layout.Strides[0];
        T last = T.CreateChecked(size - 1), end = T.CreateChecked(size);
        for (var i = 0; i < count; i++)
        {
            var v = at[i * step];
            Slope[i] = T.One;
            if (padding == PaddingMode.Border && !(v > T.Zero && v < last)) (v, Slope[i]) = (v >= last ? last : T.Zero, T.Zero);
            if (!(v >= -T.One && v < end))
            {
                (First[i], Second[i], Slope[i]) = (-1, -1, T.Zero);
                continue;
            }
            var floor = T.Floor(v);
            First[i] = int.CreateTruncating(floor);
            Second[i] = First[i] + 1 < size ? First[i] + 1 : -1;
            Fraction[i] = v - floor;
        }
    }

    public int Count => First.Length;

    /// <summary>For every input index, the output indices that touch it, ascending: entries [Starts[k], Starts[k + 1]) of Outputs.</summary>
    public (int[] Starts, int[] Outputs) Touching(int size)
    {
        var starts = new int[size + 1];
        for (var i = 0; i < Count; i++)
        {
            if (First[i] >= 0) starts[First[i] + 1]++;
            if (Second[i] >= 0) starts[Second[i] + 1]++;
        }
        for (var k = 0; k < size; k++) starts[k + 1] += starts[k];
        var next = (int[])starts.Clone();
        var outputs = new int[starts[size]];
        for (var i = 0; i < Count; i++)
        {
            if (First[i] >= 0) outputs[next[First[i]]++] = i;
            if (Second[i] >= 0) outputs[next[Second[i]]++] = i;
        }
        return (starts, outputs);
    }

    /// <summary>The weight of input index k in output index i.</summary>
    public T Weight(int i, int k) => First[i] == k ? T.One - Fraction[i] : Fraction[i];
}
