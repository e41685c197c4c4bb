using System.Diagnostics;
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

    /// <summary>Told after each picture: how many are done, and how many there are.</summary>
    public Action<int, int>? Progress { get; init; }
}

/// <summary>What an evaluation took.</summary>
/// <param name="Images">Pictures seen.</param>
/// <param name="Milliseconds">Mean times of the stages of one picture; decoding ran beside them.</param>
/// <param name="WallSeconds">From the first picture asked for to the last one done.</param>
/// <param name="CpuSeconds">Of the whole process in that time, all threads together.</param>
public readonly record struct EvaluationCost(int Images, StageTimes Milliseconds, double WallSeconds, double CpuSeconds);

/// <summary>The loop that all evaluators share: samples in the data set's order, decoded ahead.</summary>
internal static class Evaluation
{
    /// <summary>Runs over a data set.</summary>
    /// <param name="data">The samples.</param>
    /// <param name="options">Threads and progress.</param>
    /// <param name="pictures">How pictures are read.</param>
    /// <param name="one">Takes a sample and its number; gives the times of its stages.</param>
    /// <param name="cancellation">Ends it with <see cref="OperationCanceledException"/>.</param>
    public static EvaluationCost Over<TSample>(IDataset<TSample> data, EvaluatorOptions options, PictureReader pictures, Func<TSample, int, StageTimes> one, CancellationToken cancellation)
    {
        var loader = DataLoader.Of(data, new LoaderOptions { Workers = options.Workers, Ahead = options.Ahead }, pictures: pictures);
        var (clock, cpuBefore) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        var (done, total) = (0, default(StageTimes));
        foreach (var batch in loader.Epoch(0, cancellation: cancellation))
            for (var i = 0; i < batch.Items.Count; i++)
            {
                total += one(batch.Items[i], batch.Indices[i]);
                done++;
                options.Progress?.Invoke(done, data.Count);
            }
        return new EvaluationCost(done, total / Math.Max(1, done), clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpuBefore).TotalSeconds);
    }
}
