using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Matrix products by their definition, any strides, any floating type: the float64 path. One output row a unit; k runs outside the columns,
// so that rows of b are read in order.
internal static unsafe class PlainGemm<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static void Forward(TensorView a, TensorView b, in Epilogue epilogue, TensorView output)
    {
        int m = a.Shape[1], k = a.Shape[2], n = b.Shape[2];
        long a0 = a.Layout.Strides[0], a1 = a.Layout.Strides[1], a2 = a.Layout.Strides[2], b0 = b.Layout.Strides[0], b1 = b.Layout.Strides[1], b2 = b.Layout.Strides[2];
        T* x = a.Pointer<T>(), y = b.Pointer<T>(), z = output.Pointer<T>();
        var finish = new PlainEpilogue<T>(epilogue);
        ParallelRows.For(checked(a.Shape[0] * m), 1, (begin, end) =>
        {
            for (var row = begin; row < end; row++)
            {
                var (batch, i) = Math.DivRem(row, m);
                T* px = x + batch * a0 + i * a1, py = y + batch * b0, pz = z + (long)row * n;
                new Span<T>(pz, n).Clear();
                for (var p = 0; p < k; p++)
                {
                    var factor = px[p * a2];
                    for (var j = 0; j < n; j++) pz[j] += factor * py[p * b1 + j * b2];
                }
                for (var j = 0; j < n; j++) pz[j] = finish.Apply(pz[j], j, (long)row * n + j);
            }
        });
    }
}
