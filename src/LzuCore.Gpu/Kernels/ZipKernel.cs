using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Elementwise zip with broadcasting, one thread an element: a broadcast axis has stride 0.
internal sealed class ZipKernel(Launcher launcher) : IZipKernel
{
    public void Forward<TFormula>(TFormula formula, TensorView a, TensorView b, TensorView output) where TFormula : struct, IZipFormula
    {
        var walk = new StridedWalk(output.Layout, a.Layout.Expand(output.Shape), b.Layout.Expand(output.Shape));
        if (output.DType == DType.Float64)
            launcher.Launch(walk.Count, new Double<TFormula>(formula, walk.Sizes, walk[1], walk[2], walk[0], a.Elements<double>(), b.Elements<double>(), output.Elements<double>()));
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
}
