using System.Security.Cryptography;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Nn.Distributed;

/// <summary>How gradients are summed over processes.</summary>
public sealed record DataParallelOptions
{
    /// <summary>A bucket is summed as one buffer once its gradients are that many bytes: smaller ones start earlier, larger ones cost less each.</summary>
    public long BucketBytes { get; init; } = 1 << 20;

    /// <summary>Whether sums start during the backward walk; else after it, for measuring what that gains.</summary>
    public bool Overlap { get; init; } = true;
}

/// <summary>Trains one module in several processes, each with its share of every batch: <c>optimizer.Step(parallel.Backward(loss))</c> where one process would say <c>Gradients.Of(loss)</c>.</summary>
/// <remarks>
/// <para>What comes out is the mean over processes of the gradients of their losses. Where a loss is a mean over its batch and all batches are of one size, that is the gradient of the whole batch, to rounding.
/// Losses that divide by a count found in the batch, and batch norm in training, need to know of the other processes: <see cref="SynchronizeNorms"/>, and the losses' own option.</para>
/// <para>Every process must compute the same modules on batches that are there: the sums are made in the order of the parameters, whatever each process's walk meets.</para>
/// <para>Source: Li et al. 2020, "PyTorch Distributed", section 3.2 (buckets, overlap).</para>
/// </remarks>
public sealed class DataParallel
{
    private readonly Module _module;
    private readonly DataParallelOptions _options;

    /// <summary>Gives every process the parameters and buffers of process 0.</summary>
    /// <exception cref="ArgumentValueException">The processes have different modules, or an option is out of range.</exception>
    public DataParallel(Module module, ProcessGroup group, DataParallelOptions? options = null)
    {
        (_module, Group, _options) = (module, group, options ?? new());
        Check.That(_options.BucketBytes >= 1, $"data parallel: bucket bytes must be 1 or more, got {_options.BucketBytes}.");
        group.RequireSame("the network", string.Join('\n', module.Keys.Select(k => $"{k.Key} {k.Shape}")));
        if (group.World == 1) return;
        using var off = Grad.Off();
        foreach (var cell in Cells)
        {
            var value = group.IsFirst ? cell.Value.Contiguous() : Tensor.Empty(cell.Shape, cell.Value);
            group.Broadcast(value.View);
            if (!group.IsFirst) cell.Value = value;
        }
    }

    /// <summary>The processes.</summary>
    public ProcessGroup Group { get; }

    /// <summary>The gradients of the mean over processes of their losses; sums run while the walk goes on.</summary>
    /// <param name="loss">This process's, a scalar.</param>
    /// <exception cref="LzuException">Another process does not answer.</exception>
    public Gradients Backward(Tensor loss)
    {
        if (Group.World == 1) return Gradients.Of(loss);
        var buckets = new GradientBuckets(_module.Parameters, Group, _options.BucketBytes);
        // A share of the loss from the start: then the sums are means, and no pass over the gradients is needed.
        var share = Tensor.Full(loss.Shape, 1.0 / Group.World, loss.DType, loss.Device);
        var own = Gradients.Of(loss, share, _options.Overlap ? buckets.Take : null);
        if (!_options.Overlap)
            foreach (var (leaf, gradient) in own.All) buckets.Take(leaf, gradient);
        return buckets.Finish();
    }

    /// <summary>Requires all processes to have the same parameters, bit by bit, as they must after the same steps. Costs a look at all of them: for where a checkpoint is written.</summary>
    /// <exception cref="ArgumentValueException">They have drifted apart.</exception>
    public void RequireSameParameters()
    {
        if (Group.World == 1) return;
        using var off = Grad.Off();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var parameter in _module.Parameters)
        {
            var view = parameter.Value.Contiguous().View;
            var bytes = new byte[checked((int)(view.Count * view.DType.Size()))];
            HostCopy.Read(view, bytes);
            hash.AppendData(bytes);
        }
        Group.RequireSame("what was trained so far", Convert.ToHexString(hash.GetHashAndReset()));
    }

    /// <summary>Makes every batch norm of a module take its statistics over the batches of all processes, as over one batch of them all; what mmsegmentation's and PyTorch's SyncBN do.</summary>
    /// <remarks>Two small sums a layer forwards and two backwards, which are waited for; the layer is computed by single ops, without the fused kernel.</remarks>
    public static void SynchronizeNorms(Module module, ProcessGroup group)
    {
        foreach (var norm in module.Modules.OfType<BatchNorm2d>()) norm.Across = group.World > 1 ? group : null;
    }

    private IEnumerable<Cell> Cells => _module.Parameters.Cast<Cell>().Concat(_module.Buffers);
}
