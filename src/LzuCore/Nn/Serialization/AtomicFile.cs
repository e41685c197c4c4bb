using LzuCore.Interop;
using LzuCore.Memory;

namespace LzuCore.Nn.Serialization;

/// <summary>Writes files whole or not at all: beside their place, flushed to the disk, then renamed over it, and the rename flushed too. A reader, a killed process or a machine
/// without power sees the old file or the new one, never half of one.</summary>
public static class AtomicFile
{
    private const string Ending = ".tmp";
    private const int MarkLength = 32;

    /// <summary>Writes one file.</summary>
    /// <param name="path">Its place; a file there is replaced.</param>
    /// <param name="write">Writes the content. What it throws leaves no file behind.</param>
    /// <exception cref="LzuException">The place cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string? beside = null;
        try
        {
            var full = Path.GetFullPath(path);
            if (Directory.Exists(full)) throw new LzuException($"{path}: is a directory. Give the path of a file to write.");
            var temporary = Path.Combine(Path.GetDirectoryName(full) ?? "", $"{Beginning(full)}{Guid.NewGuid():n}{Ending}");
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                beside = temporary;
                AppDomain.CurrentDomain.ProcessExit += RemoveOnExit;   // an interrupted process runs no finally
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
            beside = null;
            DirectoryFlush.Run(Path.GetDirectoryName(full) ?? "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new LzuException($"{path}: cannot be written ({ByteSource.OneLine(e)}). Check the folder, its permissions and the space left.", e);
        }
        finally
        {
            AppDomain.CurrentDomain.ProcessExit -= RemoveOnExit;
            if (beside is not null) Discard(beside);
        }

        void RemoveOnExit(object? sender, EventArgs e)
        {
            if (beside is { } half) Discard(half);
        }
    }

    /// <summary>Removes what killed processes left beside a file's place in the middle of a write. Nobody may be writing there now.</summary>
    /// <param name="path">The file's place.</param>
    public static void RemoveLeftovers(string path)
    {
        var full = Path.GetFullPath(path);
        var (folder, beginning) = (Path.GetDirectoryName(full) ?? "", Beginning(full));
        if (!Directory.Exists(folder)) return;
        foreach (var file in Directory.GetFiles(folder))
            if (Path.GetFileName(file) is var name && name.Length == beginning.Length + MarkLength + Ending.Length && name.StartsWith(beginning, StringComparison.Ordinal) && name.EndsWith(Ending, StringComparison.Ordinal)
                && name.AsSpan(beginning.Length, MarkLength).IndexOfAnyExcept("0123456789abcdef") < 0) Discard(file);
    }

    private static string Beginning(string path) => $".{Path.GetFileName(path)}.";

    private static void Discard(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error on its way to the caller says more than this one.
        }
    }
}
