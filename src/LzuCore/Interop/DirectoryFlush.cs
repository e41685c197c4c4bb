using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LzuCore.Interop;

/// <summary>Brings a directory's entries to the disk: a rename is in the directory, not in the file, and .NET opens no directories.</summary>
internal static partial class DirectoryFlush
{
    private const int ReadOnly = 0;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(SafeFileHandle directory);

    /// <summary>After it a renamed file survives a power cut. Nothing where the system keeps that promise by itself (Windows); file systems that cannot are left alone.</summary>
    public static void Run(string directory)
    {
        if (OperatingSystem.IsWindows()) return;
        using var handle = Open(directory.Length > 0 ? directory : ".", ReadOnly);
        if (!handle.IsInvalid) Sync(handle);
    }
}
