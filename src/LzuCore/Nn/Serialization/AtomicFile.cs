using LzuCore.Interop;
using LzuCore.Memory;

namespace LzuCore.Nn.Serialization;

/// <summary>Writes files whole or not at all: beside their place, flushed to the disk, then renamed over it, and the rename flushed too. A reader, a killed process or a machine
/// without power sees the old file or the new one, never half of one.</summary>
public static class AtomicFile
{
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
            var temporary = Path.Combine(Path.GetDirectoryName(full) ?? "", $".{Path.GetFileName(full)}.{Guid.NewGuid():n}.tmp");
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
