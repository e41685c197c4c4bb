using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Nn.Optim;

/// <summary>The sum of several batches' gradients, for steps over more pictures than fit into memory at once: one sum is kept, whatever the number of batches.</summary>
/// <remarks>Takes over what it is given: gradients that were added must not be used any more. Parameters must not move in between, since gradients are found by their values.</remarks>
public sealed class GradientSum
{
    private Dictionary<Tensor, Tensor>? _sums;

    /// <summary>What was added so far.</summary>
    /// <exception cref="ArgumentValueException">Nothing was.</exception>
    public Gradients Total => new(_sums ?? throw new ArgumentValueException("gradient sum: nothing was added. Add a batch's gradients first."));

    /// <summary>Adds the gradients of a batch; a leaf that took no part in some batches has a gradient of zero there.</summary>
    public void Add(Gradients gradients)
    {
        using var off = Grad.Off();
        if (_sums is not { } old)
        {
            _sums = new(gradients.All.Select(g => KeyValuePair.Create(g.Leaf, g.Gradient)), ReferenceEqualityComparer.Instance as IEqualityComparer<Tensor>);
            return;
        }
        var sums = new Dictionary<Tensor, Tensor>(old, old.Comparer);
        var spent = new List<Tensor>();
        foreach (var (leaf, gradient) in gradients.All)
        {
            if (!sums.TryGetValue(leaf, out var sum))
            {
                sums[leaf] = gradient;
                continue;
            }
            sums[leaf] = sum + gradient;
            spent.Add(sum);
            spent.Add(gradient);
        }
        // Only now: two leaves may share one gradient's buffer.
        var alive = sums.Values.Select(t => t.Storage).ToHashSet();
        foreach (var tensor in spent.Where(t => !alive.Contains(t.Storage))) TensorScope.ReleaseNow(tensor);
        _sums = sums;
    }
}
