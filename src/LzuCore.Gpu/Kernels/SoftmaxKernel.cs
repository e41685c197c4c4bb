using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Softmax along one axis, one thread per line, three sweeps over it (largest, sum, result), the sum in float64 as on the CPU. Lines are classes or attention rows, tens to
// hundreds of values that stay in cache between the sweeps.
internal sealed class SoftmaxKernel(Launcher launcher) : ISoftmaxKernel
{
    public void Forward(int axis, bool logarithm, TensorView input, TensorView output)
    {
        if (output.DType == DType.Float64) Forward<double, DoubleReal>(axis, logarithm, input, output);
        else Forward<float, SingleReal>(axis, logarithm, input, output);
    }

    public void Backward(int axis, bool logarithm, TensorView output, TensorView dOutput, TensorView dInput)
    {
        if (output.DType == DType.Float64) Backward<double, DoubleReal>(axis, logarithm, output, dOutput, dInput);
        else Backward<float, SingleReal>(axis, logarithm, output, dOutput, dInput);
    }

    private void Forward<T, TReal>(int axis, bool logarithm, TensorView input, TensorView output)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        if (input.Count == 0) return;
        var walk = new StridedWalk(output.Layout.Narrow(axis, 0, 1), input.Layout.Narrow(axis, 0, 1));
        launcher.Launch(walk.Count, new ForwardBody<T, TReal>(input.Shape[axis], logarithm ? 1 : 0, walk.Sizes, walk[1], walk[0],
            input.Layout.Strides[axis], output.Layout.Strides[axis], input.Elements<T>(), output.Elements<T>()), grain: 64);
    }

    private void Backward<T, TReal>(int axis, bool logarithm, TensorView output, TensorView dOutput, TensorView dInput)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        if (output.Count == 0) return;
        var walk = new StridedWalk(dInput.Layout.Narrow(axis, 0, 1), output.Layout.Narrow(axis, 0, 1), dOutput.Layout.Narrow(axis, 0, 1));
        launcher.Launch(walk.Count, new BackwardBody<T, TReal>(output.Shape[axis], logarithm ? 1 : 0, walk.Sizes, walk[1], walk[2], walk[0],
            output.Layout.Strides[axis], dOutput.Layout.Strides[axis], dInput.Layout.Strides[axis], output.Elements<T>(), dOutput.Elements<T>(), dInput.Elements<T>()), grain: 64);
    }

    internal readonly struct ForwardBody<T, TReal>(int length, int logarithm, Sizes sizes, Strides sx, Strides sy, long stepX, long stepY, ArrayView<T> x, ArrayView<T> y) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var at = sizes.At(index);
            long from = sx.Of(at), to = sy.Of(at);
            var max = x[from];
            for (var j = 1; j < length; j++) max = One<T>.Max(max, x[from + j * stepX]);
            double sum = 0;
            for (var j = 0; j < length; j++) sum += TReal.ToDouble(TReal.Exp(x[from + j * stepX] - max));
            if (logarithm != 0)
            {
                var log = TReal.From(Math.Log(sum));
                for (var j = 0; j < length; j++) y[to + j * stepY] = x[from + j * stepX] - max - log;
                return;
            }
            var factor = TReal.From(1 / sum);
            for (var j = 0; j < length; j++) y[to + j * stepY] = TReal.Exp(x[from + j * stepX] - max) * factor;
        }
    }

    internal readonly struct BackwardBody<T, TReal>(int length, int logarithm, Sizes sizes, Strides sy, Strides sdy, Strides sdx, long stepY, long stepDy, long stepDx,
        ArrayView<T> y, ArrayView<T> dy, ArrayView<T> dx) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var at = sizes.At(index);
            long value = sy.Of(at), upstream = sdy.Of(at), to = sdx.Of(at);
            double total = 0;
            for (var j = 0; j < length; j++)
            {
                var d = dy[upstream + j * stepDy];
                total += TReal.ToDouble(logarithm != 0 ? d : d * y[value + j * stepY]);
            }
            var sum = TReal.From(total);
            for (var j = 0; j < length; j++)
            {
                T v = y[value + j * stepY], d = dy[upstream + j * stepDy];
                dx[to + j * stepDx] = logarithm != 0 ? d - TReal.Exp(v) * sum : v * (d - sum);
            }
        }
    }
}
