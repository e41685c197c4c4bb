using LzuCore.Kernels;
using LzuCore.Tensors;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor x)
    {
        /// <summary><c>max(x, 0)</c>, elementwise, any shape. The derivative at 0 is 0, as in PyTorch; NaN stays NaN.</summary>
        public Tensor Relu() => Map("relu", x, default(Relu));
    }
}
