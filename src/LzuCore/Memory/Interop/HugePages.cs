using System.Runtime.InteropServices;

namespace LzuCore.Memory.Interop;

/// <summary>Asks Linux for pages of 2 MiB: fresh memory then costs one fault for 512. Where the system has none or refuses, nothing changes.</summary>
internal static unsafe partial class HugePages
{
    private const long Size = 2L << 20;
    private const int AdviseHugePage = 14;

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

    /// <summary>For the whole huge pages inside a piece of memory: those that are written from end to end, as nearly all are, take no more than small ones; its ends, which they do not cover, keep small ones.</summary>
    public static void Want(nint address, long bytes)
    {
        if (!OperatingSystem.IsLinux()) return;
        long first = (address + Size - 1) / Size * Size, last = (address + bytes) / Size * Size;
        if (last > first) _ = Advise((void*)first, (nuint)(last - first), AdviseHugePage);
    }
}
