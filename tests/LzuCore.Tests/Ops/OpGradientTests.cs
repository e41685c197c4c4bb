using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;

namespace LzuCore.Tests.Ops;

/// <summary>Every smooth case in float64: backward equals finite differences.</summary>
public sealed class OpGradientTests
{
    private static IEnumerable<TestCaseData> Cases => AllOpCases.All
        .Where(c => c is { BenchmarkOnly: false, Smooth: true, Because: null }).Select(c => new TestCaseData(c).SetArgDisplayNames(c.ToString()));

    [TestCaseSource(nameof(Cases))]
    public void Backward_EqualsFiniteDifferences(OpCase c)
    {
        var inputs = c.Inputs.Select((t, i) =>
            !t.DType.IsFloating() ? t :
            c.Differentiable is null || c.Differentiable.Contains(i) ? t.To(DType.Float64).WithGrad() : t.To(DType.Float64)).ToArray();
        if (inputs.All(i => i.Shape.Count == 0)) return;
        foreach (var result in GradCheck.Run(c.Apply, inputs))
            Assert.That(result.Error, Is.LessThan(1e-6), $"{c}: input {result.Input}, element {result.WorstIndex}: finite difference {result.Expected:R}, backward {result.Got:R}");
    }
}
