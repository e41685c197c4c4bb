using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

/// <summary>Functions of one variable: every one against <c>System.Math</c> in float64, over sizes with and without whole vectors.</summary>
public sealed class ElementwiseCases : OpCases
{
    public override string Op => "elementwise";

    public override IEnumerable<OpCase> All() =>
    [
        .. Function("exp", x => x.Exp(), Math.Exp, -6, 3),
        .. Function("expm1", x => x.Expm1(), v => Math.Abs(v) < 1e-5 ? v + v * v / 2 : Math.Exp(v) - 1, -3, 3),
        .. Function("log", x => x.Log(), Math.Log, 0.01, 30),
        .. Function("sqrt", x => x.Sqrt(), Math.Sqrt, 0.01, 30),
        .. Function("rsqrt", x => x.Rsqrt(), v => 1 / Math.Sqrt(v), 0.1, 30),
        .. Function("square", x => x.Square(), v => v * v, -3, 3),
        .. Function("reciprocal", x => x.Reciprocal(), v => 1 / v, 0.2, 3),
        .. Function("pow 3", x => x.Pow(3), v => v * v * v, -2, 2),
        .. Function("pow 0.37", x => x.Pow(0.37), v => Math.Pow(v, 0.37), 0.1, 9),
        .. Function("pow 0", x => x.Pow(0), _ => 1, -2, 2),
        .. Function("sin", x => x.Sin(), Math.Sin, -20, 20),
        .. Function("cos", x => x.Cos(), Math.Cos, -20, 20),
        .. Function("sigmoid", x => x.Sigmoid(), v => 1 / (1 + Math.Exp(-v)), -20, 20),
        .. Function("tanh", x => x.Tanh(), Math.Tanh, -3, 3),
        .. Function("gelu", x => x.Gelu(), v => v * NormalDistribution(v), -5, 5),
        .. Function("silu", x => x.Silu(), v => v / (1 + Math.Exp(-v)), -20, 20),
        .. Function("softplus", x => x.Softplus(), v => Math.Log(1 + Math.Exp(v)), -9, 30),
        .. Function("softplus beta", x => x.Softplus(2, 5), v => 2 * v > 5 ? v : Math.Log(1 + Math.Exp(2 * v)) / 2, -9, 9),
        .. Function("leaky_relu", x => x.LeakyRelu(0.1), v => v > 0 ? v : 0.1 * v, -2, 2),
        .. Function("elu", x => x.Elu(1.5), v => v > 0 ? v : 1.5 * (Math.Exp(v) - 1), -4, 2),
        .. Function("relu6", x => x.Relu6(), v => Math.Clamp(v, 0, 6), -3, 9),
        .. Function("hardtanh", x => x.HardTanh(-1, 2), v => Math.Clamp(v, -1, 2), -3, 3),
        .. Function("hardswish", x => x.HardSwish(), v => v * Math.Clamp(v + 3, 0, 6) / 6, -5, 5),
        .. Function("hardsigmoid", x => x.HardSigmoid(), v => Math.Clamp(v + 3, 0, 6) / 6, -5, 5),
        .. Function("clamp", x => x.Clamp(-1, 1), v => Math.Clamp(v, -1, 1), -2, 2),
        .. Function("clamp above", x => x.Clamp(high: 1), v => Math.Min(v, 1), -2, 2),
        .. Function("abs", x => x.Abs(), Math.Abs, -2, 2),
        .. Function("sign", x => x.Sign(), v => Math.Sign(v), -2, 2),
        .. Function("floor", x => x.Floor(), Math.Floor, -5, 5),
        .. Function("ceil", x => x.Ceil(), Math.Ceiling, -5, 5),
        .. Function("round", x => x.Round(), Math.Round, -5, 5),
        Case("limits of exp", [Values([5], float.NegativeInfinity, -200, 0, 200, float.PositiveInfinity)], x => x[0].Exp())
            with { Expected = [0, 0, 1, float.PositiveInfinity, float.PositiveInfinity], Smooth = false },
        Case("sigmoid far out", [Values([6], float.NegativeInfinity, -1e4f, -80, 80, 1e4f, float.PositiveInfinity)], x => x[0].Sigmoid())
            with { Expected = [0, 0, 1.8048514e-35f, 1, 1, 1], Smooth = false },
        Case("tanh far out", [Values([4], float.NegativeInfinity, -1e4f, 1e4f, float.PositiveInfinity)], x => x[0].Tanh()) with { Expected = [-1, -1, 1, 1], Smooth = false },
        Case("softplus far out", [Values([3], -1e4f, 1e4f, float.PositiveInfinity)], x => x[0].Softplus()) with { Expected = [0, 1e4f, float.PositiveInfinity], Smooth = false },
        Case("log of zero and below", [Values([3], 0, -1, float.PositiveInfinity)], x => x[0].Log())
            with { Expected = [float.NegativeInfinity, float.NaN, float.PositiveInfinity], Smooth = false },
        Case("clamp keeps NaN; the upper limit wins", [Values([3], float.NaN, 5, -5)], x => x[0].Clamp(2, 1)) with { Expected = [float.NaN, 1, 1], Smooth = false },
        Case("round halves to even", [Values([4], 0.5f, 1.5f, 2.5f, -0.5f)], x => x[0].Round()) with { Expected = [0, 2, 2, 0], Smooth = false },
        Rejects("integers", [Values([2], 1, 2).To(DType.Int64)], x => x[0].Exp(), because: "exp: input must be floating, got int64"),
    ];

    private IEnumerable<OpCase> Function(string name, Func<Tensor, Tensor> function, Func<double, double> truth, double low, double high)
    {
        foreach (var (what, shape) in new[] { ("one", new Shape(1)), ("a vector and a tail", new Shape(2, 37)), ("an image", new Shape(2, 3, 4, 5)), ("nothing", new Shape(0, 3)) })
            yield return Case($"{name}, {what}", [Random(shape, low, high, seed: 11)], x => function(x[0]))
                with
            { Reference = x => Tensor.Generate(x[0].Shape, Truth(x[0]), DType.Float64), Tolerance = 2e-6 };
        yield return Case($"{name}, NaN", [Tensor.Full([40], double.NaN)], x => function(x[0]))
            with
        { Expected = [.. Enumerable.Repeat(name switch { "sign" => 0f, "pow 0" => 1f, _ => float.NaN }, 40)], Smooth = false };
        yield return Case($"{name}, a strided view", [Random([5, 9], low, high, seed: 12)], x => function(x[0].Transpose(0, 1).Narrow(0, 1, 7)));

        Func<long, double> Truth(Tensor x)
        {
            var values = x.To(DType.Float64).ToArray<double>();
            return i => truth(values[i]);
        }
    }

    // Φ by Simpson's rule from 0: nothing in common with the kernel's approximation.
    private static double NormalDistribution(double x)
    {
        const int steps = 2000;
        var h = x / steps;
        var sum = 0.0;
        for (var i = 0; i <= steps; i++) sum += (i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2) * Math.Exp(-0.5 * i * h * i * h);
        return 0.5 + sum * h / 3 / Math.Sqrt(2 * Math.PI);
    }
}
