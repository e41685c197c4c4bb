using System.Collections.Concurrent;

namespace LzuCore.Memory;

/// <summary>One flat buffer on one device, shared by all views of it. Users never dispose it: scopes return it early, its finalizer late.</summary>
public abstract class Storage
{
    private ConcurrentDictionary<object, object>? _derived;
    private int _released;

    /// <summary>A buffer of <paramref name="byteLength"/> bytes on <paramref name="device"/>.</summary>
    protected Storage(Device device, long byteLength)
    {
        Device = device;
        ByteLength = byteLength;
    }

    /// <summary>Where the bytes are.</summary>
    public Device Device { get; }

    /// <summary>Usable bytes.</summary>
    public long ByteLength { get; }

    /// <summary>Whether the buffer went back to its pool; reading it is refused.</summary>
    public bool IsReleased => Volatile.Read(ref _released) != 0;

    /// <summary>Something computed from these bytes and kept with them, such as weights packed for a kernel. Valid because tensors are immutable:
    /// new values are a new storage.</summary>
    /// <param name="key">Says which kernel and which options; compared by value.</param>
    /// <param name="make">Computes it on first use. May run twice when two threads race; one result is kept.</param>
    public virtual T Derive<T>(object key, Func<T> make) where T : class
    {
        var cache = _derived ?? Interlocked.CompareExchange(ref _derived, new(), null) ?? _derived;
        return (T)cache.GetOrAdd(key, static (_, m) => m(), make);
    }

    /// <summary>Calls what reads these bytes and keeps something else in their place, so that bytes which can be computed again need not stay.</summary>
    internal virtual void Lend(Action use) => use();

    /// <summary>Returns the buffer now. Called by scopes; safe to call twice.</summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _released, 1) != 0) return;
        _derived = null;
        ReturnBuffer();
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether a chain of layers, whose buffer this is, does not read it after the layer that it calls now: that layer may write its result in its place.</summary>
    internal bool IsGivenUp { get; set; }

    /// <summary>Ends this storage without returning its bytes, which somebody else now has.</summary>
    private protected void End()
    {
        if (Interlocked.Exchange(ref _released, 1) != 0) throw new ReleasedTensorException("a buffer was taken over after it had gone back to the pool.");
        _derived = null;
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the bytes back to where they came from. Runs once, perhaps on the finalizer thread.</summary>
    protected abstract void ReturnBuffer();

    /// <summary>The late return: nobody reached this storage any more.</summary>
    ~Storage()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0) ReturnBuffer();
    }
}
