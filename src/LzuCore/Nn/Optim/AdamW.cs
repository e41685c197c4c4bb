using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Nn.Optim;

/// <summary>Adam with decoupled weight decay: <c>m = β₁m + (1−β₁)g; s = β₂s + (1−β₂)g²; p = p·(1 − lr·decay) − lr·m̂ / (√ŝ + ε)</c>
/// with <c>m̂ = m / (1−β₁ᵗ)</c> and <c>ŝ = s / (1−β₂ᵗ)</c>. Source: Loshchilov and Hutter 2019; torch.optim.AdamW.</summary>
public sealed class AdamW : Optimizer
{
    private readonly double _beta1, _beta2, _epsilon, _weightDecay;
    private readonly bool _decoupled;

    /// <summary>Over one group. Without <paramref name="decoupled"/> decay is added to the gradient: torch.optim.Adam.</summary>
    public AdamW(IEnumerable<Parameter> parameters, double learningRate, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0.01, bool decoupled = true)
        : this([new ParameterGroup([.. parameters])], learningRate, beta1, beta2, epsilon, weightDecay, decoupled) { }

    /// <summary>Over several groups.</summary>
    /// <exception cref="ArgumentValueException">A number is out of range, or a parameter appears twice.</exception>
    public AdamW(IEnumerable<ParameterGroup> groups, double learningRate, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0.01, bool decoupled = true)
        : base(groups, learningRate)
    {
        Check.That(beta1 is >= 0 and < 1 && beta2 is >= 0 and < 1, $"adamw: betas must be within [0, 1), got {beta1} and {beta2}.");
        Check.That(epsilon >= 0 && weightDecay >= 0, $"adamw: epsilon and weight decay must be 0 or more, got {epsilon} and {weightDecay}.");
        (_beta1, _beta2, _epsilon, _weightDecay, _decoupled) = (beta1, beta2, epsilon, weightDecay, decoupled);
    }

    private protected override IReadOnlyList<string> StateNames => ["exp_avg", "exp_avg_sq"];

    private protected override void Update(Slot slot, Tensor value, Tensor gradient, Tensor output)
    {
        Tensor mean = slot.State("exp_avg", value), square = slot.State("exp_avg_sq", value);
        var args = new AdamArgs(LearningRate * slot.Group.LearningRateFactor, _beta1, _beta2, _epsilon, slot.Group.WeightDecay ?? _weightDecay, _decoupled, slot.Steps);
        value.Backend.Kernel<IOptimizerKernel>().Adam(args, value.View, gradient.View, mean.View, square.View, output.View);
    }
}
