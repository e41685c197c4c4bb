using LzuCore.Memory;

namespace LzuCore.Tensors.Autograd;

/// <summary>What a backward pass found: the gradient of a scalar with respect to every leaf that wanted one. Returned, never accumulated in hidden fields.</summary>
public sealed class Gradients : ITensorGroup
{
    private readonly Dictionary<Tensor, Tensor> _byLeaf;

    internal Gradients(Dictionary<Tensor, Tensor> byLeaf) => _byLeaf = byLeaf;

    /// <summary>The gradient with respect to a leaf, in its shape.</summary>
    /// <exception cref="ArgumentValueException">The leaf did not take part.</exception>
    public Tensor this[Tensor leaf] => Find(leaf)
        ?? throw new ArgumentValueException($"gradients: a tensor {leaf.Shape} took no part in this loss, or was made without WithGrad(). Check that it is a leaf that the loss depends on.");

    /// <summary>The gradient with respect to a leaf, or null when the loss does not depend on it.</summary>
    public Tensor? Find(Tensor leaf) => _byLeaf.GetValueOrDefault(leaf);

    /// <summary>Every leaf with its gradient.</summary>
    public IEnumerable<(Tensor Leaf, Tensor Gradient)> All => _byLeaf.Select(p => (p.Key, p.Value));

    IEnumerable<Tensor> ITensorGroup.Tensors => _byLeaf.Values;

    /// <summary>Walks back from <paramref name="output"/>. See <see cref="Engine"/>.</summary>
    /// <param name="output">A scalar, or any tensor when <paramref name="upstream"/> is given.</param>
    /// <param name="upstream">The gradient that flows into the output; null means 1 for a scalar.</param>
    /// <param name="ready">Told of every leaf and its gradient as soon as that is final, while the walk goes on; on the thread that walks, with recording off.</param>
    /// <exception cref="ShapeException">The output is not a scalar and no upstream was given, or their shapes differ.</exception>
    public static Gradients Of(Tensor output, Tensor? upstream = null, Action<Tensor, Tensor>? ready = null) => Engine.Run(output, upstream, ready);
}
