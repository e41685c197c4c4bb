using System.CommandLine;
using LzuCore.Cli.Commands;
using LzuCore.Cli.Manners;

namespace LzuCore.Cli;

/// <summary>The whole program as one function of its arguments and its two streams, so that tests run what users run.</summary>
internal static class App
{
    /// <summary>Parses and runs one command line. Returns the exit code; never throws.</summary>
    public static int Run(string[] args, TextWriter stdout, TextWriter stderr, CancellationToken cancellation = default) => Run(args, stdout, stderr, new Interruption(cancellation));

    /// <inheritdoc cref="Run(string[], TextWriter, TextWriter, CancellationToken)"/>
    public static int Run(string[] args, TextWriter stdout, TextWriter stderr, Interruption interruption)
    {
#if !CPU_ONLY
        LzuCore.Gpu.GpuBackend.Register();
#endif
        var root = new RootCommand("Learning to Zoom and Unzoom: zoom into what matters, run a backbone, unzoom its features.");
        foreach (var option in CommonOptions.All) root.Add(option);
        foreach (var command in InferenceVerbs(interruption).Concat(Parts.Training ? TrainingVerbs(interruption) : []).OrderBy(c => c.Name, StringComparer.Ordinal)) root.Add(command);

        var parsed = root.Parse(args, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (ParseFault.Find(parsed, args) is { } fault)
        {
            Faults.Print(new UsageException(fault), stderr, verbose: false);
            return ExitCode.Usage;
        }
        return parsed.Invoke(new InvocationConfiguration { Output = stdout, Error = stderr, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    // What is deployed: networks on pictures, their files, and whether this machine runs them well.
    private static IEnumerable<Command> InferenceVerbs(Interruption interruption) => Built(interruption,
    [
        new BenchVerb(),
        new ConformanceVerb(),
        new ConvertVerb(),
        new DetectVerb(),
        new Detect3dVerb(),
        new DoctorVerb(),
        new ExportVerb(),
#if !CPU_ONLY
        new GpuVerb(),
#endif
        new InspectVerb(),
        new SaliencyVerb(),
        new SegmentVerb(),
        new ZoomVerb(),
    ]);

    // What trains, and what training needs: data and metrics.
    private static IEnumerable<Command> TrainingVerbs(Interruption interruption) =>
    [
        .. Built(interruption, [new DataVerb(), new DemoVerb(), new EvalVerb(), new ReproduceVerb(), new ScenesVerb(), new TrainVerb()]),
        ScoreVerbs.Build(interruption),
    ];

    private static IEnumerable<Command> Built(Interruption interruption, Verb[] verbs) => verbs.Select(v => v.Build(interruption));
}
