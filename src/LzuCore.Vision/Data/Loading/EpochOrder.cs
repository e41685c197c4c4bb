using LzuCore.Memory;

namespace LzuCore.Vision.Data.Loading;

/// <summary>Which samples make which batch of an epoch. A function of the options, the sizes and the epoch alone.</summary>
/// <remarks>Shuffled: each aspect group is shuffled, filled up (by beginning again) or cut to whole batches of all processes together, and these are shuffled; mmdetection's group
/// sampler, whose numbers come from another generator. Each process takes its part of every such batch: together they see what one process with that many times the batch sees.
/// In order: batches are filled in the data set's order, each group its own.</remarks>
internal sealed class EpochOrder
{
    private readonly LoaderOptions _options;
    private readonly int[][] _groups;
    private readonly int[][]? _inOrder;
    private ShuffledEpoch? _last;

    public EpochOrder(int count, Func<int, Size2> sizeOf, LoaderOptions options)
    {
        Check.That(options.BatchSize >= 1, $"loader: batch size must be 1 or more, got {options.BatchSize}.");
        Check.That(options.World >= 1 && options.Rank >= 0 && options.Rank < options.World, $"loader: rank must be 0 to world - 1, got rank {options.Rank} of {options.World}.");
        _options = options;
        var (first, end) = options.Shuffle ? (0, count) : ((int)((long)count * options.Rank / options.World), (int)((long)count * (options.Rank + 1) / options.World));
        var mine = Enumerable.Range(first, end - first).ToLookup(i => options.GroupByAspect && sizeOf(i) is var size && size.Width < size.Height);
        _groups = [.. new[] { false, true }.Select(upright => mine[upright].ToArray()).Where(g => g.Length > 0)];
        if (!options.Shuffle) _inOrder = [.. _groups.SelectMany(g => g.Chunk(options.BatchSize)).OrderBy(b => b[^1])];
        Batches = _inOrder?.Length ?? _groups.Sum(g => Whole(g.Length) / Together);
    }

    /// <summary>Batches an epoch, of this process.</summary>
    public int Batches { get; }

    /// <summary>The samples of one batch.</summary>
    public int[] Batch(LoaderPosition position)
    {
        if (_inOrder is not null) return _inOrder[position.Batch];
        var epoch = _last;
        if (epoch?.Number != position.Epoch) _last = epoch = new ShuffledEpoch(position.Epoch, Shuffled(position.Epoch));
        return epoch.Batches[position.Batch][(_options.Rank * _options.BatchSize)..((_options.Rank + 1) * _options.BatchSize)];
    }

    private sealed record ShuffledEpoch(int Number, int[][] Batches);

    private int[][] Shuffled(int epoch)
    {
        var batches = new List<int[]>();
        for (var group = 0; group < _groups.Length; group++)
        {
            var samples = (int[])_groups[group].Clone();
            Shuffle(samples, FormattableString.Invariant($"order#{_options.Seed}/{epoch}/{group}"));
            var whole = Whole(samples.Length);
            for (var at = 0; at < whole; at += Together)
                batches.Add([.. Enumerable.Range(at, Together).Select(i => samples[i % samples.Length])]);
        }
        var all = batches.ToArray();
        if (_groups.Length > 1) Shuffle(all, FormattableString.Invariant($"order#{_options.Seed}/{epoch}/batches"));
        return all;
    }

    // Samples of a batch of all processes.
    private int Together => _options.BatchSize * _options.World;

    // As many samples of a group as make whole ones.
    private int Whole(int count) => (_options.DropLast ? count / Together : (count + Together - 1) / Together) * Together;

    // Fisher and Yates.
    private static void Shuffle<T>(T[] items, string key)
    {
        var source = RandomSource.FromKey(key);
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = (int)Math.BigMul(source.Word((ulong)i), (ulong)i + 1, out _);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
