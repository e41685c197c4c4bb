using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Elementwise map. Inner runs with unit strides go through Vector<float>; the tail and every other stride through the scalar formula.
internal sealed unsafe class MapKernel : IMapKernel
{
    public void Forward<TFormula>(TFormula formula, TensorView input, TensorView output) where TFormula : struct, IMapFormula
    {
        var loop = new StridedLoop(output.Layout, input.Layout);
        long so = loop.InnerStrides[0], si = loop.InnerStrides[1];
        if (output.DType == DType.Float64)
        {
            double* x = Base<double>(input), y = Base<double>(output);
            loop.Run((at, n) =>
            {
                double* px = x + at[1], py = y + at[0];
                for (long i = 0; i < n; i++) py[i * so] = formula.Invoke(px[i * si]);
            });
            return;
        }
        float* xf = Base<float>(input), yf = Base<float>(output);
        loop.Run((at, n) =>
        {
            float* px = xf + at[1], py = yf + at[0];
            var i = 0;
            if (so == 1 && si == 1)
                for (; i <= n - Vector<float>.Count; i += Vector<float>.Count) formula.Invoke(Vector.Load(px + i)).Store(py + i);
            for (; i < n; i++) py[i * so] = formula.Invoke(px[i * si]);
        });
    }

    public void Backward<TFormula>(TFormula formula, TensorView input, TensorView output, TensorView dOutput, TensorView dInput) where TFormula : struct, IMapFormula
    {
        var loop = new StridedLoop(dInput.Layout, input.Layout, output.Layout, dOutput.Layout);
        long s0 = loop.InnerStrides[0], s1 = loop.InnerStrides[1], s2 = loop.InnerStrides[2], s3 = loop.InnerStrides[3];
        if (output.DType == DType.Float64)
        {
            double* dx = Base<double>(dInput), x = Base<double>(input), y = Base<double>(output), dy = Base<double>(dOutput);
            loop.Run((at, n) =>
            {
                double* p0 = dx + at[0], p1 = x + at[1], p2 = y + at[2], p3 = dy + at[3];
                for (long i = 0; i < n; i++) p0[i * s0] = formula.Derivative(p1[i * s1], p2[i * s2]) * p3[i * s3];
            });
            return;
        }
        float* dxf = Base<float>(dInput), xf = Base<float>(input), yf = Base<float>(output), dyf = Base<float>(dOutput);
        loop.Run((at, n) =>
        {
            float* p0 = dxf + at[0], p1 = xf + at[1], p2 = yf + at[2], p3 = dyf + at[3];
            var i = 0;
            if (s0 == 1 && s1 == 1 && s2 == 1 && s3 == 1)
                for (; i <= n - Vector<float>.Count; i += Vector<float>.Count)
                    (formula.Derivative(Vector.Load(p1 + i), Vector.Load(p2 + i)) * Vector.Load(p3 + i)).Store(p0 + i);
            for (; i < n; i++) p0[i * s0] = formula.Derivative(p1[i * s1], p2[i * s2]) * p3[i * s3];
        });
    }

    // The buffer's first element: the loop's offsets already contain the layout's.
    private static T* Base<T>(TensorView view) where T : unmanaged => view.Pointer<T>() - view.Layout.Offset;
}
