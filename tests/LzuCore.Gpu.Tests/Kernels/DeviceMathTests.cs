using LzuCore.Gpu.Kernels;

namespace LzuCore.Gpu.Tests.Kernels;

/// <summary>The functions that compiled kernels call in place of MathF and Math, against float64 (float32) and against the platform's (float64). PtxTests checks that the calls are replaced.</summary>
public sealed class DeviceMathTests
{
    // Half a unit in the last place is the best possible in float32.
    private const double Single = 1.2e-7, Double = 5e-16;

    [Test]
    public void Exp_IsExp() => Agree(-104, 89, Single, Double, DeviceMath.Exp, Math.Exp, DeviceMath.Exp, -745, 710);

    [Test]
    public void Log_IsLog()
    {
        Agree(1e-45, 100, Single, Double, DeviceMath.Log, Math.Log, DeviceMath.Log, 5e-324, 1e3, floor: 0.1);
        foreach (var x in new[] { 1e-310, 1e-300, 1e300, 0.999999, 1.000001 }) Assert.That(DeviceMath.Log(x), Is.EqualTo(Math.Log(x)).Within(Math.Abs(Math.Log(x)) * Double + 1e-17));
    }

    [Test]
    public void Tanh_IsTanh() => Agree(-20, 20, 2.4e-7, 1e-15, DeviceMath.Tanh, Math.Tanh, DeviceMath.Tanh, -30, 30);

    [Test]
    public void SinAndCos_AreSinAndCos()
    {
        Agree(-1e4, 1e4, Single, Double, DeviceMath.Sin, Math.Sin, DeviceMath.Sin, -1e5, 1e5, floor: 1);
        Agree(-1e4, 1e4, Single, Double, DeviceMath.Cos, Math.Cos, DeviceMath.Cos, -1e5, 1e5, floor: 1);
        Assert.That(DeviceMath.Sin(double.PositiveInfinity), Is.NaN);
    }

    [Test]
    public void Pow_IsPow()
    {
        double[] bases = [0, 1e-30, 0.3, 1, 1.5, 10, 1e20, -2, -0.5, double.PositiveInfinity, double.NegativeInfinity, double.NaN, -1];
        double[] exponents = [0, 1, 2, 3, -1, -2, 0.5, -0.5, 1.0 / 3, 17, -17, double.PositiveInfinity, double.NegativeInfinity, double.NaN];
        foreach (var x in bases)
            foreach (var y in exponents)
            {
                var expected = Math.Pow(x, y);
                Assert.That(DeviceMath.Pow(x, y), double.IsFinite(expected) ? Is.EqualTo(expected).Within(Math.Abs(expected) * 1e-13) : Is.EqualTo(expected), $"{x}^{y}");
                var single = (double)MathF.Pow((float)x, (float)y);
                Assert.That(DeviceMath.Pow((float)x, (float)y), double.IsFinite(single) ? Is.EqualTo(single).Within(Math.Abs(single) * 2e-7) : Is.EqualTo(single), $"{x}^{y} in float32");
            }
    }

    [Test]
    public void Rounding_IsThePlatforms()
    {
        double[] values = [0, 0.4, 0.5, 0.6, 1, 1.5, 2.5, 3.5, 4194303.5, 8388607.5, 8388608, 1e10, 4503599627370495.5, 1e300, double.PositiveInfinity, double.NaN, 1e-30];
        foreach (var x in values.SelectMany(v => new[] { v, -v }))
        {
            Assert.That(DeviceMath.Floor(x), Is.EqualTo(Math.Floor(x)), $"floor {x}");
            Assert.That(DeviceMath.Ceiling(x), Is.EqualTo(Math.Ceiling(x)), $"ceiling {x}");
            Assert.That(DeviceMath.Round(x), Is.EqualTo(Math.Round(x)), $"round {x}");
            var single = (float)x;
            Assert.That(DeviceMath.Floor(single), Is.EqualTo(MathF.Floor(single)), $"floor {single} in float32");
            Assert.That(DeviceMath.Ceiling(single), Is.EqualTo(MathF.Ceiling(single)), $"ceiling {single} in float32");
            Assert.That(DeviceMath.Round(single), Is.EqualTo(MathF.Round(single)), $"round {single} in float32");
        }
    }

    [Test]
    public void Modulo_IsTheRemainder()
    {
        foreach (var by in new[] { 0.7f, 1, 3, 199.5f })
            for (var i = 0; i < 20000; i++)
            {
                var v = i * 0.37f * by;
                Assert.That(SingleReal.Modulo(v, by), Is.EqualTo(v % by).Within(1e-6 * by).Or.EqualTo(v % by - by).Within(1e-6 * by), $"{v:R} by {by}");
                Assert.That(SingleReal.Modulo(v, by), Is.GreaterThanOrEqualTo(0));
            }
        Assert.That(SingleReal.Modulo(float.PositiveInfinity, 2), Is.NaN);
    }

    [Test]
    public void NotANumberAndInfinities_AreKept()
    {
        Assert.That(DeviceMath.Exp(float.NaN), Is.NaN);
        Assert.That(DeviceMath.Exp(double.NaN), Is.NaN);
        Assert.That(DeviceMath.Exp(float.PositiveInfinity), Is.EqualTo(float.PositiveInfinity));
        Assert.That(DeviceMath.Exp(float.NegativeInfinity), Is.Zero);
        Assert.That(DeviceMath.Exp(-104f), Is.EqualTo(MathF.Exp(-104f)));
        Assert.That(DeviceMath.Log(0f), Is.EqualTo(float.NegativeInfinity));
        Assert.That(DeviceMath.Log(-1f), Is.NaN);
        Assert.That(DeviceMath.Log(float.PositiveInfinity), Is.EqualTo(float.PositiveInfinity));
        Assert.That(DeviceMath.Log(double.NaN), Is.NaN);
        Assert.That(DeviceMath.Tanh(float.NegativeInfinity), Is.EqualTo(-1));
        Assert.That(DeviceMath.Tanh(float.NaN), Is.NaN);
    }

    // Errors relative to the value, or to floor where the function passes through 0 by cancellation of large arguments.
    private static void Agree(double low, double high, double single, double twice, Func<float, float> f, Func<double, double> truth, Func<double, double> g, double lowDouble, double highDouble, double floor = 0)
    {
        double worst = 0, worstDouble = 0, at = 0, atDouble = 0;
        for (var i = 0; i <= 200_000; i++)
        {
            var x = (float)(low + (high - low) * i / 200_000);
            double expected = truth(x), error = Math.Abs(f(x) - expected) / Math.Max(Math.Max(Math.Abs(expected), floor), 1.2e-38);
            if (expected <= float.MaxValue && error > worst) (worst, at) = (error, x);
            var z = lowDouble + (highDouble - lowDouble) * i / 200_000;
            expected = truth(z);
            error = Math.Abs(g(z) - expected) / Math.Max(Math.Max(Math.Abs(expected), floor), 2.3e-308);
            if (double.IsFinite(expected) && error > worstDouble) (worstDouble, atDouble) = (error, z);
        }
        Assert.That(worst, Is.LessThanOrEqualTo(single), $"float32, at {at:R}");
        Assert.That(worstDouble, Is.LessThanOrEqualTo(twice), $"float64, at {atDouble:R}");
    }
}
