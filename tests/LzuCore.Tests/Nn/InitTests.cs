using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;

namespace LzuCore.Tests.Nn;

/// <summary>Bounds and deviations of initialisers for a weight [16, 8, 3, 3]: fan-in 72, fan-out 144.</summary>
public sealed class InitTests
{
    private static readonly Shape Weight = [16, 8, 3, 3];

    private static IEnumerable<TestCaseData> UniformOnes =>
    [
        new TestCaseData(Init.KaimingUniform(), Math.Sqrt(2 * 3 / 72.0)).SetArgDisplayNames("kaiming"),
        new TestCaseData(Init.KaimingUniform(fanOut: true, gain: 1), Math.Sqrt(3 / 144.0)).SetArgDisplayNames("kaiming, fan-out"),
        new TestCaseData(Init.KaimingUniform(gain: Init.LeakyReluGain(Math.Sqrt(5))), 1 / Math.Sqrt(72)).SetArgDisplayNames("PyTorch's layers"),
        new TestCaseData(Init.XavierUniform(), Math.Sqrt(6 / 216.0)).SetArgDisplayNames("xavier"),
        new TestCaseData(Init.Uniform(-0.3, 0.3), 0.3).SetArgDisplayNames("plain"),
    ];

    private static IEnumerable<TestCaseData> NormalOnes =>
    [
        new TestCaseData(Init.KaimingNormal(), Math.Sqrt(2 / 72.0)).SetArgDisplayNames("kaiming"),
        new TestCaseData(Init.KaimingNormal(fanOut: true), Math.Sqrt(2 / 144.0)).SetArgDisplayNames("kaiming, fan-out"),
        new TestCaseData(Init.XavierNormal(2), 2 * Math.Sqrt(2 / 216.0)).SetArgDisplayNames("xavier"),
        new TestCaseData(Init.Normal(0, 0.01), 0.01).SetArgDisplayNames("plain"),
    ];

    [TestCaseSource(nameof(UniformOnes))]
    public void Uniform_FillsItsBounds(Initializer init, double bound)
    {
        var values = init(Weight, RandomSource.FromSeed(5)).ToArray<float>();
        Assert.That(values.Max(), Is.InRange(0.98 * bound, bound));
        Assert.That(values.Min(), Is.InRange(-bound, -0.98 * bound));
    }

    [TestCaseSource(nameof(NormalOnes))]
    public void Normal_HasItsDeviation(Initializer init, double deviation)
    {
        var values = init(Weight, RandomSource.FromSeed(5));
        Assert.That(Math.Sqrt(values.Square().Mean().Item()), Is.EqualTo(deviation).Within(8).Percent);
        Assert.That(Math.Abs(values.Mean().Item()), Is.LessThan(0.1 * deviation));
    }

    [Test]
    public void Constants() => Assert.That(Init.Ones([2], default).ToArray<float>().Concat(Init.Zeros([1], default).ToArray<float>()), Is.EqualTo([1f, 1, 0]));

    [Test]
    public void AScalarHasNoFan() => Assert.That(() => Init.KaimingNormal()([], default), Throws.TypeOf<ShapeException>());
}
