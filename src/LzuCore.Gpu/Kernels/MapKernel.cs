using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Elementwise map, one thread an element (dense float32: four neighbours, in 16-byte accesses), over the formula structs that the CPU uses: ILGPU compiles only the scalar members that are called.
// On a GPU their calls of MathF and Math become DeviceMath's.
internal sealed class MapKernel(Launcher launcher) : IMapKernel
{
    public void Forward<TFormula>(TFormula formula, TensorView input, TensorView output) where TFormula : struct, IMapFormula
    {
        var walk = new StridedWalk(output.Layout, input.Layout);
        if (output.DType == DType.Float64)
            launcher.Launch(walk.Count, new ForwardDouble<TFormula>(formula, walk.Sizes, walk[1], walk[0], input.Elements<double>(), output.Elements<double>()));
        else if (walk.InFours)
            launcher.Launch(walk.Count / 4, new ForwardFour<TFormula>(formula, walk.Fours(input), walk.Fours(output)), grain: 1024);
        else
            launcher.Launch(walk.Count, new ForwardSingle<TFormula>(formula, walk.Sizes, walk[1], walk[0], input.Elements<float>(), output.Elements<float>()));
    }

    public void Backward<TFormula>(TFormula formula, TensorView input, TensorView output, TensorView dOutput, TensorView dInput) where TFormula : struct, IMapFormula
    {
        var walk = new StridedWalk(dInput.Layout, input.Layout, output.Layout, dOutput.Layout);
        if (output.DType == DType.Float64)
            launcher.Launch(walk.Count, new BackwardDouble<TFormula>(formula, walk.Sizes, walk[1], walk[2], walk[3], walk[0],
                input.Elements<double>(), output.Elements<double>(), dOutput.Elements<double>(), dInput.Elements<double>()));
        else if (walk.InFours)
            launcher.Launch(walk.Count / 4, new BackwardFour<TFormula>(formula, walk.Fours(input), walk.Fours(output), walk.Fours(dOutput), walk.Fours(dInput)), grain: 1024);
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

    internal readonly struct ForwardFour<TFormula>(TFormula formula, ArrayView<Quad<float>> x, ArrayView<Quad<float>> y) : IKernelBody
        where TFormula : struct, IMapFormula
    {
        public void Run(int index)
        {
            var v = x[index];
            y[index] = new Quad<float>(formula.Invoke(v.X), formula.Invoke(v.Y), formula.Invoke(v.Z), formula.Invoke(v.W));
        }
    }

    internal readonly struct BackwardFour<TFormula>(TFormula formula, ArrayView<Quad<float>> x, ArrayView<Quad<float>> y, ArrayView<Quad<float>> dy, ArrayView<Quad<float>> dx) : IKernelBody
        where TFormula : struct, IMapFormula
    {
        public void Run(int index)
        {
            Quad<float> v = x[index], f = y[index], d = dy[index];
            dx[index] = new Quad<float>(formula.Derivative(v.X, f.X) * d.X, formula.Derivative(v.Y, f.Y) * d.Y, formula.Derivative(v.Z, f.Z) * d.Z, formula.Derivative(v.W, f.W) * d.W);
        }
    }
}
