using System.Text;
using LzuCore.Memory;
using Microsoft.Win32.SafeHandles;

namespace LzuCore.Nn.Serialization;

// Bytes of a file, of a part of one, or of memory, read by position. Every format reader sits on this, so that
// - nothing is read before its range is checked, and nothing is allocated because a file says so;
// - every failure, the operating system's included, becomes one FileFormatException that names the file.
internal abstract class ByteSource(string name, long length)
{
    // The file, and the part of it, as messages name it.
    public string Name { get; } = name;

    public long Length { get; } = length;

    // Fills the span from a position; the range must lie inside.
    public void Read(long offset, Span<byte> into)
    {
        if (offset < 0 || offset > Length || into.Length > Length - offset)
            throw Bad($"{into.Length} bytes are wanted at byte {offset}, but there are {Length}. The file is cut short or damaged; fetch it again");
        if (into.Length > 0) ReadCore(offset, into);
    }

    protected abstract void ReadCore(long offset, Span<byte> into);

    // Makes sure that what was read is what was written, where the format has a checksum.
    public virtual void Verify() { }

    // Refuses a file that was written to since it was opened: for those who read again what they have read before.
    public virtual void RefuseIfChanged() { }

    // A new array; the caller has bounded the count.
    public byte[] ReadArray(long offset, long count)
    {
        if (offset < 0 || count < 0 || offset > Length || count > Length - offset || count > Array.MaxLength)
            throw Bad($"{count} bytes are wanted at byte {offset}, but there are {Length}. The file is cut short or damaged; fetch it again");
        var bytes = new byte[count];
        Read(offset, bytes);
        return bytes;
    }

    public ByteSource Slice(long offset, long length, string? name = null) => new SliceSource(this, offset, length, name ?? Name);

    public FileFormatException Bad(string what, Exception? inner = null) => new($"{Name}: {what}.", inner);

    // Text from a file, made fit for a one-line message.
    public static string Show(string text)
    {
        var shown = new StringBuilder();
        foreach (var c in text.Length > 60 ? text.AsSpan(0, 60) : text) shown.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        if (text.Length > 60) shown.Append('…');
        return $"'{shown}'";
    }

    public static ByteSource Of(byte[] bytes, string name) => new MemorySource(bytes, name);

    // Opens a file; the handle closes with Close or when nobody holds the source.
    public static FileSource Open(string path)
    {
        var name = path.Replace('\n', '?').Replace('\r', '?');
        if (string.IsNullOrEmpty(path)) throw new FileFormatException("the path of the file to read is empty. Give the path of a file.");
        if (Directory.Exists(path)) throw new FileFormatException($"{name}: is a directory. Give the path of a file in it.");
        try
        {
            var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            return new FileSource(handle, name, RandomAccess.GetLength(handle));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileFormatException($"{name}: there is no such file. Check the path.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new FileFormatException($"{name}: may not be read by this user. Check its permissions.", e);
        }
        catch (NotSupportedException e)
        {
            throw new FileFormatException($"{name}: is a pipe or a device, which cannot be read by position. Copy it to a file first.", e);
        }
        catch (Exception e) when (e is IOException or ArgumentException)
        {
            throw new FileFormatException($"{name}: cannot be opened ({OneLine(e)}). Check the path.", e);
        }
    }

    internal static string OneLine(Exception e) => e.Message.ReplaceLineEndings(" ").TrimEnd('.', ' ');

    // Makes what will own an open file; the file is closed at once if that fails.
    public static T Guard<T>(FileSource file, Func<T> make)
    {
        try
        {
            return make();
        }
        catch
        {
            file.Close();
            throw;
        }
    }

    internal sealed class FileSource(SafeFileHandle handle, string name, long length) : ByteSource(name, length), IDisposable
    {
        private readonly DateTime _written = File.GetLastWriteTimeUtc(handle);

        public void Close() => handle.Dispose();

        public void Dispose() => Close();

        public override void RefuseIfChanged()
        {
            if (handle.IsClosed) throw Bad("was closed, and weights that were left in it are wanted again. Keep the checkpoint, or read them with ToStateDict");
            if (RandomAccess.GetLength(handle) != Length || File.GetLastWriteTimeUtc(handle) != _written)
                throw Bad("was written to since it was opened, and weights that were left in it are wanted again. Write to another file and rename it, or read weights with ToStateDict");
        }

        protected override void ReadCore(long offset, Span<byte> into)
        {
            try
            {
                while (into.Length > 0)
                {
                    var read = RandomAccess.Read(handle, into, offset);
                    if (read <= 0) throw Bad($"ends at byte {offset} although it had {Length} bytes when it was opened. Something is writing to it; try again");
                    into = into[read..];
                    offset += read;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
            {
                throw Bad($"cannot be read at byte {offset} ({OneLine(e)}). Check the disk", e);
            }
            catch (ObjectDisposedException e)
            {
                throw Bad("was closed. Read what is needed before disposing the checkpoint or archive", e);
            }
        }
    }

    private sealed class MemorySource(byte[] bytes, string name) : ByteSource(name, bytes.Length)
    {
        protected override void ReadCore(long offset, Span<byte> into) => bytes.AsSpan((int)offset, into.Length).CopyTo(into);
    }

    private sealed class SliceSource : ByteSource
    {
        private readonly ByteSource _whole;
        private readonly long _start;

        public SliceSource(ByteSource whole, long start, long length, string name)
            : base(name, length)
        {
            if (start < 0 || length < 0 || start > whole.Length || length > whole.Length - start)
                throw whole.Bad($"bytes {start} to {start}+{length} are wanted, but there are {whole.Length}. The file is cut short or damaged; fetch it again");
            (_whole, _start) = (whole, start);
        }

        public override void Verify() => _whole.Verify();

        public override void RefuseIfChanged() => _whole.RefuseIfChanged();

        protected override void ReadCore(long offset, Span<byte> into) => _whole.Read(_start + offset, into);
    }
}
