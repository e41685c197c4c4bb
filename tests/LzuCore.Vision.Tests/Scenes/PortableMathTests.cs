using CsCheck;
using LzuCore.Vision.Scenes;

namespace LzuCore.Vision.Tests.Scenes;

public sealed class PortableMathTests
{
    [Test]
    public void SinCos_IsTheSineAndCosine() => Gen.Double[-1e4, 1e4].Sample(x =>
    {
        var (sin, cos) = PortableMath.SinCos(x);
        Assert.That(sin, Is.EqualTo(Math.Sin(x)).Within(1e-11));
        Assert.That(cos, Is.EqualTo(Math.Cos(x)).Within(1e-11));
    }, threads: 1);

    [Test]
    public void Atan2_IsTheAngle() => Gen.Select(Gen.Double[-100, 100], Gen.Double[-100, 100]).Sample((y, x) =>
        Assert.That(PortableMath.Atan2(y, x), Is.EqualTo(Math.Atan2(y, x)).Within(1e-10)), threads: 1);

    [TestCase(0, 0, 0), TestCase(0, 1, 0), TestCase(0, -1, Math.PI), TestCase(1, 0, Math.PI / 2), TestCase(-1, 0, -Math.PI / 2)]
    public void Atan2_OnTheAxes_IsExactEnough(double y, double x, double angle) => Assert.That(PortableMath.Atan2(y, x), Is.EqualTo(angle).Within(1e-15));

    [Test]
    public void Exp_IsTheExponential() => Gen.Double[-600, 50].Sample(x => Assert.That(PortableMath.Exp(x), Is.EqualTo(Math.Exp(x)).Within(1e-12).Percent), threads: 1);

    [Test]
    public void Power_IsThePower() => Gen.Select(Gen.Double[0, 1], Gen.Double[0.5, 2]).Sample((x, e) => Assert.That(PortableMath.Power(x, e), Is.EqualTo(Math.Pow(x, e)).Within(1e-10)), threads: 1);
}
