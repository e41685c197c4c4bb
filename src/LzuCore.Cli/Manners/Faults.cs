using LzuCore.Memory;

namespace LzuCore.Cli.Manners;

/// <summary>Exception → exit code and one line on stderr.</summary>
internal static class Faults
{
    /// <summary>The exit code that says whose fault it is.</summary>
    public static int CodeOf(Exception fault) => fault switch
    {
        OperationCanceledException => ExitCode.Interrupted,
        DeviceException or KernelNotFoundException or OutOfDeviceMemoryException => ExitCode.Environment,
        LzuException => ExitCode.Usage,
        FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException or PathTooLongException => ExitCode.Usage,
        _ => ExitCode.Environment,
    };

    /// <summary>Writes the one line; the stack too when asked for.</summary>
    public static void Print(Exception fault, TextWriter stderr, bool verbose, string? who = null)
    {
        stderr.WriteLine($"error: {who}{OneLine(fault)}");
        if (verbose) stderr.WriteLine(fault);
    }

    private static string OneLine(Exception fault) => fault switch
    {
        OperationCanceledException => "interrupted; nothing was left behind.",
        LzuException => Flatten(fault.Message),
        OutOfMemoryException => "out of memory. Try a smaller image, --scale or --batch.",
        DllNotFoundException => Flatten(fault.Message) + " 'lzu doctor' lists what is looked for.",
        TypeInitializationException { InnerException: DllNotFoundException inner } => Flatten(inner.Message) + " 'lzu doctor' lists what is looked for.",
        UnauthorizedAccessException or IOException => Flatten(fault.Message),
        _ => $"unexpected {fault.GetType().Name}: {Flatten(fault.Message)} Run again with --verbose and report what it prints.",
    };

    private static string Flatten(string message) => string.Join(' ', message.Split(['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
