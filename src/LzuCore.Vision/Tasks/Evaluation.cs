using System.Diagnostics;
using System.Runtime.InteropServices;
using LzuCore.Kernels;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Tasks;

/// <summary>How a data set goes through a network.</summary>
public record EvaluatorOptions
{
    /// <summary>Threads that decode the pictures to come while the network works on one.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Pictures that may be decoded ahead; they are what this needs memory for.</summary>
    public int Ahead { get; init; } = 4;

    /// <summary>Told after each picture: how many are done, and how many there are for this process.</summary>
    public Action<int, int>? Progress { get; init; }

    /// <summary>The processes that share the data set: each takes one stretch of it, and all receive all results, in the data set's order.</summary>
    public ProcessGroup Processes { get; init; } = ProcessGroup.Alone;
}

/// <summary>What an evaluation took.</summary>
/// <param name="Images">Pictures seen.</param>
/// <param name="Milliseconds">Mean times of the stages of one picture; decoding ran beside them.</param>
/// <param name="WallSeconds">From the first picture asked for to the last one done, of the slowest process.</param>
/// <param name="CpuSeconds">Of all processes in that time, all threads together.</param>
public readonly record struct EvaluationCost(int Images, StageTimes Milliseconds, double WallSeconds, double CpuSeconds);

/// <summary>The loop that all evaluators share: samples in the data set's order, decoded ahead.</summary>
internal static class Evaluation
{
    /// <summary>Runs over a data set.</summary>
    /// <param name="data">The samples.</param>
    /// <param name="options">Threads and progress.</param>
    /// <param name="pictures">How pictures are read.</param>
    /// <param name="one">Takes a sample and its number; gives the times of its stages.</param>
    /// <param name="begins">Whether a process's stretch may begin at a sample: not where it belongs with the one before. Null for anywhere.</param>
    /// <param name="cancellation">Ends it with <see cref="OperationCanceledException"/>.</param>
    public static EvaluationCost Over<TSample>(IDataset<TSample> data, EvaluatorOptions options, PictureReader pictures, Func<TSample, int, StageTimes> one, Func<int, bool>? begins, CancellationToken cancellation)
    {
        var processes = options.Processes;
        var (first, end) = Stretch(data.Count, processes.Rank, processes.World, begins);
        var mine = processes.World == 1 ? data : new Reordered<TSample>(data, [.. Enumerable.Range(first, end - first)]);
        var loader = DataLoader.Of(mine, new LoaderOptions { Workers = options.Workers, Ahead = options.Ahead }, pictures: pictures);
        var (clock, cpuBefore) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        var (done, total) = (0, default(StageTimes));
        foreach (var batch in loader.Epoch(0, cancellation: cancellation))
            for (var i = 0; i < batch.Items.Count; i++)
            {
                total += one(batch.Items[i], first + batch.Indices[i]);
                done++;
                options.Progress?.Invoke(done, mine.Count);
            }
        return OfAll(new EvaluationCost(done, total / Math.Max(1, done), clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpuBefore).TotalSeconds), processes);
    }

    /// <summary>The samples of one of several processes: all of them together have each once, in order, and as evenly as their beginnings allow.</summary>
    public static (int First, int End) Stretch(int count, int rank, int world, Func<int, bool>? begins = null)
    {
        return (Border(rank), Border(rank + 1));

        int Border(int r)
        {
            var at = (int)((long)count * r / world);
            while (begins is not null && at > 0 && at < count && !begins(at)) at++;
            return at;
        }
    }

    /// <summary>What all processes found, one after another in the order of their stretches.</summary>
    public static List<T> Gathered<T>(List<T> found, ProcessGroup processes) where T : unmanaged
    {
        if (processes.World == 1) return found;
        var all = new List<T>();
        foreach (var part in processes.Gather(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(found)))) all.AddRange(MemoryMarshal.Cast<byte, T>(part));
        return all;
    }

    private static EvaluationCost OfAll(EvaluationCost own, ProcessGroup processes)
    {
        if (processes.World == 1) return own;
        var all = Gathered([own], processes);
        var images = all.Sum(c => c.Images);
        var total = all.Aggregate(default(StageTimes), (sum, c) => sum + c.Milliseconds * c.Images);
        return new EvaluationCost(images, total / Math.Max(1, images), all.Max(c => c.WallSeconds), all.Sum(c => c.CpuSeconds));
    }
}
