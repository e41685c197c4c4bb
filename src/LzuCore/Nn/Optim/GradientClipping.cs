using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Nn.Optim;

/// <summary>Limits gradients before a step: <c>optimizer.Step(GradientClipping.ByNorm(gradients, 35).Gradients)</c>.</summary>
public static class GradientClipping
{
    /// <summary>Scales all gradients by <c>limit / (norm + 1e-6)</c> when that is below 1, where norm is the L2 norm of all of them together.
    /// Source: torch.nn.utils.clip_grad_norm_.</summary>
    /// <returns>The gradients to step with, and the norm before clipping.</returns>
    /// <exception cref="NonFiniteException">The norm is NaN or infinite, so that no scale would help.</exception>
    public static (Gradients Gradients, double Norm) ByNorm(Gradients gradients, double limit)
    {
        Check.That(limit > 0, $"clip_grad_norm: limit must be above 0, got {limit}.");
        var norm = Norm(gradients);
        if (!double.IsFinite(norm)) throw new NonFiniteException($"clip_grad_norm: the norm of the gradients must be finite, got {norm}. Lower the learning rate, or find the op with Grad.DetectAnomalies().");
        var factor = limit / (norm + 1e-6);
        return (factor < 1 ? Changed(gradients, g => g * factor) : gradients, norm);
    }

    /// <summary>Limits every element to [−limit, limit].</summary>
    public static Gradients ByValue(Gradients gradients, double limit)
    {
        Check.That(limit > 0, $"clip_grad_value: limit must be above 0, got {limit}.");
        return Changed(gradients, g => g.Clamp(-limit, limit));
    }

    /// <summary>The L2 norm of all gradients together. Each tensor is summed in float64 and rounded once to its dtype.</summary>
    public static double Norm(Gradients gradients)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        var total = 0.0;
        foreach (var (_, gradient) in gradients.All) total += gradient.Square().Sum().Item();
        return Math.Sqrt(total);
    }

    private static Gradients Changed(Gradients gradients, Func<Tensor, Tensor> change)
    {
        using var off = Grad.Off();
        return new Gradients(gradients.All.ToDictionary(g => g.Leaf, g => change(g.Gradient), ReferenceEqualityComparer.Instance as IEqualityComparer<Tensor>));
    }
}
