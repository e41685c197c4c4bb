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
        foreach (var verb in Verbs()) root.Add(verb.Build(interruption));
        root.Add(ScoreVerbs.Build(interruption));

        var parsed = root.Parse(args, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (ParseFault.Find(parsed, args) is { } fault)
        {
            Faults.Print(new UsageException(fault), stderr, verbose: false);
            return ExitCode.Usage;
        }
        return parsed.Invoke(new InvocationConfiguration { Output = stdout, Error = stderr, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    private static IEnumerable<Verb> Verbs() =>
    [
        new BenchVerb(),
        new ConformanceVerb(),
        new ConvertVerb(),
        new DataVerb(),
        new DemoVerb(),
        new DetectVerb(),
        new Detect3dVerb(),
        new DoctorVerb(),
        new EvalVerb(),
        new ExportVerb(),
#if !CPU_ONLY
        new GpuVerb(),
#endif
        new InspectVerb(),
        new SaliencyVerb(),
        new SegmentVerb(),
        new TrainVerb(),
        new ZoomVerb(),
    ];
}
