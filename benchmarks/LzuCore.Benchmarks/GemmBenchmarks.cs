using BenchmarkDotNet.Attributes;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Benchmarks;

/// <summary>Matrix products: square, tall, and a classifier's.</summary>
public class GemmBenchmarks
{
    private Tensor _a = null!, _b = null!;

    /// <summary>rows, columns, terms.</summary>
    [Params("1024 1024 1024", "256 256 256", "2280 256 2304", "16 1000 2048")]
    public string Size { get; set; } = "";

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        int[] v = [.. Size.Split(' ').Select(int.Parse)];
        ParallelRows.Threads = Threads;
        _a = Tensor.Uniform([v[0], v[2]], RandomSource.FromSeed(1), -1, 1);
        _b = Tensor.Uniform([v[2], v[1]], RandomSource.FromSeed(2), -1, 1);
    }

    [Benchmark]
    public void MatMul()
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        _a.MatMul(_b);
    }
}
