using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>First values of parameters. Fans are PyTorch's: of a weight [out, in, …], fan-in = in · (elements of …), fan-out = out · (elements of …);
/// a vector counts as both.</summary>
public static class Init
{
    /// <summary>Every element equal.</summary>
    public static Initializer Constant(double value) => (shape, _) => Tensor.Full(shape, value);

    /// <summary>Zeros.</summary>
    public static Initializer Zeros => Constant(0);

    /// <summary>Ones.</summary>
    public static Initializer Ones => Constant(1);

    /// <summary>Uniform in [low, high).</summary>
    public static Initializer Uniform(double low, double high) => (shape, random) => Tensor.Uniform(shape, random, low, high);

    /// <summary>Normal.</summary>
    public static Initializer Normal(double mean = 0, double deviation = 1) => (shape, random) => Tensor.Normal(shape, random, mean, deviation);

    /// <summary>He et al. 2015: uniform in ±gain·√(3 / fan). The default gain √2 suits ReLU; PyTorch's own layers use slope √5, that is gain √(1/3).</summary>
    public static Initializer KaimingUniform(bool fanOut = false, double? gain = null) =>
        (shape, random) => Spread(shape, random, Gain(gain) * Math.Sqrt(3 / Fan(shape, fanOut)));

    /// <summary>He et al. 2015: normal with deviation gain / √fan. The default gain √2 suits ReLU.</summary>
    public static Initializer KaimingNormal(bool fanOut = false, double? gain = null) =>
        (shape, random) => Tensor.Normal(shape, random, 0, Gain(gain) / Math.Sqrt(Fan(shape, fanOut)));

    /// <summary>Glorot and Bengio 2010: uniform in ±gain·√(6 / (fan-in + fan-out)).</summary>
    public static Initializer XavierUniform(double gain = 1) =>
        (shape, random) => Spread(shape, random, gain * Math.Sqrt(6 / (Fan(shape, false) + Fan(shape, true))));

    /// <summary>Glorot and Bengio 2010: normal with deviation gain·√(2 / (fan-in + fan-out)).</summary>
    public static Initializer XavierNormal(double gain = 1) =>
        (shape, random) => Tensor.Normal(shape, random, 0, gain * Math.Sqrt(2 / (Fan(shape, false) + Fan(shape, true))));

    /// <summary>√2 / √(1 + slope²): the gain of a leaky ReLU.</summary>
    public static double LeakyReluGain(double slope) => Math.Sqrt(2 / (1 + slope * slope));

    private static double Gain(double? gain) => gain ?? Math.Sqrt(2);

    private static Tensor Spread(Shape shape, RandomSource random, double bound) => Tensor.Uniform(shape, random, -bound, bound);

    private static double Fan(Shape shape, bool fanOut)
    {
        if (shape.Rank == 0) throw new ShapeException("init", "a weight must have at least one axis to have a fan", shape.ToString());
        double fan = shape.Rank == 1 ? shape[0] : shape[fanOut ? 0 : 1];
        for (var i = 2; i < shape.Rank; i++) fan *= shape[i];
        return Math.Max(1, fan);
    }
}
