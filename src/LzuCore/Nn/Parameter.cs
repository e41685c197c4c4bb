using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>Makes the first value of a parameter from its shape and its own random stream (named after its key, so models do not depend on construction order).</summary>
public delegate Tensor Initializer(Shape shape, RandomSource random);

/// <summary>A mutable cell holding an immutable tensor: a trained weight. Only <c>Optim</c> and <c>LoadStateDict</c> write it.</summary>
public sealed class Parameter : Cell
{
    private bool _trainable = true;

    /// <summary>A cell that takes its first value when it is first read, unless a state dict is loaded before.</summary>
    public Parameter(Shape shape, Initializer init)
        : base(shape, init)
    {
    }

    /// <summary>Whether gradients are wanted. Setting it makes <see cref="Cell.Value"/> a new leaf.</summary>
    public bool RequiresGrad
    {
        get => _trainable;
        set
        {
            if (_trainable == value) return;
            _trainable = value;
            if (HasValue) Rewrap();
        }
    }

    private protected override Tensor Prepare(Tensor value) => _trainable && value.DType is DType.Float32 or DType.Float64 ? value.Detach().WithGrad() : value.Detach();
}

/// <summary>A mutable cell holding an immutable tensor that is state but not trained: running statistics. Written by BatchNorm's training step and <c>LoadStateDict</c>.</summary>
public sealed class Buffer : Cell
{
    /// <summary>A cell that takes its first value when it is first read.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="init">The first value.</param>
    /// <param name="optional">Whether a checkpoint may lack it (<c>num_batches_tracked</c> in old files).</param>
    public Buffer(Shape shape, Initializer init, bool optional = false)
        : base(shape, init) => IsOptional = optional;

    /// <summary>Whether a checkpoint may lack it.</summary>
    public bool IsOptional { get; }

    private protected override Tensor Prepare(Tensor value) => value.Detach();
}

/// <summary>What parameters and buffers share: a key, a value, a version.</summary>
public abstract class Cell
{
    private readonly Initializer _init;
    private Tensor? _value;
    private ulong _seed;

    private protected Cell(Shape shape, Initializer init) => (Shape, _init) = (shape, init);

    /// <summary>The full state-dict key, such as <c>layer1.0.conv1.weight</c>; completed as modules are put into modules.</summary>
    public string Key { get; internal set; } = "";

    /// <summary>The shape every value has.</summary>
    public Shape Shape { get; }

    /// <summary>Counts the writes; caches of things computed from the value are keyed by it.</summary>
    public int Version { get; private set; }

    /// <summary>What was computed from the value and is not to outlive it: forgotten when the cell is written, since it holds the old value and all that kernels packed of it.</summary>
    internal object? Computed { get; set; }

    /// <summary>Whether a value was written or made.</summary>
    internal bool HasValue => _value is not null;

    /// <summary>The current value.</summary>
    /// <exception cref="ShapeException">A value of another shape is written.</exception>
    public Tensor Value
    {
        get
        {
            // Read back after the write, which makes the first value a leaf.
            if (_value is null) Value = _init(Shape, RandomSource.FromKey(FormattableString.Invariant($"{Key}#{_seed}")));
            return _value!;
        }
        internal set
        {
            if (value.Shape != Shape) throw new ShapeException(Key, $"must be {Shape}", value.Shape.ToString());
            (_value, Computed) = (Prepare(value.Persist()), null);
            Version++;
        }
    }

    // The next read makes a first value again.
    internal void Reset(ulong seed) => (_value, Computed, _seed) = (null, null, seed);

    // The same value again, as the leaf that the current mode asks for.
    private protected void Rewrap() => Value = Value;

    private protected abstract Tensor Prepare(Tensor value);
}
