using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Elementwise zip with broadcasting: a broadcast axis has stride 0. Runs where each operand has stride 1 or 0 are vectorised.
internal sealed unsafe class ZipKernel : IZipKernel
{
    public void Forward<TFormula>(TFormula formula, TensorView a, TensorView b, TensorView output) where TFormula : struct, IZipFormula
    {
        var loop = new StridedLoop(output.Layout, a.Layout.Expand(output.Shape), b.Layout.Expand(output.Shape));
        long so = loop.InnerStrides[0], sa = loop.InnerStrides[1], sb = loop.InnerStrides[2];
        if (output.DType == DType.Float64)
        {
            double* x = a.Pointer<double>() - a.Layout.Offset, y = b.Pointer<double>() - b.Layout.Offset, z = output.Pointer<double>() - output.Layout.Offset;
            loop.Run((at, n) =>
            {
                double* pz = z + at[0], px = x + at[1], py = y + at[2];
                for (long i = 0; i < n; i++) pz[i * so] = formula.Invoke(px[i * sa], py[i * sb]);
            });
            return;
        }
        float* xf = a.Pointer<float>() - a.Layout.Offset, yf = b.Pointer<float>() - b.Layout.Offset, zf = output.Pointer<float>() - output.Layout.Offset;
        loop.Run((at, n) =>
        {
            float* pz = zf + at[0], px = xf + at[1], py = yf + at[2];
            var i = 0;
            if (so == 1 && sa is 0 or 1 && sb is 0 or 1)
            {
                var va = new Vector<float>(*px);
                var vb = new Vector<float>(*py);
                for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
                    formula.Invoke(sa == 1 ? Vector.Load(px + i) : va, sb == 1 ? Vector.Load(py + i) : vb).Store(pz + i);
            }
            for (; i < n; i++) pz[i * so] = formula.Invoke(px[i * sa], py[i * sb]);
        });
    }
}
