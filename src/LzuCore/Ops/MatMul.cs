using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor a)
    {
        /// <summary>Matrix product: <c>c[…,i,j] = Σ_k a[…,i,k] · b[…,k,j]</c>.</summary>
        /// <remarks>
        /// <para>a [..., M, K], b [..., K, N]; the axes in front broadcast. Transposed views are read in place, not copied.</para>
        /// <para>Gradient: dA = dC · Bᵀ, dB = Aᵀ · dC, summed over broadcast axes. Cost: 2·M·N·K floating-point operations a matrix. Source: torch.matmul.</para>
        /// </remarks>
        /// <exception cref="ShapeException">Fewer than two axes, inner sizes that differ, or batches that do not broadcast.</exception>
        /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
        public Tensor MatMul(Tensor b)
        {
            Check.Floating("matmul: a", a.DType);
            Check.SameDType("matmul", a.DType, b.DType);
            if (a.Rank < 2 || b.Rank < 2) throw new ShapeException("matmul", "both operands must have at least 2 axes", $"{a.Shape} and {b.Shape}", "Add an axis with .Unsqueeze().");
            int m = a.Shape.Dims[^2], k = a.Shape.Dims[^1], n = b.Shape.Dims[^1];
            if (b.Shape.Dims[^2] != k) throw new ShapeException("matmul", $"a {a.Shape} expects {k} rows in b", $"b {b.Shape}");
            if (a.Rank == 2 && b.Rank == 2) return Op.Apply(new MatMulOp(), a.Unsqueeze(0), b.Unsqueeze(0)).Squeeze(0);
            var batch = Shape.Broadcast("matmul", new Shape(a.Shape.Dims[..^2]), new Shape(b.Shape.Dims[..^2]));
            var left = a.Expand([.. batch, m, k]).Reshape(checked((int)batch.Count), m, k);
            var right = b.Expand([.. batch, k, n]).Reshape(checked((int)batch.Count), k, n);
            return Op.Apply(new MatMulOp(), left, right).Reshape([.. batch, m, n]);
        }
    }
}

// Rank 3: [B, M, K] · [B, K, N].
internal sealed class MatMulOp() : Op("matmul")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var (a, b) = (inputs[0], inputs[1]);
        var output = Tensor.Empty([a.Shape[0], a.Shape[1], b.Shape[2]], a);
        a.Backend.Kernel<IGemmKernel>().Forward(default, a.View, b.View, default, output.View);
        Save(a, b);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        TensorView a = Saved(0).View, b = Saved(1).View;
        var kernel = dOutput.Backend.Kernel<IGemmKernel>();
        if (sink.Empty(0) is { } dA) kernel.Forward(default, dOutput.View, b.With(b.Layout.Permute([0, 2, 1])), default, dA.View);
        if (sink.Empty(1) is { } dB) kernel.Forward(default, a.With(a.Layout.Permute([0, 2, 1])), dOutput.View, default, dB.View);
    }

    protected override long Flops(ReadOnlySpan<Tensor> inputs, Tensor output) => 2 * output.Shape.Count * inputs[0].Shape[2];
}
