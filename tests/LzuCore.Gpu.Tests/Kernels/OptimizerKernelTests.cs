using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Gpu.Tests.Kernels;

/// <summary>Optimiser steps on device <c>ilgpu</c> equal the CPU's: parameter and state, several steps, both dtypes.</summary>
public sealed class OptimizerKernelTests
{
    private const int Count = 1003;

    [Test]
    public void Sgd_EqualsTheCpu([Values(DType.Float32, DType.Float64)] DType dtype, [Values(0, 0.9)] double momentum, [Values] bool nesterov) =>
        Agree(dtype, momentum > 0 ? 1 : 0, (kernel, step, p, g, state, y) =>
            kernel.Sgd(new SgdArgs(0.1, momentum, nesterov ? 0 : 0.2, 0.01, nesterov && momentum > 0, step == 1), p, g, momentum > 0 ? state[0] : null, y));

    [Test]
    public void Adam_EqualsTheCpu([Values(DType.Float32, DType.Float64)] DType dtype, [Values] bool decoupled) =>
        Agree(dtype, 2, (kernel, step, p, g, state, y) => kernel.Adam(new AdamArgs(0.01, 0.9, 0.999, 1e-8, 0.05, decoupled, step), p, g, state[0], state[1], y));

    private static void Agree(DType dtype, int states, Action<IOptimizerKernel, int, TensorView, TensorView, TensorView[], TensorView> step)
    {
        var expected = Run(Device.Cpu);
        var got = Run(new Device("ilgpu"));
        for (var i = 0; i < expected.Length; i++)
            Assert.That(got[i], Is.EqualTo(expected[i]).Within(dtype == DType.Float32 ? 1e-6 : 1e-14), $"{(i == 0 ? "parameter" : $"state {i}")}");

        double[][] Run(Device device)
        {
            var kernel = BackendRegistry.Get(device).Kernel<IOptimizerKernel>();
            Tensor Random(int seed) => Tensor.Uniform([Count], RandomSource.FromSeed((ulong)seed), -1, 1, dtype).To(device);
            var parameter = Random(1);
            Tensor[] state = [.. Enumerable.Range(0, states).Select(_ => Tensor.Zeros([Count], dtype).To(device))];
            for (var i = 1; i <= 3; i++)
            {
                var next = Tensor.Zeros([Count], dtype).To(device);
                step(kernel, i, parameter.View, Random(10 + i).View, [.. state.Select(s => s.View)], next.View);
                parameter = next;
            }
            return [.. new[] { parameter }.Concat(state).Select(t => t.To(Device.Cpu).To(DType.Float64).ToArray<double>())];
        }
    }
}
