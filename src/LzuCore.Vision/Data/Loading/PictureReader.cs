using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data.Loading;

/// <summary>Reads pictures for data sets: remembers the last ones up to a number of bytes, and decodes JPEGs no larger than they are needed.</summary>
/// <remarks>Remembered pictures are shared: whoever gets one does not write into it. Safe for use by several threads.</remarks>
public sealed class PictureReader
{
    private readonly Func<Size2, Size2>? _needed;
    private readonly long _capacity;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Path, Size2? AtLeast), LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = [];
    private long _hits;

    /// <summary>A reader.</summary>
    /// <param name="cacheBytes">Bytes of decoded pixels that are remembered; the least recently used picture is forgotten first. 0 remembers nothing.</param>
    /// <param name="needed">The size that a picture of a size will be resized to, when that is known: a JPEG at least twice as large is decoded at 1/2, 1/4 or 1/8. Null for all pixels.</param>
    /// <exception cref="ArgumentValueException">The number of bytes is negative.</exception>
    public PictureReader(long cacheBytes = 0, Func<Size2, Size2>? needed = null)
    {
        Check.That(cacheBytes >= 0, $"picture reader: the cache must have 0 bytes or more, got {cacheBytes}.");
        (_capacity, _needed) = (cacheBytes, needed);
    }

    /// <summary>Bytes of the pictures that are remembered now.</summary>
    public long CachedBytes { get; private set; }

    /// <summary>How often a picture was remembered.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Whether pictures may come smaller than their files say.</summary>
    public bool Reduces => _needed is not null;

    /// <summary>Reads a picture.</summary>
    /// <param name="path">The file.</param>
    /// <param name="size">Its size, as annotations tell it; null when they do not, and then all pixels are decoded.</param>
    /// <exception cref="FileFormatException">It cannot be read, or is no whole picture.</exception>
    public Image Read(string path, Size2? size = null)
    {
        var key = (path, size is { } full ? _needed?.Invoke(full) : null);
        if (_capacity == 0) return ImageCodec.Load(path, key.Item2);
        lock (_lock)
            if (_entries.TryGetValue(key, out var known))
            {
                _byUse.Remove(known);
                _byUse.AddFirst(known);
                _hits++;
                return known.Value.Image;
            }
        var image = ImageCodec.Load(path, key.Item2);
        lock (_lock) Remember(key, image);
        return image;
    }

    private void Remember((string, Size2?) key, Image image)
    {
        var bytes = 3L * image.Height * image.Width;
        if (bytes > _capacity || _entries.ContainsKey(key)) return;
        while (CachedBytes + bytes > _capacity)
        {
            var oldest = _byUse.Last!;
            _byUse.RemoveLast();
            _entries.Remove(oldest.Value.Key);
            CachedBytes -= 3L * oldest.Value.Image.Height * oldest.Value.Image.Width;
        }
        _entries[key] = _byUse.AddFirst(new Entry(key, image));
        CachedBytes += bytes;
    }

    private readonly record struct Entry((string Path, Size2? AtLeast) Key, Image Image);
}
