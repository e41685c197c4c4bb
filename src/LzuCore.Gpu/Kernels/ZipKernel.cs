using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Elementwise zip with broadcasting, one thread an element (dense float32: four neighbours, in 16-byte accesses): a broadcast axis has stride 0.
internal sealed class ZipKernel(Launcher launcher) : IZipKernel
{
    public void Forward<TFormula>(TFormula formula, TensorView a, TensorView b, TensorView output) where TFormula : struct, IZipFormula
    {
        var walk = new StridedWalk(output.Layout, a.Layout.Expand(output.Shape), b.Layout.Expand(output.Shape));
        if (output.DType == DType.Float64)
            launcher.Launch(walk.Count, new Double<TFormula>(formula, walk.Sizes, walk[1], walk[2], walk[0], a.Elements<double>(), b.Elements<double>(), output.Elements<double>()));
        else if (walk.InFours)
            launcher.Launch(walk.Count / 4, new Fours<TFormula>(formula, walk.Fours(a), walk.Fours(b), walk.Fours(output)), grain: 1024);
        else
            launcher.Launch(walk.Count, new Single<TFormula>(formula, walk.Sizes, walk[1], walk[2], walk[0], a.Elements<float>(), b.Elements<float>(), output.Elements<float>()));
    }

    internal readonly struct Single<TFormula>(TFormula formula, Sizes sizes, Strides sa, Strides sb, Strides sy, ArrayView<float> a, ArrayView<float> b, ArrayView<float> y) : IKernelBody
        where TFormula : struct, IZipFormula
    {
        public void Run(int index)
        {
            var at = sizes.At(index);
            y[sy.Of(at)] = formula.Invoke(a[sa.Of(at)], b[sb.Of(at)]);
        }
    }

    internal readonly struct Double<TFormula>(TFormula formula, Sizes sizes, Strides sa, Strides sb, Strides sy, ArrayView<double> a, ArrayView<double> b, ArrayView<double> y) : IKernelBody
        where TFormula : struct, IZipFormula
    {
        public void Run(int index)
        {
            var at = sizes.At(index);
            y[sy.Of(at)] = formula.Invoke(a[sa.Of(at)], b[sb.Of(at)]);
        }
    }

    internal readonly struct Fours<TFormula>(TFormula formula, ArrayView<Quad<float>> a, ArrayView<Quad<float>> b, ArrayView<Quad<float>> y) : IKernelBody
        where TFormula : struct, IZipFormula
    {
        public void Run(int index)
        {
            Quad<float> p = a[index], q = b[index];
            y[index] = new Quad<float>(formula.Invoke(p.X, q.X), formula.Invoke(p.Y, q.Y), formula.Invoke(p.Z, q.Z), formula.Invoke(p.W, q.W));
        }
    }
}
