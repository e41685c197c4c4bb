using System.Runtime.CompilerServices;

namespace LzuCore.Memory;

/// <summary>Contracts at the public boundary, one line each. Kernels assert in Debug only.</summary>
public static class Check
{
    /// <summary>Any size is accepted at this axis.</summary>
    public const int Any = -1;

    /// <summary>Requires <paramref name="actual"/> to match <paramref name="expected"/>, where <see cref="Any"/> matches every size.</summary>
    /// <exception cref="ShapeException">The rank or a size differs.</exception>
    public static void Shape(string what, Shape actual, ReadOnlySpan<int> expected, string? remedy = null)
    {
        var ok = actual.Rank == expected.Length;
        for (var i = 0; ok && i < expected.Length; i++) ok = expected[i] == Any || expected[i] == actual[i];
        if (ok) return;
        var wanted = string.Join(", ", expected.ToArray().Select(d => d == Any ? "*" : d.ToString()));
        throw new ShapeException(what, $"must be [{wanted}]", actual.ToString(), remedy);
    }

    /// <summary>Requires a number of axes.</summary>
    /// <exception cref="ShapeException">The rank differs.</exception>
    public static void Rank(string what, Shape actual, int rank)
    {
        if (actual.Rank != rank) throw new ShapeException(what, $"must have {rank} axes", actual.ToString());
    }

    /// <summary>Requires a condition on an argument's value; <paramref name="message"/> is built only when it fails.</summary>
    /// <exception cref="ArgumentValueException">The condition is false.</exception>
    public static void That(bool condition, [InterpolatedStringHandlerArgument(nameof(condition))] ref CheckMessage message)
    {
        if (!condition) throw new ArgumentValueException(message.ToString());
    }

    /// <summary>Requires a floating dtype. Ops store float16 and bfloat16 and compute them in float32.</summary>
    /// <exception cref="DTypeException">Another dtype.</exception>
    public static void Floating(string what, DType dtype)
    {
        if (!dtype.IsFloating()) throw new DTypeException($"{what} must be floating, got {dtype.Name()}. Convert with .To(DType.Float32).");
    }

    /// <summary>Requires a parameter to have the dtype of what it is applied to; float32 serves float16 and bfloat16, too.</summary>
    /// <exception cref="DTypeException">It has not.</exception>
    public static void Parameter(string op, DType input, DType parameter)
    {
        if (!(input.IsHalf() && parameter == DType.Float32)) SameDType(op, input, parameter);
    }

    /// <summary>Requires two operands to share a dtype.</summary>
    /// <exception cref="DTypeException">They differ.</exception>
    public static void SameDType(string op, DType a, DType b)
    {
        if (a != b) throw new DTypeException($"{op}: operands are {a.Name()} and {b.Name()}. Convert one with .To(DType.{a}).");
    }

    /// <summary>Resolves a possibly negative axis.</summary>
    /// <exception cref="ShapeException">The axis is outside the shape.</exception>
    public static int Axis(string op, Shape shape, int dim)
    {
        var axis = dim < 0 ? dim + shape.Rank : dim;
        if (axis < 0 || axis >= shape.Rank)
            throw new ShapeException(op, $"dim must be within [{-shape.Rank}, {shape.Rank - 1}]", $"{dim} for shape {shape}");
        return axis;
    }

    /// <summary>Builds the message of <see cref="That"/> lazily.</summary>
    [InterpolatedStringHandler]
    public ref struct CheckMessage
    {
        private DefaultInterpolatedStringHandler _inner;
        private readonly bool _needed;

        /// <summary>Called by the compiler; formatting is skipped while the condition holds.</summary>
        public CheckMessage(int literalLength, int formattedCount, bool condition, out bool needed)
        {
            _needed = needed = !condition;
            _inner = needed ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
        }

        /// <summary>Called by the compiler.</summary>
        public void AppendLiteral(string s) => _inner.AppendLiteral(s);

        /// <summary>Called by the compiler.</summary>
        public void AppendFormatted<T>(T value) => _inner.AppendFormatted(value);

        /// <summary>The message.</summary>
        public override string ToString() => _needed ? _inner.ToStringAndClear() : "";
    }
}
