using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Optimiser steps: one read of parameter, gradient and state, one write of parameter and state, in vectors. Elements are independent, so any split
// among threads gives the same bits; whole vectors and the tail compute the same expression without fused multiply-add.
internal sealed unsafe class OptimizerKernel : IOptimizerKernel
{
    private const int Grain = 16384;

    public void Sgd(in SgdArgs args, TensorView parameter, TensorView gradient, TensorView? velocity, TensorView output)
    {
        if (output.DType == DType.Float64) Sgd<double>(args, parameter, gradient, velocity, output);
        else Sgd<float>(args, parameter, gradient, velocity, output);
    }

    public void Adam(in AdamArgs args, TensorView parameter, TensorView gradient, TensorView mean, TensorView square, TensorView output)
    {
        if (output.DType == DType.Float64) Adam<double>(args, parameter, gradient, mean, square, output);
        else Adam<float>(args, parameter, gradient, mean, square, output);
    }

    private static void Sgd<T>(SgdArgs a, TensorView parameter, TensorView gradient, TensorView? velocity, TensorView output) where T : unmanaged, IFloatingPoint<T>
    {
        T* p = parameter.Pointer<T>(), g = gradient.Pointer<T>(), y = output.Pointer<T>();
        var v = velocity is { } view ? view.Pointer<T>() : null;
        T rate = T.CreateTruncating(a.LearningRate), momentum = T.CreateTruncating(a.Momentum), fresh = T.CreateTruncating(1 - a.Dampening), decay = T.CreateTruncating(a.WeightDecay);
        Chunks(output.Count, (begin, end) =>
        {
            Vector<T> vRate = new(rate), vMomentum = new(momentum), vFresh = new(fresh), vDecay = new(decay);
            var i = begin;
            for (; i <= end - Vector<T>.Count; i += Vector<T>.Count)
            {
                var value = Vector.Load(p + i);
                var step = Vector.Load(g + i) + vDecay * value;
                if (v is not null)
                {
                    var speed = a.First ? step : vMomentum * Vector.Load(v + i) + vFresh * step;
                    speed.Store(v + i);
                    step = a.Nesterov ? step + vMomentum * speed : speed;
                }
                (value - vRate * step).Store(y + i);
            }
            for (; i < end; i++)
            {
                var step = g[i] + decay * p[i];
                if (v is not null)
                {
                    v[i] = a.First ? step : momentum * v[i] + fresh * step;
                    step = a.Nesterov ? step + momentum * v[i] : v[i];
                }
                y[i] = p[i] - rate * step;
            }
        });
    }

    private static void Adam<T>(AdamArgs a, TensorView parameter, TensorView gradient, TensorView mean, TensorView square, TensorView output) where T : unmanaged, IFloatingPoint<T>, IRootFunctions<T>
    {
        T* p = parameter.Pointer<T>(), g = gradient.Pointer<T>(), m = mean.Pointer<T>(), s = square.Pointer<T>(), y = output.Pointer<T>();
        T beta1 = T.CreateTruncating(a.Beta1), beta2 = T.CreateTruncating(a.Beta2), fresh1 = T.CreateTruncating(1 - a.Beta1), fresh2 = T.CreateTruncating(1 - a.Beta2);
        T keep = T.CreateTruncating(a.Decoupled ? 1 - a.LearningRate * a.WeightDecay : 1), decay = T.CreateTruncating(a.Decoupled ? 0 : a.WeightDecay);
        T rate = T.CreateTruncating(a.LearningRate / (1 - Math.Pow(a.Beta1, a.Step))), scale = T.CreateTruncating(Math.Sqrt(1 - Math.Pow(a.Beta2, a.Step))), epsilon = T.CreateTruncating(a.Epsilon);
        Chunks(output.Count, (begin, end) =>
        {
            Vector<T> vBeta1 = new(beta1), vBeta2 = new(beta2), vFresh1 = new(fresh1), vFresh2 = new(fresh2), vKeep = new(keep), vDecay = new(decay),
                vRate = new(rate), vScale = new(scale), vEpsilon = new(epsilon);
            var i = begin;
            for (; i <= end - Vector<T>.Count; i += Vector<T>.Count)
            {
                var value = Vector.Load(p + i);
                var slope = Vector.Load(g + i) + vDecay * value;
                var first = vBeta1 * Vector.Load(m + i) + vFresh1 * slope;
                var second = vBeta2 * Vector.Load(s + i) + vFresh2 * slope * slope;
                first.Store(m + i);
                second.Store(s + i);
                (vKeep * value - vRate * first / (Vector.SquareRoot(second) / vScale + vEpsilon)).Store(y + i);
            }
            for (; i < end; i++)
            {
                var slope = g[i] + decay * p[i];
                m[i] = beta1 * m[i] + fresh1 * slope;
                s[i] = beta2 * s[i] + fresh2 * slope * slope;
                y[i] = keep * p[i] - rate * m[i] / (T.Sqrt(s[i]) / scale + epsilon);
            }
        });
    }

    private static void Chunks(long count, Action<long, long> body) =>
        ParallelRows.For(checked((int)((count + Grain - 1) / Grain)), 1, (from, to) => body((long)from * Grain, Math.Min(count, (long)to * Grain)));
}
