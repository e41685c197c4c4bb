using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Tests.Tensors.Autograd;

/// <summary>Equal bits for any number of threads: reductions, indexed sums, losses, and their gradients. Sizes are well above one chunk.</summary>
[NonParallelizable]
public sealed class DeterminismTests
{
    private static IEnumerable<TestCaseData> Functions()
    {
        yield return Case("sum of all", [3, 64, 37, 41], x => x.Sum());
        yield return Case("mean per channel", [3, 64, 37, 41], x => x.Mean(0, 2, 3));
        yield return Case("sum over channels", [3, 64, 37, 41], x => x.Sum(1));
        yield return Case("sum of long rows", [3, 200001], x => x.Sum(1));
        yield return Case("sum down long columns", [100001, 3], x => x.Sum(0));
        yield return Case("max of all", [3, 64, 37, 41], x => x.Max());
        yield return Case("variance", [3, 64, 37, 41], x => x.Var([0, 2, 3]));
        yield return Case("softmax", [2, 19, 60, 70], x => x.Softmax(1));
        yield return Case("cumsum", [60, 5000], x => x.CumSum(0));
        yield return Case("cross-entropy", [2, 19, 60, 70], x => F.CrossEntropy(x, Tensor.Generate([2, 60, 70], i => i % 19, DType.Int64)));
        yield return Case("focal", [2, 19, 60, 70], x => F.SigmoidFocalLoss(x, Tensor.Generate(x.Shape, i => i % 7 == 0 ? 1 : 0)));
        yield return Case("smooth l1", [90001, 4], x => F.SmoothL1(x, Tensor.Zeros(x.Shape), 0.1, Reduction.Sum));
        yield return Case("index_select with repeats", [50, 700], x => x.IndexSelect(0, Tensor.Generate([3000], i => i * 7 % 50, DType.Int64)));
        yield return Case("top k", [40, 3000], x => x.TopK(50).Values);
        yield return Case("a broadcast bias", [64], x => x.Reshape(1, 64, 1, 1) * Tensor.Uniform([3, 64, 37, 41], RandomSource.FromSeed(8)));

        static TestCaseData Case(string name, Shape shape, Func<Tensor, Tensor> function) => new TestCaseData(shape, function).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Functions))]
    public void ThreadCount_DoesNotChangeABit(Shape shape, Func<Tensor, Tensor> function)
    {
        var before = ParallelRows.Threads;
        try
        {
            (float[] Value, float[] Gradient)? first = null;
            foreach (var threads in new[] { 1, 2, 3, 7 })
            {
                ParallelRows.Threads = threads;
                var x = Tensor.Uniform(shape, RandomSource.FromSeed(3), -1, 1).WithGrad();
                var y = function(x);
                var result = (y.ToArray<float>(), Gradients.Of(y, Tensor.Uniform(y.Shape, RandomSource.FromSeed(4)))[x].ToArray<float>());
                first ??= result;
                Assert.That(result.Item1, Is.EqualTo(first.Value.Value), $"{threads} threads");
                Assert.That(result.Item2, Is.EqualTo(first.Value.Gradient), $"{threads} threads");
            }
        }
        finally
        {
            ParallelRows.Threads = before;
        }
    }
}
