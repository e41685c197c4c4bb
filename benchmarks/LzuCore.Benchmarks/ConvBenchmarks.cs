using BenchmarkDotNet.Attributes;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Benchmarks;

/// <summary>The convolutions that carry a detector: heads, pointwise layers, stride 2, the stem.</summary>
public class ConvBenchmarks
{
    private Tensor _input = null!, _weight = null!, _bias = null!;
    private int _kernel, _stride;

    /// <summary>input channels, height, width, output channels, taps, stride.</summary>
    [Params("256 38 60 256 3 1", "64 75 120 64 3 1", "256 75 120 64 1 1", "64 75 120 256 1 1", "1024 19 30 256 1 1", "128 75 120 128 3 2", "3 300 480 64 7 2", "256 3 4 256 3 1")]
    public string Layer { get; set; } = "";

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        int[] v = [.. Layer.Split(' ').Select(int.Parse)];
        ParallelRows.Threads = Threads;
        _input = Tensor.Uniform([1, v[0], v[1], v[2]], RandomSource.FromSeed(1), -1, 1);
        _weight = Tensor.Uniform([v[3], v[0], v[4], v[4]], RandomSource.FromSeed(2), -1, 1);
        _bias = Tensor.Uniform([v[3]], RandomSource.FromSeed(3), -1, 1);
        (_kernel, _stride) = (v[4], v[5]);
    }

    [Benchmark]
    public void Forward()
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        F.Conv2d(_input, _weight, _bias, _stride, _kernel / 2);
    }

    [Benchmark]
    public void ForwardAndBackward()
    {
        Tensor input = _input.Detach().WithGrad(), weight = _weight.Detach().WithGrad();
        using var scope = new TensorScope();
        Gradients.Of(F.Conv2d(input, weight, _bias, _stride, _kernel / 2).Sum());
    }
}
