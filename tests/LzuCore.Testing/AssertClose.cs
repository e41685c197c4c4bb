using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Testing;

/// <summary>Compares tensors; a failure names the op, the shape, the worst index and both values.</summary>
public static class AssertClose
{
    /// <summary>The default for a dtype: float32 1e-5, float64 1e-10, relative above 1 and absolute below.</summary>
    public static double ToleranceOf(DType dtype) => dtype == DType.Float64 ? 1e-10 : 1e-5;

    /// <summary>Null when every |got - expected| ≤ tolerance · (1 + |expected|); otherwise what is wrong.</summary>
    public static string? Compare(Tensor got, Tensor expected, double? tolerance = null)
    {
        if (got.Shape != expected.Shape) return $"shape {got.Shape}, expected {expected.Shape}";
        return Compare(got, expected.To(DType.Float64).ToArray<double>(), tolerance);
    }

    public static string? Compare(Tensor got, double[] expected, double? tolerance = null)
    {
        var limit = tolerance ?? ToleranceOf(got.DType);
        var values = got.To(DType.Float64).ToArray<double>();
        if (values.Length != expected.Length) return $"{values.Length} elements, expected {expected.Length}";
        var worst = -1;
        var worstError = limit;
        for (var i = 0; i < values.Length; i++)
        {
            var error = values[i].Equals(expected[i]) ? 0 : Math.Abs(values[i] - expected[i]) / (1 + Math.Abs(expected[i]));
            if (error <= worstError) continue;
            (worst, worstError) = (i, error);
            if (double.IsNaN(error)) break;
        }
        return worst < 0 ? null : $"{got.DType.Name()} {got.Shape}: element {worst} is {values[worst]:R}, expected {expected[worst]:R} (error {worstError:g3}, limit {limit:g3})";
    }
}
