using System.CommandLine;

namespace LzuCore.Cli.Manners;

/// <summary>The options that every verb has.</summary>
internal static class CommonOptions
{
    /// <summary><c>--device</c>.</summary>
    public static Option<string?> Device { get; } = Recursive(Opt.Text("--device", "cpu|cuda[:N]|ilgpu", "where to compute (default: the best there is)"));

    /// <summary><c>--threads</c>.</summary>
    public static Option<long?> Threads { get; } = Recursive(Opt.Whole("--threads", "CPU threads (default: all)", 1, 1024));

    /// <summary><c>--seed</c>.</summary>
    public static Option<long?> Seed { get; } = Recursive(Opt.Whole("--seed", "seed of everything random (default 0)", 0, long.MaxValue, fallback: 0));

    /// <summary><c>--json</c>.</summary>
    public static Option<bool> Json { get; } = Recursive(Opt.Flag("--json", "one JSON document on stdout"));

    /// <summary><c>--quiet</c>.</summary>
    public static Option<bool> Quiet { get; } = Recursive(Opt.Flag("--quiet", "no notices and no progress on stderr"));

    /// <summary><c>--verbose</c>.</summary>
    public static Option<bool> Verbose { get; } = Recursive(Opt.Flag("--verbose", "more notices; stack traces with errors"));

    /// <summary>All of them.</summary>
    public static IEnumerable<Option> All => [Device, Threads, Seed, Json, Quiet, Verbose];

    private static Option<T> Recursive<T>(Option<T> option)
    {
        option.Recursive = true;
        return option;
    }
}
