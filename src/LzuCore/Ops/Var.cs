using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Ops;

// Reductions composed of sums, means and extremes; their gradients are those ops'.
public static partial class F
{
    extension(Tensor x)
    {
        /// <summary>The variance over axes, all when none are given: mean of <c>(x − mean)²</c>, times n / (n − correction). Two passes, so no cancellation.
        /// NaN when n ≤ correction.</summary>
        /// <exception cref="ShapeException">An axis is outside the shape or named twice.</exception>
        public Tensor Var(ReadOnlySpan<int> dims, bool keepDim = false, int correction = 1)
        {
            var axes = ReducedAxes("var", x.Shape, dims);
            var count = axes.Aggregate(1L, (n, axis) => n * x.Shape[axis]);
            var squares = (x - x.Mean(axes, keepDim: true)).Square();
            return squares.Sum(axes, keepDim) / (count > correction ? count - correction : double.NaN);
        }

        /// <summary>The variance over one axis with Bessel's correction, as PyTorch's default.</summary>
        public Tensor Var(int dim, bool keepDim = false) => x.Var([dim], keepDim);

        /// <summary>The root of the variance over axes, all when none are given. The gradient is infinite where the variance is 0.</summary>
        public Tensor Std(ReadOnlySpan<int> dims, bool keepDim = false, int correction = 1) => x.Var(dims, keepDim, correction).Sqrt();

        /// <summary>The L2 norm over axes, all when none are given. The gradient is x / norm, and 0 where the norm is 0.</summary>
        /// <exception cref="ShapeException">An axis is outside the shape or named twice.</exception>
        public Tensor Norm(ReadOnlySpan<int> dims, bool keepDim = false)
        {
            var squares = x.Square().Sum(dims, keepDim);
            // sqrt's derivative at 0 is infinite; a constant in its place stops it, and Where passes no gradient to it.
            var isZero = squares.Equal(0);
            return Where(isZero, 0, Where(isZero, 1, squares).Sqrt());
        }

        /// <summary>Whether every element over the given axes (all when none are given) differs from 0; true of nothing. Bool.</summary>
        /// <exception cref="ShapeException">An axis is outside the shape or named twice.</exception>
        public Tensor All(params ReadOnlySpan<int> dims) => x.Detach().Equal(0).To(DType.Float32).Sum(dims).Equal(0);

        /// <summary>Whether some element over the given axes (all when none are given) differs from 0; false of nothing. Bool.</summary>
        /// <exception cref="ShapeException">An axis is outside the shape or named twice.</exception>
        public Tensor Any(params ReadOnlySpan<int> dims) => x.Detach().NotEqual(0).To(DType.Float32).Sum(dims).NotEqual(0);
    }
}
