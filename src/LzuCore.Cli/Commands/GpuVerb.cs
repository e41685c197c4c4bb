#if !CPU_ONLY
using System.CommandLine;
using System.Globalization;
using LzuCore.Cli.Manners;
using LzuCore.Gpu;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu gpu ptx --json</c> writes.</summary>
internal sealed record KernelDocument(string Schema, IReadOnlyList<KernelSummary> Kernels);

/// <summary><c>lzu gpu</c>: what a GPU would get, seen without one.</summary>
internal sealed class GpuVerb() : Verb("gpu", "compiles every kernel for a GPU, which needs none, and lists what each does")
{
    private readonly Argument<string> _what = new("WHAT") { Description = "ptx: NVIDIA's assembly for sm_80 and sm_90" };
    private readonly Option<string?> _out = Opt.Text("--out", "DIR", "write every kernel's PTX into this folder");

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_what);
        command.Add(_out);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        if (parsed.GetRequiredValue(_what) is var what && what != "ptx") throw new UsageException($"gpu: '{what}' is nothing to compile to; choose ptx.");
        var folder = parsed.GetValue(_out);
        if (folder is not null) MakeFolder(folder);
        session.Say($"compiling {KernelListing.Count} kernels for sm_80 and sm_90");
        var kernels = new List<KernelSummary>();
        session.Print($"{"loads",6} {"vector",6} {"stores",6} {"vector",6} {"shared",6} {"local",6} {"branch",6} {"all",6}  kernel (instructions counted once each)");
        foreach (var k in KernelListing.Compile(folder))
        {
            session.Cancellation.ThrowIfCancellationRequested();
            kernels.Add(k);
            session.Print(string.Create(CultureInfo.InvariantCulture, $"{k.Loads,6} {k.VectorLoads,6} {k.Stores,6} {k.VectorStores,6} {k.Shared,6} {k.Local,6} {k.Branches,6} {k.Instructions,6}  {k.Name}{(k.Same ? "" : " (sm_80 differs)")}"));
        }
        session.Print($"{kernels.Count} kernels, {kernels.Count(k => k.VectorLoads + k.VectorStores > 0)} with vector accesses, {kernels.Count(k => k.Local > 0)} with local memory{(folder is null ? "" : $"; PTX in {folder}")}");
        session.Document(new KernelDocument("lzu.gpu.ptx/1", kernels), CliJson.Default.KernelDocument);
        return ExitCode.Done;
    }

    // Before time is spent on what cannot be kept.
    private static void MakeFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"gpu: --out must be a folder that can be written, got '{folder}'. Name another.");
        }
    }
}
#endif
