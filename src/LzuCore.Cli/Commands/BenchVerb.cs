using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using LzuCore.Cli.Bench;
using LzuCore.Cli.Manners;
using LzuCore.Kernels.Cpu;
using LzuCore.Memory;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu bench … --json</c> writes.</summary>
/// <param name="Schema">Which document.</param>
/// <param name="Rows">What was measured.</param>
/// <param name="AgainstDirect">What Winograd's algorithm saves; null where that was not asked for.</param>
internal sealed record BenchDocument(string Schema, IReadOnlyList<BenchRow> Rows, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AgainstDirect? AgainstDirect = null);

/// <summary><c>lzu bench</c>: correctness first, then the time.</summary>
internal sealed class BenchVerb() : Verb("bench", "checks a result, then measures its time: conv, gemm, warp, a whole model, or a step of its training")
{
    private static readonly Size2 DefaultSize = new(300, 480);

    private readonly Argument<string> _what = new("WHAT") { Description = "one of " + string.Join(", ", Subjects) };
    private readonly Argument<string?> _name = new("NAME") { Description = "of the model (" + string.Join(", ", BenchNetwork.Names) + "), of what is trained (" + string.Join(", ", BenchTraining.Names) + "), or a part of the names of the rows wanted", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<Size2?> _size = Opt.Size("--size", "the network's input (default 300x480; of train desk 80x128)", 32, 8192);
    private readonly Option<long?> _batch = Opt.Whole("--batch", "images at once (default 1; of train 2, of train desk 8)", 1, 256);
    private readonly Option<string> _precision = Opt.Choice("--precision", "of model and train: tf32 is a GPU's rounding of products; halves store activations, and sums stay float32", "float32", "tf32", "bfloat16", "float16");
    private readonly Option<string> _warp = Opt.Choice("--warp", "the zoom before the backbone", "none", "fixed", "adaptive");
    private readonly Option<bool> _direct = Opt.Flag("--direct", "of conv, model and train on the CPU: convolutions by the definition alone, without the algorithms of Winograd and Strassen");
    private readonly Option<bool> _againstDirect = Opt.Flag("--against-direct", "of model on the CPU: with Winograd's algorithm and by the definition in turn, and what part it saves of what its multiplications allow");

    private static string[] Subjects => ["conv", "gemm", "warp", "model", .. Parts.Training ? ["train"] : Array.Empty<string>()];

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_what);
        command.Add(_name);
        foreach (var option in new Option[] { _size, _batch, _warp, _precision, _direct, _againstDirect }) command.Add(option);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var (what, name) = (parsed.GetRequiredValue(_what), parsed.GetValue(_name));
        if (!Subjects.Contains(what)) throw new UsageException($"bench: '{what}' is nothing to measure{Meant(what, Subjects)}; choose one of {string.Join(", ", Subjects)}.");
        var names = what == "train" ? BenchTraining.Names : BenchNetwork.Names;
        if (what is "model" or "train" && !names.Contains(name)) throw new UsageException($"bench {what}: there is no model '{name}'{Meant(name ?? "", names)}; choose one of {string.Join(", ", names)}.");
        if (parsed.GetValue(_precision) is "bfloat16" or "float16" && what is not ("model" or "train")) throw new UsageException($"bench: --precision {parsed.GetValue(_precision)} is for 'model' and 'train'.");
        if (parsed.GetValue(_warp) != "none" && what != "model") throw new UsageException("bench: --warp is for 'model'.");
        if (name == "resnet50" && parsed.GetValue(_warp) != "none") throw new UsageException("bench: resnet50 classifies whole pictures and has nothing to unzoom; leave out --warp.");
#if !CPU_ONLY
        LzuCore.Gpu.GpuBackend.Register(new LzuCore.Gpu.GpuOptions(AllowTf32: parsed.GetValue(_precision) == "tf32"));
#endif
        if (parsed.GetValue(_direct) && (what is not ("conv" or "model" or "train") || session.Device != Device.Cpu)) throw new UsageException("bench: --direct is for 'conv', 'model' and 'train' on the CPU.");
        if (parsed.GetValue(_againstDirect) && (what != "model" || session.Device != Device.Cpu || parsed.GetValue(_direct) || parsed.GetValue(_warp) != "none" || parsed.GetValue(_precision) is "bfloat16" or "float16"))
            throw new UsageException("bench: --against-direct is for 'model' in float32 on the CPU, without --direct and --warp.");
        var before = (CpuBackend.Winograd, CpuBackend.Strassen);
        (CpuBackend.Winograd, CpuBackend.Strassen) = (!parsed.GetValue(_direct), !parsed.GetValue(_direct));
        try
        {
            if (what == "train") return Measure(parsed, session, what, name);
            using var off = Grad.Off();
            return Measure(parsed, session, what, name);
        }
        finally
        {
            (CpuBackend.Winograd, CpuBackend.Strassen) = before;
        }
    }

    private int Measure(ParseResult parsed, Session session, string what, string? name)
    {
        var device = session.Device;
        var rows = new List<BenchRow>();
        var (size, batch) = (parsed.GetValue(_size), (int?)parsed.GetValue(_batch));
        var dtype = parsed.GetValue(_precision) switch { "bfloat16" => DType.BFloat16, "float16" => DType.Float16, _ => DType.Float32 };
        if (parsed.GetValue(_againstDirect))
        {
            var compared = AgainstDirect.Measure(name!, size ?? DefaultSize, batch ?? 1);
            foreach (var row in compared.Rows) Add(row);
            Print(session, compared);
            session.Document(new BenchDocument("lzu.bench/1", rows, compared), CliJson.Default.BenchDocument);
            return ExitCode.Done;
        }
        foreach (var row in what switch
        {
            "conv" => ConvBench.Run(device, name),
            "gemm" => GemmBench.Run(device, name),
            "warp" => WarpBench.Run(device, name),
            "train" when Parts.Training => TrainBench.Run(name!, size, batch, dtype, device),
            _ => ModelBench.Run(name!, size ?? DefaultSize, batch ?? 1, parsed.GetValue(_warp)!, dtype, device),
        }) Add(row);
        if (rows.Count == 0) throw new UsageException($"bench {what}: no row's name contains '{name}'.");
        session.Document(new BenchDocument("lzu.bench/1", rows), CliJson.Default.BenchDocument);
        return ExitCode.Done;

        void Add(BenchRow row)
        {
            session.Cancellation.ThrowIfCancellationRequested();
            // Nothing on stdout before the first result, which may be a refusal.
            if (rows.Count == 0) session.Print($"{"",-44} {"threads",7} {"median ms",10} {"min ms",10} {"cpu ms",10} {"GFLOP/s",8} {"GB/s",7} {"% peak",7}");
            rows.Add(row);
            session.Print(string.Create(CultureInfo.InvariantCulture, $"{row.Name,-44} {row.Threads,7} {row.MedianMs,10:0.000} {row.MinMs,10:0.000} {row.CpuMs,10:0.000} {Rate(row.GFlops),8} {Rate(row.GBs),7} {Rate(row.PercentOfPeak),7}"));
        }
    }

    private static void Print(Session session, AgainstDirect compared)
    {
        session.Print(string.Create(CultureInfo.InvariantCulture, $"direct {compared.DirectMs:0.0} ms, with Winograd's algorithm {compared.Ms:0.0} ms; 3x3 and stems are {compared.ByArithmetic.EligiblePercent:0.0} % of the direct arithmetic, {compared.ByTime.EligiblePercent:0.0} % of the direct time"));
        foreach (var (by, part) in new[] { ("arithmetic", compared.ByArithmetic), ("time", compared.ByTime) })
        {
            session.Print(string.Create(CultureInfo.InvariantCulture, $"by {by + ", if that fell to a quarter:",-43} {part.QuarterMs,10:0.0} ms; saved {Rate(part.QuarterAchievedPercent)} % of what it allows"));
            session.Print(string.Create(CultureInfo.InvariantCulture, $"by {by + ", with its tiles:",-43} {part.TilesMs,10:0.0} ms; saved {Rate(part.TilesAchievedPercent)} % of what it allows"));
        }
        if (compared.Convolutions.Count == 0) return;
        const string Title = "convolutions, among the other layers";
        var wide = compared.Convolutions.Max(c => Math.Max(Title.Length, c.Name.Length));
        session.Print($"{Title.PadRight(wide)} {"calls",7} {"direct ms",10} {"now ms",10} {"times as fast",14}");
        foreach (var c in compared.Convolutions)
            session.Print(string.Create(CultureInfo.InvariantCulture, $"{c.Name.PadRight(wide)} {c.Calls,7} {c.DirectMs,10:0.000} {c.Ms,10:0.000} {c.TimesFaster,14:0.00}"));
    }

    private static string Rate(double value) => double.IsFinite(value) ? value.ToString("0.0", CultureInfo.InvariantCulture) : "";

    private static string Meant(string typed, string[] names) => NearestName.Of(typed, names) is { } name ? $", did you mean '{name}'?" : "";
}
