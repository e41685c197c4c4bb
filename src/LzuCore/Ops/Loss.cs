using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Ops;

/// <summary>What a loss does with its elements.</summary>
public enum Reduction
{
    /// <summary>Nothing: one value per element.</summary>
    None,
    /// <summary>Their mean; NaN of none.</summary>
    Mean,
    /// <summary>Their sum; 0 of none.</summary>
    Sum,
}

public static partial class F
{
    /// <summary><c>|input − target|</c>. Shapes are equal. Gradient to both; 0 where they agree.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor L1(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
        Reduced(SameShape("l1_loss", input, target, (a, b) => (a - b).Abs()), reduction);

    /// <summary><c>(input − target)²</c>. Shapes are equal. Gradient to both.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor Mse(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
        Reduced(SameShape("mse_loss", input, target, (a, b) => (a - b).Square()), reduction);

    /// <summary>With <c>d = |input − target|</c>: <c>d²/2β</c> where d &lt; β, <c>d − β/2</c> elsewhere; β = 0 is L1. Shapes are equal. Gradient to both.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="ArgumentValueException">β is negative or NaN.</exception>
    public static Tensor SmoothL1(Tensor input, Tensor target, double beta = 1, Reduction reduction = Reduction.Mean)
    {
        Check.That(beta >= 0, $"smooth_l1_loss: beta must be 0 or more, got {beta}.");
        return Reduced(SameShape("smooth_l1_loss", input, target, (a, b) => Map("smooth_l1_loss", a - b, new Kernels.SmoothL1(beta))), reduction);
    }

    private static Tensor SameShape(string name, Tensor input, Tensor target, Func<Tensor, Tensor, Tensor> loss)
    {
        if (input.Shape != target.Shape) throw new ShapeException(name, $"target must have input's shape {input.Shape}", target.Shape.ToString());
        Check.SameDType(name, input.DType, target.DType);
        return loss(input, target);
    }

    private static Tensor Reduced(Tensor each, Reduction reduction) => reduction switch
    {
        Reduction.Mean => each.Mean(),
        Reduction.Sum => each.Sum(),
        _ => each,
    };
}
