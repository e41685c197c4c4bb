using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Elementwise map, one thread an element, over the formula structs that the CPU uses: ILGPU compiles only the scalar members that are called.
// On a GPU their calls of MathF and Math become DeviceMath's.
internal sealed class MapKernel(Launcher launcher) : IMapKernel
{
    public void Forward<TFormula>(TFormula formula, TensorView input, TensorView output) where TFormula : struct, IMapFormula
    {
        var walk = new StridedWalk(output.Layout, input.Layout);
        if (output.DType == DType.Float64)
            launcher.Launch(walk.Count, new ForwardDouble<TFormula>(formula, walk.Sizes, walk[1], walk[0], input.Elements<double>(), output.Elements<double>()));
        else
            launcher.Launch(walk.Count, new ForwardSingle<TFormula>(formula, walk.Sizes, walk[1], walk[0], input.Elements<float>(), output.Elements<float>()));
    }

    public void Backward<TFormula>(TFormula formula, TensorView input, TensorView output, TensorView dOutput, TensorView dInput) where TFormula : struct, IMapFormula
    {
        var walk = new StridedWalk(dInput.Layout, input.Layout, output.Layout, dOutput.Layout);
        if (output.DType == DType.Float64)
            launcher.Launch(walk.Count, new BackwardDouble<TFormula>(formula, walk.Sizes, walk[1], walk[2], walk[3], walk[0],
                input.Elements<double>(), output.Elements<double>(), dOutput.Elements<double>(), dInput.Elements<double>()));
        else
            launcher.Launch(walk.Count, new BackwardSingle<TFormula>(formula, walk.Sizes, walk[1], walk[2], walk[3], walk[0],
                input.Elements<float>(), output.Elements<float>(), dOutput.Elements<float>(), dInput.Elements<float>()));
    }

    internal readonly struct ForwardSingle<TFormula>(TFormula formula, Sizes sizes, Strides sx, Strides sy, ArrayView<float> x, ArrayView<float> y) : IKernelBody
        where TFormula : struct, IMapFormula
    {
        public void Run(int index)
        {
            var at = sizes.At(index);
            y[sy.Of(at)] = formula.Invoke(x[sx.Of(at)]);
        }
    }

    internal readonly struct ForwardDouble<TFormula>(TFormula formula, Sizes sizes, Strides sx, Strides sy, ArrayView<double> x, ArrayView<double> y) : IKernelBody
        where TFormula : struct, IMapFormula
    {
        public void Run(int index)
        {
            var at = sizes.At(index);
            y[sy.Of(at)] = formula.Invoke(x[sx.Of(at)]);
        }
    }

    internal readonly struct BackwardSingle<TFormula>(TFormula formula, Sizes sizes, Strides sx, Strides sy, Strides sdy, Strides sdx,
        ArrayView<float> x, ArrayView<float> y, ArrayView<float> dy, ArrayView<float> dx) : IKernelBody
        where TFormula : struct, IMapFormula
    {
        public void Run(int index)
        {
            var at = sizes.At(index);
            dx[sdx.Of(at)] = formula.Derivative(x[sx.Of(at)], y[sy.Of(at)]) * dy[sdy.Of(at)];
        }
    }

    internal readonly struct BackwardDouble<TFormula>(TFormula formula, Sizes sizes, Strides sx, Strides sy, Strides sdy, Strides sdx,
        ArrayView<double> x, ArrayView<double> y, ArrayView<double> dy, ArrayView<double> dx) : IKernelBody
        where TFormula : struct, IMapFormula
    {
        public void Run(int index)
        {
            var at = sizes.At(index);
            dx[sdx.Of(at)] = formula.Derivative(x[sx.Of(at)], y[sy.Of(at)]) * dy[sdy.Of(at)];
        }
    }
}
