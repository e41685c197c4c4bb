using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Nn;

/// <summary>A tree of parameters, buffers and modules. Names are given in the line that makes the part, and are the checkpoint's keys; nothing is found by reflection.</summary>
public abstract class Module
{
    private readonly List<Cell> _cells = [];
    private readonly List<(string Name, Module Module)> _children = [];
    private readonly HashSet<string> _dropped = [];

    /// <summary>Whether layers behave as in training (batch statistics, dropout). True at first, as in PyTorch.</summary>
    public bool IsTraining { get; private set; } = true;

    /// <summary>Moves every parameter and buffer to a device. Optimisers made before keep what they had.</summary>
    public void To(Device device)
    {
        foreach (var cell in Cells)
            if (cell.Value.Device != device) cell.Value = cell.Value.Detach().To(device);
    }

    /// <summary>This module's own and all inner parameters, in the order they were made.</summary>
    public IEnumerable<Parameter> Parameters => Cells.OfType<Parameter>();

    /// <summary>This module's own and all inner buffers.</summary>
    public IEnumerable<Buffer> Buffers => Cells.OfType<Buffer>();

    /// <summary>The parts, with their names.</summary>
    public IReadOnlyList<(string Name, Module Module)> Children => _children;

    /// <summary>This module and all inner ones.</summary>
    public IEnumerable<Module> Modules => _children.SelectMany(c => c.Module.Modules).Prepend(this);

    private IEnumerable<Cell> Cells => _cells.Concat(_children.SelectMany(c => c.Module.Cells));

    /// <summary>Puts a part into this module under a name. An empty name leaves the part's keys as they are.</summary>
    protected T Child<T>(string name, T module) where T : Module
    {
        if (name.Length > 0 && _children.Any(c => c.Name == name)) throw new ArgumentValueException($"module {GetType().Name}: a part named '{name}' exists already; give the second another name.");
        if (name.Length > 0)
            foreach (var cell in module.Cells) cell.Key = $"{name}.{cell.Key}";
        _children.Add((name, module));
        return module;
    }

    /// <summary>Makes a parameter of this module.</summary>
    protected Parameter Param(string name, Shape shape, Initializer init) => Own(new Parameter(shape, init), name);

    /// <summary>Makes a buffer of this module.</summary>
    protected Buffer State(string name, Shape shape, Initializer init, bool optional = false) => Own(new Buffer(shape, init, optional), name);

    /// <summary>Names a key that checkpoints may hold and this module has no use for: loading drops it without complaint.</summary>
    protected void Drops(string name) => _dropped.Add(name);

    private bool IsDropped(string key) => _dropped.Contains(key) || _children.Any(c =>
        c.Name.Length == 0 ? c.Module.IsDropped(key) : key.StartsWith(c.Name + ".", StringComparison.Ordinal) && c.Module.IsDropped(key[(c.Name.Length + 1)..]));

    private T Own<T>(T cell, string name) where T : Cell
    {
        cell.Key = name;
        _cells.Add(cell);
        return cell;
    }

    /// <summary>Sets training or evaluation behaviour in the whole tree.</summary>
    public virtual void Train(bool training = true)
    {
        IsTraining = training;
        foreach (var (_, child) in _children) child.Train(training);
    }

    /// <summary>Evaluation behaviour: running statistics, no dropout.</summary>
    public void Eval() => Train(false);

    /// <summary>Turns the gradients of every parameter of the tree on or off.</summary>
    public void RequireGrad(bool on)
    {
        foreach (var parameter in Parameters) parameter.RequiresGrad = on;
    }

    /// <summary>Forgets all values: parameters and buffers take first values again, drawn from a seed. Seed 0 is what a new module has. Optimisers made before keep what they had.</summary>
    public void Reset(ulong seed)
    {
        foreach (var cell in Cells) cell.Reset(seed);
    }

    /// <summary>The values of all parameters and buffers by key.</summary>
    public StateDict StateDict() => new(Cells.Select(c => KeyValuePair.Create(c.Key, c.Value.Detach())));

    /// <summary>The shapes of all parameters and buffers by key, without making values.</summary>
    public IEnumerable<(string Key, Shape Shape)> Keys => Cells.Select(c => (c.Key, c.Shape));

    /// <summary>Writes the values of a state dict into this module. float16 and bfloat16 become float32; float64 stays.</summary>
    /// <param name="state">Values by key.</param>
    /// <param name="strict">Whether anything that does not fit is an error; otherwise it is only reported.</param>
    /// <returns>Everything that did not fit.</returns>
    /// <exception cref="StateDictException">Strict, and something did not fit; lists all of it at once. Nothing was written.</exception>
    public StateDictReport LoadStateDict(StateDict state, bool strict = true)
    {
        var cells = Cells.ToDictionary(c => c.Key);
        var report = new StateDictReport(
            [.. cells.Values.Where(c => c is not Buffer { IsOptional: true } && !state.Contains(c.Key)).Select(c => (c.Key, c.Shape))],
            [.. state.Where(p => !cells.ContainsKey(p.Key) && !IsDropped(p.Key)).Select(p => (p.Key, p.Value.Shape))],
            [.. state.Where(p => cells.TryGetValue(p.Key, out var c) && c.Shape != p.Value.Shape).Select(p => (p.Key, cells[p.Key].Shape, p.Value.Shape))]);
        if (strict && !report.IsClean) throw new StateDictException($"load {GetType().Name}", report);
        foreach (var (key, value) in state)
        {
            if (!cells.TryGetValue(key, out var cell) || cell.Shape != value.Shape) continue;
            cell.Value = value.DType.IsFloating() && value.DType is not (DType.Float32 or DType.Float64) ? Ops.F.To(value, DType.Float32) : value;
        }
        return report;
    }
}

/// <summary>A module with a typed forward function. Call it with <see cref="Call"/>, which places the memory scope; implement <see cref="Forward"/>.</summary>
/// <typeparam name="TInput">What goes in: a tensor, or a group of them.</typeparam>
/// <typeparam name="TOutput">What comes out: a tensor, tensors, or an <see cref="ITensorGroup"/>.</typeparam>
public abstract class Module<TInput, TOutput> : Module
{
    /// <summary>Computes the output.</summary>
    public abstract TOutput Forward(TInput input);

    /// <summary>Runs <see cref="Forward"/>; under <see cref="Grad.Off"/>, everything made inside but the result goes back to the pool.</summary>
    public TOutput Call(TInput input)
    {
        if (Grad.IsOn) return Forward(input);
        using var scope = new TensorScope();
        return scope.Keep(Forward(input));
    }
}

/// <summary>A module from one tensor to one tensor.</summary>
public abstract class Layer : Module<Tensor, Tensor>;
