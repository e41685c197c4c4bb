using System.Numerics;
using LzuCore.Kernels;

namespace LzuCore.Tests.Kernels;

/// <summary>Vector and scalar forms against <c>System.Math</c>, over the whole range where the result is a normal number.</summary>
public sealed class FormulaTests
{
    private static IEnumerable<TestCaseData> Functions()
    {
        yield return Case<Exp>("exp", -87, 88, Math.Exp);
        yield return Case<Log>("log", 1e-6f, 4, Math.Log);
        yield return Case<Sigmoid>("sigmoid", -80, 80, x => 1 / (1 + Math.Exp(-x)));
        yield return Case<Tanh>("tanh", -9, 9, Math.Tanh);
        yield return Case<Expm1>("expm1", -9, 9, x => Math.Abs(x) < 1e-4 ? x + x * x / 2 + x * x * x / 6 : Math.Exp(x) - 1);
        yield return new TestCaseData(-20f, 25f, (Func<Vector<float>, Vector<float>>)new Softplus(1, 30).Invoke, (Func<float, float>)new Softplus(1, 30).Invoke, (Func<double, double>)(x => x < -15 ? Math.Exp(x) - Math.Exp(2 * x) / 2 : Math.Log(1 + Math.Exp(x)))).SetArgDisplayNames("softplus");

        static TestCaseData Case<T>(string name, float low, float high, Func<double, double> truth) where T : struct, IMapFormula =>
            new TestCaseData(low, high, (Func<Vector<float>, Vector<float>>)default(T).Invoke, (Func<float, float>)default(T).Invoke, truth).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Functions))]
    public void RelativeError_IsBelowOneMillionth(float low, float high, Func<Vector<float>, Vector<float>> lanes, Func<float, float> scalar, Func<double, double> truth)
    {
        const int count = 100_000;
        double worstLane = 0, worstScalar = 0;
        for (var i = 0; i < count; i++)
        {
            var x = low + (high - low) * i / count;
            var expected = truth(x);
            if (expected == 0) continue;
            worstLane = Math.Max(worstLane, Math.Abs(lanes(new Vector<float>(x))[0] / expected - 1));
            worstScalar = Math.Max(worstScalar, Math.Abs(scalar(x) / expected - 1));
        }
        Assert.That(worstLane, Is.LessThan(1e-6));
        Assert.That(worstScalar, Is.LessThan(1e-6));
    }
}
