using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Manners;

/// <summary>The files a verb writes, all or none: each is written beside its place under a temporary name, and renamed only when everything is done.
/// Whatever ends the verb earlier (a fault, Ctrl-C) leaves neither files nor new folders.</summary>
internal sealed class OutputFiles : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<(string Temporary, string Final)> _pending = [];
    private readonly List<string> _newFolders = [];
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenRegistration _onCancel;
    private bool _closed;

    /// <summary>Nothing is touched until the first file is added.</summary>
    public OutputFiles(CancellationToken cancellation) => (_cancellation, _onCancel) = (cancellation, cancellation.Register(Discard));

    /// <summary>Writes one file; <paramref name="write"/> gets the temporary path, which has the same extension.</summary>
    /// <returns>The final path.</returns>
    /// <exception cref="UsageException">The place cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The verb was interrupted.</exception>
    public string Add(string path, Action<string> write)
    {
        var final = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(final) ?? throw new UsageException($"'{path}' is no place for a file; name a file in a folder.");
        if (Directory.Exists(final)) throw new UsageException($"'{path}' is a folder; name a file to write.");
        var temporary = Path.Combine(folder, $".{Environment.ProcessId}-{_pending.Count}.tmp{Path.GetExtension(final)}");
        // Held while the file is written, so that an interruption finds it whole and removes it.
        lock (_lock)
        {
            MustBeOpen();
            try
            {
                MakeFolder(folder);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"cannot write into '{folder}': {fault.Message} Choose another place.", fault);
            }
            _pending.Add((temporary, final));
            try
            {
                write(temporary);
            }
            catch (Exception fault) when (fault is DirectoryNotFoundException or UnauthorizedAccessException)
            {
                throw new UsageException($"cannot write '{path}': {fault.Message} Choose another place.", fault);
            }
        }
        return path;
    }

    /// <summary>Writes one picture, as its name's ending says.</summary>
    /// <returns>The final path.</returns>
    /// <exception cref="UsageException">The place cannot be written.</exception>
    public string Add(string path, Image picture) => Add(path, p => File.WriteAllBytes(p, ImageCodec.Encode(picture, path)));

    /// <summary>Puts every file in its place.</summary>
    /// <exception cref="OperationCanceledException">The verb was interrupted.</exception>
    public void Commit()
    {
        lock (_lock)
        {
            MustBeOpen();
            foreach (var (temporary, final) in _pending) File.Move(temporary, final, overwrite: true);
            _closed = true;
        }
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose()
    {
        Discard();
        _onCancel.Dispose();
    }

    private void MustBeOpen()
    {
        if (_closed) _cancellation.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_closed, this);
    }

    private void MakeFolder(string folder)
    {
        var missing = new Stack<string>();
        for (var at = folder; at is not null && !Directory.Exists(at); at = Path.GetDirectoryName(at)) missing.Push(at);
        foreach (var at in missing)
        {
            Directory.CreateDirectory(at);
            _newFolders.Add(at);
        }
    }

    private void Discard()
    {
        lock (_lock)
        {
            if (_closed) return;
            _closed = true;
            foreach (var (temporary, _) in _pending) File.Delete(temporary);
            foreach (var folder in Enumerable.Reverse(_newFolders))
                if (!Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder);
        }
    }
}
