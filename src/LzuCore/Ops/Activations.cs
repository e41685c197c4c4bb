using LzuCore.Kernels;
using LzuCore.Tensors;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor x)
    {
        /// <summary><c>1 / (1 + e⁻ˣ)</c>, without overflow for any x.</summary>
        public Tensor Sigmoid() => Map("sigmoid", x, default(Sigmoid));

        /// <summary><c>tanh x</c>.</summary>
        public Tensor Tanh() => Map("tanh", x, default(Tanh));

        /// <summary><c>x</c> above 0, <c>slope · x</c> elsewhere. The derivative at 0 is the slope, as in PyTorch.</summary>
        public Tensor LeakyRelu(double slope = 0.01) => Map("leaky_relu", x, new LeakyRelu(slope));

        /// <summary><c>x</c> above 0, <c>alpha · (eˣ − 1)</c> elsewhere.</summary>
        public Tensor Elu(double alpha = 1) => Map("elu", x, new Elu(alpha));

        /// <summary><c>x Φ(x)</c>, Φ the normal distribution function (the exact form, not the tanh approximation).</summary>
        public Tensor Gelu() => Map("gelu", x, default(Gelu));

        /// <summary><c>x · sigmoid(x)</c>.</summary>
        public Tensor Silu() => Map("silu", x, default(Silu));

        /// <summary><c>ln(1 + e^βx) / β</c>; x itself where βx passes the threshold.</summary>
        public Tensor Softplus(double beta = 1, double threshold = 20) => Map("softplus", x, new Softplus(beta, threshold));

        /// <summary><c>min(max(x, 0), 6)</c>. The derivative at 0 and 6 is 0.</summary>
        public Tensor Relu6() => Map("relu6", x, new HardTanh(0, 6));

        /// <summary><c>min(max(x, low), high)</c>. The derivative at the limits is 0 (<c>Clamp</c>'s is 1).</summary>
        public Tensor HardTanh(double low = -1, double high = 1) => Map("hardtanh", x, new HardTanh(low, high));

        /// <summary><c>x · relu6(x + 3) / 6</c>. The derivative is 0 at −3 and 1 at 3.</summary>
        public Tensor HardSwish() => Map("hardswish", x, default(HardSwish));

        /// <summary><c>relu6(x + 3) / 6</c>. The derivative is 0 at −3 and 3.</summary>
        public Tensor HardSigmoid() => Map("hardsigmoid", x, default(HardSigmoid));
    }
}
