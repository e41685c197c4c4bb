using System.Text.Json.Serialization;
using LzuCore.Kernels.Cpu;
using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Cli.Bench;

/// <summary>What Winograd's algorithm saves of a network's time, and of what it could save at most.</summary>
/// <param name="DirectMs">By the definition alone: CPU time on one thread, wall time on several, median.</param>
/// <param name="Ms">As it runs, the same.</param>
/// <param name="ByArithmetic">The bound where the time of a call is taken for its share of the direct arithmetic.</param>
/// <param name="ByTime">The bound where it is what the call took by the definition.</param>
internal sealed record AgainstDirect(double DirectMs, double Ms, SavedPart ByArithmetic, SavedPart ByTime)
{
    private const int Rounds = 9, CountedRuns = 9;
    private const double AllowedDifference = 1e-3;

    /// <summary>Its eligible convolutions, in order of their first call.</summary>
    public IReadOnlyList<ConvolutionTimes> Convolutions { get; private init; } = [];

    /// <summary>Both runs' rows.</summary>
    [JsonIgnore]
    public IReadOnlyList<BenchRow> Rows { get; private init; } = [];

    /// <summary>Measures a network both ways in turn, in one process and with the same weights. Run with gradients off, on the CPU.</summary>
    /// <param name="name">Which.</param>
    /// <param name="size">The network's input.</param>
    /// <param name="batch">Images at once.</param>
    /// <exception cref="LzuException">The two ways' results differ; nothing is timed then.</exception>
    public static AgainstDirect Measure(string name, Size2 size, int batch)
    {
        var input = Tensor.Uniform([batch, 3, size.Height, size.Width], RandomSource.FromKey("bench/input"), -2, 2).Persist();
        var network = BenchNetwork.Of(name, Device.Cpu);
        Tensor[] Compute() => network.Head(network.Features(input));
        // Convolutions of 1x1 taps are direct both ways. Each way packs weights of its own, which stay.
        CpuBackend.Strassen = false;
        var error = Difference(Outputs(winograd: false), Outputs(winograd: true));
        if (!(error <= AllowedDifference)) throw new LzuException($"bench model: with Winograd's algorithm {name}'s outputs differ by {error:g3} of the largest, more than {AllowedDifference:g1}. Nothing was timed.");

        CpuBackend.Winograd = false;
        var convolutions = WinogradBound.Convolutions(input, Compute);
        List<(IReadOnlyList<CountedCall> Calls, double Milliseconds)> counted = [], ours = [];
        for (var run = 0; run < CountedRuns; run++)
        {
            counted.Add(Counted(winograd: false));
            ours.Add(Counted(winograd: true));
        }
        var flops = counted[0].Calls.Sum(c => c.Flops);
        var timings = Timing.InTurn([() => Run(winograd: false), () => Run(winograd: true)], Rounds, budgetMs: 0, Peak.Sample);
        var (direct, now) = (timings[0].RateMs, timings[1].RateMs);
        var arithmetic = WinogradBound.Of(counted[0].Calls, c => c.Flops, flops);
        var times = counted.ConvertAll(run => WinogradBound.Of(run.Calls, c => c.Milliseconds, run.Milliseconds));
        var time = new WinogradBound(Timing.Median(times.Select(b => b.Eligible)), Timing.Median(times.Select(b => b.Quarter)), Timing.Median(times.Select(b => b.Tiles)));
        return new(direct, now, SavedPart.Of(arithmetic, direct, now), SavedPart.Of(time, direct, now))
        {
            Convolutions = ConvolutionTimes.Of(counted.ConvertAll(run => run.Calls), ours.ConvertAll(run => run.Calls)),
            Rows = [Row("forward, direct", timings[0]), Row("forward", timings[1])],
        };

        (IReadOnlyList<CountedCall> Calls, double Milliseconds) Counted(bool winograd)
        {
            CpuBackend.Winograd = winograd;
            return WinogradBound.Count(convolutions, Compute);
        }

        void Run(bool winograd)
        {
            CpuBackend.Winograd = winograd;
            using var scope = new TensorScope();
            Compute();
        }

        float[][] Outputs(bool winograd)
        {
            CpuBackend.Winograd = winograd;
            using var scope = new TensorScope();
            return [.. Compute().Select(t => t.ToArray<float>())];
        }

        BenchRow Row(string part, Timing timing) => new(ModelBench.NameOf(name, size, batch, DType.Float32, part), ParallelRows.Threads, Device.Cpu.ToString(), timing.MedianMs, timing.MinMs, timing.CpuMs,
            flops / timing.RateMs / 1e6, double.NaN, 100 * flops / timing.PossibleFlops, error);
    }

    private static double Difference(float[][] a, float[][] b) =>
        a.Zip(b, (x, y) => x.Zip(y, (p, q) => Math.Abs((double)p - q)).Max() / Math.Max(1e-30, x.Max(v => Math.Abs((double)v)))).Max();
}

/// <summary>A bound of the time, and how much of the way to it has been gone: (direct − now) / (direct − bound).</summary>
/// <param name="EligiblePercent">Of the run: convolutions of 3x3 taps, and stems.</param>
/// <param name="QuarterMs">The bound if those of stride 1 fell to a quarter, and the others with whole tiles.</param>
/// <param name="QuarterAchievedPercent">Of the way to it; not defined where nothing is eligible.</param>
/// <param name="TilesMs">The bound if each fell with the multiplications of its tiles.</param>
/// <param name="TilesAchievedPercent">Of the way to it.</param>
internal sealed record SavedPart(double EligiblePercent, double QuarterMs, double QuarterAchievedPercent, double TilesMs, double TilesAchievedPercent)
{
    /// <summary>Of a bound, and times.</summary>
    public static SavedPart Of(WinogradBound bound, double directMs, double ms)
    {
        return new(100 * bound.Eligible, bound.Quarter * directMs, Achieved(bound.Quarter), bound.Tiles * directMs, Achieved(bound.Tiles));

        double Achieved(double left) => 100 * (1 - ms / directMs) / (1 - left);
    }
}

/// <summary>What a network's calls of one convolution take, among its other layers: filters come from where these have left them.</summary>
/// <param name="Name">As in <see cref="CountedCall.Convolution"/>.</param>
/// <param name="Calls">How many a run.</param>
/// <param name="DirectMs">One by the definition: wall time, median over calls and runs.</param>
/// <param name="Ms">One as it runs.</param>
/// <param name="TimesFaster">The first over the second.</param>
internal sealed record ConvolutionTimes(string Name, int Calls, double DirectMs, double Ms, double TimesFaster)
{
    /// <summary>Of runs of the same computation, both ways.</summary>
    public static IReadOnlyList<ConvolutionTimes> Of(List<IReadOnlyList<CountedCall>> direct, List<IReadOnlyList<CountedCall>> now) =>
        [.. direct[0].Where(c => c.Eligible).Select(c => c.Convolution!).Distinct().Select(name =>
        {
            var (before, after) = (Timing.Median(Of(direct)), Timing.Median(Of(now)));
            return new ConvolutionTimes(name, direct[0].Count(c => c.Convolution == name), before, after, before / after);

            IEnumerable<double> Of(List<IReadOnlyList<CountedCall>> runs) => runs.SelectMany(calls => calls.Where(c => c.Convolution == name)).Select(c => c.Milliseconds);
        })];
}
