using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LzuCore.Cli.Bench.Interop;

/// <summary>CPU time, which does not count what other programs take. Of the calling thread where the system tells (Linux), else of the process.</summary>
internal static unsafe partial class ThreadClock
{
    private const int ThreadCpuTime = 3;

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds, Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, TimeSpec* time);

    /// <summary>CPU milliseconds of the calling thread so far.</summary>
    public static double Milliseconds
    {
        get
        {
            TimeSpec time;
            return OperatingSystem.IsLinux() && ClockGetTime(ThreadCpuTime, &time) == 0 ? time.Seconds * 1e3 + time.Nanoseconds * 1e-6 : ProcessMilliseconds;
        }
    }

    /// <summary>CPU milliseconds of all threads of this process so far.</summary>
    public static double ProcessMilliseconds
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return process.TotalProcessorTime.TotalMilliseconds;
        }
    }
}
