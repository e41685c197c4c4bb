using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Nn.Optim;

/// <summary>Parameters that share options.</summary>
/// <param name="Parameters">The parameters; those that do not require gradients are skipped.</param>
/// <param name="LearningRateFactor">Multiplies the optimiser's learning rate.</param>
/// <param name="WeightDecay">Replaces the optimiser's weight decay; null keeps it.</param>
public sealed record ParameterGroup(IReadOnlyList<Parameter> Parameters, double LearningRateFactor = 1, double? WeightDecay = null);

/// <summary>Writes new values into parameters, given their gradients. State depends on nothing but the steps taken, so a run resumed from
/// <see cref="State"/> and the parameters goes on with equal bits.</summary>
public abstract class Optimizer
{
    private readonly Slot[] _slots;

    /// <summary>An optimiser over groups.</summary>
    /// <exception cref="ArgumentValueException">A parameter appears twice, or the rate is negative or not finite.</exception>
    private protected Optimizer(IEnumerable<ParameterGroup> groups, double learningRate)
    {
        LearningRate = learningRate;
        Groups = [.. groups];
        _slots = [.. Groups.SelectMany(g => g.Parameters.Select(p => new Slot(p, g)))];
        var seen = new HashSet<Parameter>(ReferenceEqualityComparer.Instance);
        foreach (var slot in _slots)
            Check.That(seen.Add(slot.Parameter), $"optimizer: parameter '{slot.Parameter.Key}' appears twice. Put every parameter into one group.");
    }

    /// <summary>The groups, in order.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>The learning rate of the next step, before the groups' factors. Set it from a <see cref="Schedule"/>.</summary>
    /// <exception cref="ArgumentValueException">Negative or not finite.</exception>
    public double LearningRate
    {
        get;
        set
        {
            Check.That(value >= 0 && double.IsFinite(value), $"optimizer: learning rate must be finite and 0 or more, got {value}.");
            field = value;
        }
    }

    /// <summary>Moves every parameter that has a gradient; the others keep value and state.</summary>
    public void Step(Gradients gradients)
    {
        using var off = Grad.Off();
        using var scope = new TensorScope();
        foreach (var slot in _slots)
        {
            if (!slot.Parameter.RequiresGrad || gradients.Find(slot.Parameter.Value) is not { } gradient) continue;
            slot.Steps++;
            var value = slot.Parameter.Value.Contiguous();
            var output = Tensor.Empty(value.Shape, value);
            Update(slot, value, gradient.Contiguous(), output);
            GC.KeepAlive(gradient);
            GC.KeepAlive(slot.Parameter.Value);
            slot.Parameter.Value = output;
        }
    }

    /// <summary>A copy of the state, for checkpoints: per parameter (numbered over all groups) <c>i.step</c> and the tensors of the method.</summary>
    public StateDict State()
    {
        using var off = Grad.Off();
        var state = new StateDict();
        for (var i = 0; i < _slots.Length; i++)
        {
            if (_slots[i].Steps == 0) continue;
            state[$"{i}.step"] = Tensor.From([_slots[i].Steps], []);
            foreach (var (name, tensor) in _slots[i].Tensors) state[$"{i}.{name}"] = Copy(tensor);
        }
        return state;
    }

    /// <summary>Restores what <see cref="State"/> gave. Parameters and the learning rate are not part of it.</summary>
    /// <exception cref="ArgumentValueException">The state is of another method or another list of parameters.</exception>
    public void LoadState(StateDict state)
    {
        using var off = Grad.Off();
        var known = new HashSet<string>();
        for (var i = 0; i < _slots.Length; i++)
            foreach (var name in StateNames.Prepend("step"))
            {
                var key = $"{i}.{name}";
                if (!state.TryGet(key, out var tensor)) continue;
                var shape = name == "step" ? new Shape() : _slots[i].Parameter.Shape;
                Check.That(tensor.Shape == shape, $"load optimizer state: {key} must be {shape}, got {tensor.Shape}. Use the model and groups it was saved with.");
                known.Add(key);
            }
        var stranger = state.Select(s => s.Key).FirstOrDefault(k => !known.Contains(k));
        Check.That(stranger is null, $"load optimizer state: '{stranger}' belongs to no parameter of this optimizer. Use the method, model and groups it was saved with.");
        for (var i = 0; i < _slots.Length; i++)
        {
            _slots[i].Tensors.Clear();
            _slots[i].Steps = state.TryGet($"{i}.step", out var step) ? (long)step.Item() : 0;
            foreach (var name in StateNames)
                if (state.TryGet($"{i}.{name}", out var tensor)) _slots[i].Tensors[name] = Copy(tensor);
        }
    }

    /// <summary>The names of the tensors kept per parameter.</summary>
    private protected abstract IReadOnlyList<string> StateNames { get; }

    /// <summary>Writes the parameter's new value to <paramref name="output"/>. Everything has the default layout.</summary>
    private protected abstract void Update(Slot slot, Tensor value, Tensor gradient, Tensor output);

    private static Tensor Copy(Tensor tensor)
    {
        var copy = Tensor.Empty(tensor.Shape, tensor).Persist();
        tensor.Backend.Kernel<Kernels.ICopyKernel>().Copy(tensor.View, copy.View);
        GC.KeepAlive(tensor);
        return copy;
    }

    // A parameter with its state. The state's tensors never leave the optimiser (State copies), so kernels may update them in place.
    private protected sealed class Slot(Parameter parameter, ParameterGroup group)
    {
        public Parameter Parameter { get; } = parameter;
        public ParameterGroup Group { get; } = group;
        public Dictionary<string, Tensor> Tensors { get; } = [];
        public long Steps { get; set; }

        // Zeros when first asked for.
        public Tensor State(string name, Tensor like) =>
            Tensors.TryGetValue(name, out var tensor) ? tensor : Tensors[name] = Tensor.Zeros(like.Shape, like).Persist();
    }
}
