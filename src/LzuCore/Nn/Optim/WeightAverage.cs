using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Nn.Optim;

/// <summary>The exponential moving average of a model's parameters: <c>a = d·a + (1 − d)·p</c> after each step, with <c>d = min(decay, (1 + n) / (10 + n))</c> in step n, so that
/// the first values fade quickly. Buffers are not averaged. Source: Polyak and Juditsky 1992; the warm-up is TensorFlow's ExponentialMovingAverage.</summary>
public sealed class WeightAverage
{
    private readonly Module _model;
    private readonly double _decay;
    private readonly Dictionary<Parameter, Tensor> _averages = new(ReferenceEqualityComparer.Instance as IEqualityComparer<Parameter>);

    /// <summary>Begins with the parameters as they are.</summary>
    /// <exception cref="ArgumentValueException">The decay is not in [0, 1).</exception>
    public WeightAverage(Module model, double decay)
    {
        Check.That(decay is >= 0 and < 1, $"weight average: decay must be within [0, 1), got {decay}.");
        (_model, _decay) = (model, decay);
    }

    /// <summary>Takes in the parameters after a step.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    public void Update(int step)
    {
        using var off = Grad.Off();
        var decay = Math.Min(_decay, (1.0 + step) / (10.0 + step));
        foreach (var parameter in _model.Parameters)
        {
            using var scope = new TensorScope();
            var value = parameter.Value;
            if (_averages.TryGetValue(parameter, out var old))
            {
                _averages[parameter] = (old * decay + value * (1 - decay)).Persist();
                TensorScope.ReleaseNow(old);
            }
            else _averages[parameter] = (value * 1).Persist();
        }
    }

    /// <summary>A copy of the averages by key, for checkpoints; empty before the first step.</summary>
    public StateDict State()
    {
        using var off = Grad.Off();
        return new StateDict(_averages.Select(a => KeyValuePair.Create(a.Key.Key, a.Value * 1)));
    }

    /// <summary>Restores what <see cref="State"/> gave.</summary>
    /// <exception cref="ArgumentValueException">A parameter's average is missing or of another shape.</exception>
    public void LoadState(StateDict state)
    {
        using var off = Grad.Off();
        foreach (var parameter in state.Count == 0 ? [] : _model.Parameters)
            Check.That(state.TryGet(parameter.Key, out var value) && value.Shape == parameter.Shape, $"load weight average: {parameter.Key} {parameter.Shape} is missing or of another shape. Use the model it was saved with.");
        _averages.Clear();
        foreach (var parameter in state.Count == 0 ? [] : _model.Parameters) _averages[parameter] = (state[parameter.Key] * 1).Persist();
    }

    /// <summary>Runs something with the averages as the model's parameters, then puts the parameters back, bit by bit.</summary>
    public T Within<T>(Func<T> body)
    {
        if (_averages.Count == 0) return body();
        var own = new StateDict(_model.Parameters.Select(p => KeyValuePair.Create(p.Key, p.Value.Detach())));
        _model.LoadStateDict(State(), strict: false);
        try
        {
            return body();
        }
        finally
        {
            _model.LoadStateDict(own, strict: false);
        }
    }
}
