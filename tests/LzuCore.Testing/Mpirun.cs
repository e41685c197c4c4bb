using System.ComponentModel;
using System.Diagnostics;

namespace LzuCore.Testing;

/// <summary>Real processes under Open MPI's mpirun, where there is one.</summary>
public static class Mpirun
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    /// <summary>How a program ended, and what it wrote.</summary>
    public sealed record Outcome(int Code, string Out, string Error)
    {
        /// <summary>The rest of each line of output from a beginning on; a terminal's signs before it are passed over.</summary>
        public string[] Lines(string start) =>
            [.. Out.Split('\n').Select(l => l.Trim()).Where(l => l.Contains(start, StringComparison.Ordinal)).Select(l => l[(l.IndexOf(start, StringComparison.Ordinal) + start.Length)..])];
    }

    /// <summary>What to print where tests are passed over.</summary>
    public const string Absent = "no Open MPI here: apt-get install openmpi-bin libopenmpi3 to run these";

    /// <summary>Whether there is one.</summary>
    public static bool IsThere { get; } = Start("mpirun", ["--version"]) is { } version && version.Out.Contains("Open MPI", StringComparison.Ordinal);

    /// <summary>One process, without mpirun.</summary>
    public static Outcome Alone(string program, params string[] arguments) => Start("dotnet", [program, .. arguments])!;

    /// <summary>Several processes.</summary>
    public static Outcome Run(int processes, string program, params string[] arguments) => RunWith("", processes, program, arguments);

    /// <summary>Several processes with a variable of their environment, as NAME=value.</summary>
    public static Outcome RunWith(string variable, int processes, string program, params string[] arguments) =>
        Start("mpirun", ["--allow-run-as-root", "--oversubscribe", .. variable.Length > 0 ? new[] { "-x", variable } : [], "-n", $"{processes}", "dotnet", program, .. arguments])!;

    private static Outcome? Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        // Sockets' paths lie under it, and are short.
        start.Environment["TMPDIR"] = "/tmp";
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            if (process.WaitForExit(Patience)) return new Outcome(process.ExitCode, output.Result, error.Result);
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} hangs: {error.Result}");
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
