namespace LzuCore.Vision.Data.Loading;

/// <summary>In which order samples come, and who works on them.</summary>
public sealed record LoaderOptions
{
    /// <summary>Samples a batch.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>Another order each epoch, as training wants; else the data set's own, each sample once.</summary>
    public bool Shuffle { get; init; }

    /// <summary>Seed of the order and of every augmentation.</summary>
    public ulong Seed { get; init; }

    /// <summary>Batches hold landscape pictures (width at least height) or upright ones, never both.</summary>
    public bool GroupByAspect { get; init; }

    /// <summary>Shuffled batches that cannot be filled are dropped; else samples are repeated to fill them.</summary>
    public bool DropLast { get; init; }

    /// <summary>Which of <see cref="World"/> processes this is. Shuffled, each takes its part of batches that are World times as large, so that all together see what one process with that batch sees; in order, each takes one stretch.</summary>
    public int Rank { get; init; }

    /// <summary>How many processes share the data set.</summary>
    public int World { get; init; } = 1;

    /// <summary>Threads that load; 0 loads on the thread that asks.</summary>
    public int Workers { get; init; } = Math.Clamp(Environment.ProcessorCount / 2, 1, 8);

    /// <summary>Samples that may be loaded or in work before they are asked for: what bounds the memory. 0 for two batches, and at least two a worker.</summary>
    public int Ahead { get; init; }
}

/// <summary>A place in the stream of batches.</summary>
/// <param name="Epoch">From 0.</param>
/// <param name="Batch">The batch's number in the epoch, from 0.</param>
public readonly record struct LoaderPosition(int Epoch, int Batch);

/// <summary>Samples that go together.</summary>
/// <param name="Position">Where in the stream.</param>
/// <param name="Next">Where to go on after this one: what a checkpoint keeps.</param>
/// <param name="Indices">The samples' numbers in their data set.</param>
/// <param name="Items">The samples.</param>
public sealed record Batch<TItem>(LoaderPosition Position, LoaderPosition Next, IReadOnlyList<int> Indices, IReadOnlyList<TItem> Items);
