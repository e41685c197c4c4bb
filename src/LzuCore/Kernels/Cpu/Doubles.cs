using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Strided rows of a float32 or float64 view, read and written as float64. The warp's kernels are small and conditioned by divisions by tile widths: float64 inside
// costs microseconds and removes the precision question.
internal static unsafe class Doubles
{
    public static void Read(TensorView view, long offset, long stride, Span<double> into)
    {
        if (view.DType == DType.Float32)
        {
            var x = view.Pointer<float>() + offset;
            var i = 0;
            if (stride == 1)
                for (; i <= into.Length - Vector<float>.Count; i += Vector<float>.Count)
                {
                    Vector.Widen(Vector.Load(x + i), out var low, out var high);
                    low.CopyTo(into[i..]);
                    high.CopyTo(into[(i + Vector<double>.Count)..]);
                }
            for (; i < into.Length; i++) into[i] = x[i * stride];
        }
        else
        {
            var x = view.Pointer<double>() + offset;
            for (var i = 0; i < into.Length; i++) into[i] = x[i * stride];
        }
    }

    public static void Write(ReadOnlySpan<double> from, TensorView view, long offset, long stride)
    {
        if (view.DType == DType.Float32)
        {
            var y = view.Pointer<float>() + offset;
            var i = 0;
            if (stride == 1)
                for (; i <= from.Length - Vector<float>.Count; i += Vector<float>.Count)
                    Vector.Narrow(new Vector<double>(from[i..]), new Vector<double>(from[(i + Vector<double>.Count)..])).Store(y + i);
            for (; i < from.Length; i++) y[i * stride] = (float)from[i];
        }
        else
        {
            var y = view.Pointer<double>() + offset;
            for (var i = 0; i < from.Length; i++) y[i * stride] = from[i];
        }
    }

    // Row n of a [N, count] view.
    public static double[] Row(TensorView view, int n)
    {
        var row = new double[view.Shape[1]];
        Read(view, n * view.Layout.Strides[0], view.Layout.Strides[1], row);
        return row;
    }

    public static void SetRow(ReadOnlySpan<double> from, TensorView view, int n) =>
        Write(from, view, n * view.Layout.Strides[0], view.Layout.Strides[1]);
}
