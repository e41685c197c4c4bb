namespace LzuCore.Cli.Manners;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Done, and the answer is no: a case failed, a check found faults.</summary>
    public const int No = 1;

    /// <summary>Wrong usage or bad input.</summary>
    public const int Usage = 2;

    /// <summary>The environment lacks something: a device, a library, memory, disk; or this program is at fault.</summary>
    public const int Environment = 3;

    /// <summary>Ctrl-C.</summary>
    public const int Interrupted = 130;
}
