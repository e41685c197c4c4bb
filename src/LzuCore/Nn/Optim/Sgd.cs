using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Nn.Optim;

/// <summary>Stochastic gradient descent with momentum: <c>g = dL/dp + decay·p; v = μ·v + (1 − dampening)·g (at first v = g); p −= lr·v</c>,
/// or <c>p −= lr·(g + μ·v)</c> with Nesterov's look-ahead. As torch.optim.SGD: the learning rate is outside the velocity.</summary>
public sealed class Sgd : Optimizer
{
    private readonly double _momentum, _dampening, _weightDecay;
    private readonly bool _nesterov;

    /// <summary>Over one group.</summary>
    public Sgd(IEnumerable<Parameter> parameters, double learningRate, double momentum = 0, double weightDecay = 0, bool nesterov = false, double dampening = 0)
        : this([new ParameterGroup([.. parameters])], learningRate, momentum, weightDecay, nesterov, dampening) { }

    /// <summary>Over several groups.</summary>
    /// <exception cref="ArgumentValueException">A number is out of range, or a parameter appears twice.</exception>
    public Sgd(IEnumerable<ParameterGroup> groups, double learningRate, double momentum = 0, double weightDecay = 0, bool nesterov = false, double dampening = 0)
        : base(groups, learningRate)
    {
        Check.That(momentum >= 0 && weightDecay >= 0, $"sgd: momentum and weight decay must be 0 or more, got {momentum} and {weightDecay}.");
        Check.That(!nesterov || (momentum > 0 && dampening == 0), $"sgd: nesterov needs momentum above 0 and no dampening, got {momentum} and {dampening}.");
        (_momentum, _dampening, _weightDecay, _nesterov) = (momentum, dampening, weightDecay, nesterov);
    }

    private protected override IReadOnlyList<string> StateNames => ["momentum_buffer"];

    private protected override void Update(Slot slot, Tensor value, Tensor gradient, Tensor output)
    {
        var velocity = _momentum == 0 ? null : slot.State("momentum_buffer", value);
        var args = new SgdArgs(LearningRate * slot.Group.LearningRateFactor, _momentum, _dampening, slot.Group.WeightDecay ?? _weightDecay, _nesterov, slot.Steps == 1);
        value.Backend.Kernel<IOptimizerKernel>().Sgd(args, value.View, gradient.View, velocity?.View, output.View);
    }
}
