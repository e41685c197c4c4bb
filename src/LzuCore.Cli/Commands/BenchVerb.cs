using System.CommandLine;
using System.Globalization;
using LzuCore.Cli.Bench;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu bench … --json</c> writes.</summary>
internal sealed record BenchDocument(string Schema, IReadOnlyList<BenchRow> Rows);

/// <summary><c>lzu bench</c>: correctness first, then the time.</summary>
internal sealed class BenchVerb() : Verb("bench", "checks a result, then measures its time: conv, gemm, warp, or a whole model")
{
    private readonly Argument<string> _what = new("WHAT") { Description = "conv, gemm, warp or model" };
    private readonly Argument<string?> _name = new("NAME") { Description = "of the model (" + string.Join(", ", BenchNetwork.Names) + "), or a part of the names of the rows wanted", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<Size2?> _size = Opt.Size("--size", "the network's input (default 300x480)", 32, 8192, new Size2(300, 480));
    private readonly Option<long?> _batch = Opt.Whole("--batch", "images at once (default 1)", 1, 256, 1);
    private readonly Option<bool> _train = Opt.Flag("--train", "measure a training step of a detector");
    private readonly Option<string> _precision = Opt.Choice("--precision", "of a model: tf32 is a GPU's rounding of products; halves store activations, and sums stay float32", "float32", "tf32", "bfloat16", "float16");
    private readonly Option<string> _warp = Opt.Choice("--warp", "the zoom before the backbone", "none", "fixed", "adaptive");

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_what);
        command.Add(_name);
        foreach (var option in new Option[] { _size, _batch, _warp, _train, _precision }) command.Add(option);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        string[] subjects = ["conv", "gemm", "warp", "model"];
        var (what, name) = (parsed.GetRequiredValue(_what), parsed.GetValue(_name));
        if (!subjects.Contains(what)) throw new UsageException($"bench: '{what}' is nothing to measure{Meant(what, subjects)}; choose one of {string.Join(", ", subjects)}.");
        if (parsed.GetValue(_train) && (what != "model" || name is not ("retinanet" or "retinanet_torchvision") || parsed.GetValue(_warp) != "none")) throw new UsageException("bench: --train measures 'model retinanet' or 'model retinanet_torchvision' without a zoom.");
        if (parsed.GetValue(_precision) is "bfloat16" or "float16" && what != "model") throw new UsageException($"bench: --precision {parsed.GetValue(_precision)} is for 'model'.");
        if (name == "resnet50" && parsed.GetValue(_warp) != "none") throw new UsageException("bench: resnet50 classifies whole pictures and has nothing to unzoom; leave out --warp.");
        if (what == "model" && !BenchNetwork.Names.Contains(name)) throw new UsageException($"bench model: there is no model '{name}'{Meant(name ?? "", BenchNetwork.Names)}; choose one of {string.Join(", ", BenchNetwork.Names)}.");
#if !CPU_ONLY
        LzuCore.Gpu.GpuBackend.Register(new LzuCore.Gpu.GpuOptions(AllowTf32: parsed.GetValue(_precision) == "tf32"));
#endif
        if (parsed.GetValue(_train)) return Measure(parsed, session, what, name);
        using var off = Grad.Off();
        return Measure(parsed, session, what, name);
    }

    private int Measure(ParseResult parsed, Session session, string what, string? name)
    {
        var device = session.Device;
        var rows = new List<BenchRow>();
        session.Print($"{"",-44} {"threads",7} {"median ms",10} {"min ms",10} {"cpu ms",10} {"GFLOP/s",8} {"GB/s",7} {"% peak",7}");
        foreach (var row in what switch
        {
            "conv" => ConvBench.Run(device, name),
            "gemm" => GemmBench.Run(device, name),
            "warp" => WarpBench.Run(device, name),
            _ => ModelBench.Run(name!, parsed.GetValue(_size)!.Value, (int)parsed.GetValue(_batch)!.Value, parsed.GetValue(_warp)!, parsed.GetValue(_train), parsed.GetValue(_precision) switch { "bfloat16" => DType.BFloat16, "float16" => DType.Float16, _ => DType.Float32 }, device),
        })
        {
            session.Cancellation.ThrowIfCancellationRequested();
            rows.Add(row);
            session.Print(string.Create(CultureInfo.InvariantCulture, $"{row.Name,-44} {row.Threads,7} {row.MedianMs,10:0.000} {row.MinMs,10:0.000} {row.CpuMs,10:0.000} {Rate(row.GFlops),8} {Rate(row.GBs),7} {Rate(row.PercentOfPeak),7}"));
        }
        if (rows.Count == 0) throw new UsageException($"bench {what}: no row's name contains '{name}'.");
        session.Document(new BenchDocument("lzu.bench/1", rows), CliJson.Default.BenchDocument);
        return ExitCode.Done;
    }

    private static string Rate(double value) => double.IsFinite(value) ? value.ToString("0.0", CultureInfo.InvariantCulture) : "";

    private static string Meant(string typed, string[] names) => NearestName.Of(typed, names) is { } name ? $", did you mean '{name}'?" : "";
}
