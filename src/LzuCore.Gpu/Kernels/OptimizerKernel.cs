using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Optimiser steps, one thread per element: the CPU's expressions, in which a GPU may contract a multiplication and an addition. Without momentum the velocity
// is the output's own buffer, which is not touched then, so one kernel serves both.
internal sealed class OptimizerKernel(Launcher launcher) : IOptimizerKernel
{
    public void Sgd(in SgdArgs args, TensorView parameter, TensorView gradient, TensorView? velocity, TensorView output)
    {
        if (output.DType == DType.Float64) Sgd<double, DoubleReal>(args, parameter, gradient, velocity, output);
        else Sgd<float, SingleReal>(args, parameter, gradient, velocity, output);
    }

    public void Adam(in AdamArgs args, TensorView parameter, TensorView gradient, TensorView mean, TensorView square, TensorView output)
    {
        if (output.DType == DType.Float64) Adam<double, DoubleReal>(args, parameter, gradient, mean, square, output);
        else Adam<float, SingleReal>(args, parameter, gradient, mean, square, output);
    }

    private void Sgd<T, TReal>(in SgdArgs a, TensorView parameter, TensorView gradient, TensorView? velocity, TensorView output)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        launcher.Launch(output.Count, new SgdBody<T, TReal>(
            T.CreateTruncating(a.LearningRate), T.CreateTruncating(a.Momentum), T.CreateTruncating(1 - a.Dampening), T.CreateTruncating(a.WeightDecay),
            velocity is null ? 0 : 1, a.First ? 1 : 0, a.Nesterov ? 1 : 0, parameter.Dense<T>(), gradient.Dense<T>(), (velocity ?? output).Dense<T>(), output.Dense<T>()));
    }

    private void Adam<T, TReal>(in AdamArgs a, TensorView parameter, TensorView gradient, TensorView mean, TensorView square, TensorView output)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        launcher.Launch(output.Count, new AdamBody<T, TReal>(
            new(T.CreateTruncating(a.Beta1), T.CreateTruncating(1 - a.Beta1)), new(T.CreateTruncating(a.Beta2), T.CreateTruncating(1 - a.Beta2)),
            T.CreateTruncating(a.Decoupled ? 1 - a.LearningRate * a.WeightDecay : 1), T.CreateTruncating(a.Decoupled ? 0 : a.WeightDecay),
            T.CreateTruncating(a.LearningRate / (1 - Math.Pow(a.Beta1, a.Step))), T.CreateTruncating(Math.Sqrt(1 - Math.Pow(a.Beta2, a.Step))), T.CreateTruncating(a.Epsilon),
            parameter.Dense<T>(), gradient.Dense<T>(), mean.Dense<T>(), square.Dense<T>(), output.Dense<T>()));
    }

    /// <summary>A running mean: how much of the old value stays and of the new one enters.</summary>
    internal readonly record struct Average<T>(T Keep, T Fresh);

    internal readonly struct SgdBody<T, TReal>(T rate, T momentum, T fresh, T decay, int hasVelocity, int isFirst, int nesterov,
        ArrayView<T> p, ArrayView<T> g, ArrayView<T> v, ArrayView<T> y) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var value = p[index];
            var step = g[index] + decay * value;
            if (hasVelocity != 0)
            {
                var speed = isFirst != 0 ? step : momentum * v[index] + fresh * step;
                v[index] = speed;
                step = nesterov != 0 ? step + momentum * speed : speed;
            }
            y[index] = value - rate * step;
        }
    }

    internal readonly struct AdamBody<T, TReal>(Average<T> mean, Average<T> square, T keep, T decay, T rate, T scale, T epsilon,
        ArrayView<T> p, ArrayView<T> g, ArrayView<T> m, ArrayView<T> s, ArrayView<T> y) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var value = p[index];
            var slope = g[index] + decay * value;
            var first = mean.Keep * m[index] + mean.Fresh * slope;
            var second = square.Keep * s[index] + square.Fresh * slope * slope;
            m[index] = first;
            s[index] = second;
            y[index] = keep * value - rate * first / (TReal.Sqrt(second) / scale + epsilon);
        }
    }
}
