using LzuCore.Memory;
using LzuCore.Vision.Data.Augment;

namespace LzuCore.Vision.Data.Loading;

/// <summary>Makes loaders.</summary>
public static class DataLoader
{
    /// <summary>A loader of samples as they are, or augmented.</summary>
    public static DataLoader<TSample, TSample> Of<TSample>(IDataset<TSample> data, LoaderOptions? options = null, IAugment<TSample>? augment = null, PictureReader? pictures = null) =>
        new(data, augment is null ? static (sample, _) => sample : augment.Apply, options, pictures);
}

/// <summary>A data set as a stream of batches: read, decoded and prepared by threads of its own while the batches before are used.</summary>
/// <remarks>Batches, their order and every random choice depend on the options, the epoch and the samples' numbers: not on the number of workers, nor on where the stream was taken up.
/// A sample that fails ends the stream where it would have come, with one error that names its file.</remarks>
/// <typeparam name="TSample">What the data set holds.</typeparam>
/// <typeparam name="TItem">What is made of a sample on the worker's thread, such as tensors.</typeparam>
public sealed class DataLoader<TSample, TItem>
{
    private readonly IDataset<TSample> _data;
    private readonly Func<TSample, Draws, TItem> _prepare;
    private readonly LoaderOptions _options;
    private readonly PictureReader _pictures;
    private readonly EpochOrder _order;

    /// <summary>A loader.</summary>
    /// <param name="data">Where samples come from.</param>
    /// <param name="prepare">What is made of each; called by several threads at once.</param>
    /// <param name="options">Order and threads; null for one at a time, in order.</param>
    /// <param name="pictures">How pictures are read; null for all pixels, nothing remembered.</param>
    /// <exception cref="ArgumentValueException">An option is out of range.</exception>
    public DataLoader(IDataset<TSample> data, Func<TSample, Draws, TItem> prepare, LoaderOptions? options = null, PictureReader? pictures = null)
    {
        (_data, _prepare, _options, _pictures) = (data, prepare, options ?? new(), pictures ?? new());
        Check.That(_options.Workers is >= 0 and <= 256, $"loader: workers must be 0 to 256, got {_options.Workers}.");
        Check.That(_options.Ahead >= 0, $"loader: samples ahead must be 0 or more, got {_options.Ahead}.");
        _order = new EpochOrder(data.Count, data.SizeOf, _options);
    }

    /// <summary>Batches an epoch, of this process.</summary>
    public int BatchesPerEpoch => _order.Batches;

    /// <summary>One epoch, or what is left of it.</summary>
    /// <param name="epoch">Which, from 0.</param>
    /// <param name="firstBatch">Where to begin.</param>
    /// <param name="cancellation">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentValueException">The position is not in the epoch.</exception>
    public IEnumerable<Batch<TItem>> Epoch(int epoch, int firstBatch = 0, CancellationToken cancellation = default)
    {
        Check.That(epoch >= 0 && firstBatch >= 0 && firstBatch <= BatchesPerEpoch, $"loader: epoch {epoch} has no batch {firstBatch}; it has {BatchesPerEpoch}.");
        return Run(Enumerable.Range(firstBatch, BatchesPerEpoch - firstBatch).Select(b => new LoaderPosition(epoch, b)), cancellation);
    }

    /// <summary>Epoch after epoch without end; the next epoch's first samples are loaded while the last batches of this one are used.</summary>
    /// <exception cref="ArgumentValueException">There are no batches, or the position is in none.</exception>
    public IEnumerable<Batch<TItem>> From(LoaderPosition start, CancellationToken cancellation = default)
    {
        Check.That(BatchesPerEpoch > 0, $"loader: the data set of {_data.Count} samples gives no batch of {_options.BatchSize}.");
        Check.That(start.Epoch >= 0 && start.Batch >= 0 && start.Batch <= BatchesPerEpoch, $"loader: epoch {start.Epoch} has no batch {start.Batch}; it has {BatchesPerEpoch}.");
        return Run(Endless(start), cancellation);
    }

    private IEnumerable<LoaderPosition> Endless(LoaderPosition at)
    {
        for (; ; at = Next(at))
            if (at.Batch < BatchesPerEpoch) yield return at;
    }

    private LoaderPosition Next(LoaderPosition at) => at.Batch + 1 < BatchesPerEpoch ? at with { Batch = at.Batch + 1 } : new LoaderPosition(at.Epoch + 1, 0);

    private IEnumerable<Batch<TItem>> Run(IEnumerable<LoaderPosition> positions, CancellationToken cancellation)
    {
        var jobs = positions.SelectMany(p => _order.Batch(p) is var indices ? indices.Select((index, k) => (Position: p, Indices: indices, Index: index, Last: k == indices.Length - 1)) : []);
        var ahead = Math.Max(_options.Ahead > 0 ? _options.Ahead : 2 * _options.BatchSize, _options.Ahead > 0 ? 1 : 2 * _options.Workers);
        using var prefetch = new OrderedPrefetch<(LoaderPosition Position, int[] Indices, int Index, bool Last), (LoaderPosition Position, int[] Indices, bool Last, TItem Item)>(
            jobs, job => (job.Position, job.Indices, job.Last, Load(job.Position.Epoch, job.Index)), _options.Workers, ahead, cancellation);
        var items = new List<TItem>();
        foreach (var (position, indices, last, item) in prefetch.All())
        {
            items.Add(item);
            if (!last) continue;
            yield return new Batch<TItem>(position, Next(position), indices, [.. items]);
            items.Clear();
        }
    }

    private TItem Load(int epoch, int index)
    {
        try
        {
            return _prepare(_data.Load(index, _pictures), Draws.Of(_options.Seed, epoch, index));
        }
        catch (Exception fault) when (!fault.Message.Contains(_data.FileOf(index), StringComparison.Ordinal))
        {
            throw new LzuException($"load {_data.FileOf(index)}: {fault.Message.Split('\n')[0].TrimEnd('\r')}", fault);
        }
    }
}
