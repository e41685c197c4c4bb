using LzuCore.Kernels;
using LzuCore.Tensors;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor x)
    {
        /// <summary><c>eˣ</c>. Relative error at most 1e-6 in float32.</summary>
        public Tensor Exp() => Map("exp", x, default(Exp));

        /// <summary><c>eˣ − 1</c>, accurate near 0.</summary>
        public Tensor Expm1() => Map("expm1", x, default(Expm1));

        /// <summary><c>ln x</c>; −∞ at 0 and NaN below.</summary>
        public Tensor Log() => Map("log", x, default(Log));

        /// <summary><c>√x</c>; NaN below 0. The derivative at 0 is infinite.</summary>
        public Tensor Sqrt() => Map("sqrt", x, default(Sqrt));

        /// <summary><c>1 / √x</c>.</summary>
        public Tensor Rsqrt() => Map("rsqrt", x, default(Rsqrt));

        /// <summary><c>x²</c>.</summary>
        public Tensor Square() => Map("square", x, default(Square));

        /// <summary><c>1 / x</c>.</summary>
        public Tensor Reciprocal() => Map("reciprocal", x, new DivideInto(1));

        /// <summary><c>xᵖ</c> for a fixed exponent; a negative base with a fractional exponent gives NaN. Gradient: p xᵖ⁻¹, and 0 for p = 0.</summary>
        public Tensor Pow(double exponent) => exponent switch
        {
            1 => x,
            2 => Map("pow", x, default(Square)),
            -1 => Map("pow", x, new DivideInto(1)),
            _ => Map("pow", x, new Power(exponent)),
        };

        /// <summary><c>sin x</c>, radians.</summary>
        public Tensor Sin() => Map("sin", x, default(Sin));

        /// <summary><c>cos x</c>, radians.</summary>
        public Tensor Cos() => Map("cos", x, default(Cos));
    }
}
