namespace LzuCore.Memory;

/// <summary>A pooled, 64-byte aligned buffer in host memory; or one whose bytes are computed from others when they are read.</summary>
public sealed unsafe class HostStorage : Storage
{
    private readonly BufferPool _pool;
    private readonly Computation? _computed;
    private BufferPool.Block _block;

    internal HostStorage(Device device, long byteLength, BufferPool pool, bool lasts = false)
        : base(device, byteLength) => (_pool, _block) = (pool, pool.Rent(byteLength, lasts));

    /// <summary>Bytes that a function of others' gives. They are kept only while something is derived from them (<see cref="Storage.Lend"/>), unless somebody else reads them: then they stay.
    /// That is how weights that a file holds, or with a norm folded in, take no memory beside what a kernel packs of them.</summary>
    /// <param name="device">The host.</param>
    /// <param name="byteLength">How many.</param>
    /// <param name="pool">Where they lie.</param>
    /// <param name="fill">Writes them; the same each time.</param>
    internal HostStorage(Device device, long byteLength, BufferPool pool, Action<HostStorage> fill)
        : base(device, byteLength) => (_pool, _computed) = (pool, new Computation(fill));

    private HostStorage(HostStorage other)
        : base(other.Device, other.ByteLength) => (_pool, _block) = (other._pool, other._block);

    /// <summary>The first byte. Aligned to 64; at least 64 readable bytes follow the last element, so that a vector load at the end stays inside.</summary>
    public byte* Pointer => _computed is null ? _block.Pointer : Computed(_computed);

    /// <inheritdoc/>
    public override T Derive<T>(object key, Func<T> make)
    {
        if (_computed is null) return base.Derive(key, make);
        T? derived = null;
        Lend(() => derived = base.Derive(key, make));
        return derived!;
    }

    internal override void Lend(Action use)
    {
        if (_computed is not { } computed)
        {
            use();
            return;
        }
        lock (computed.Gate)
        {
            computed.Borrowers++;
            try
            {
                use();
            }
            finally
            {
                computed.Borrowers--;
                if (!computed.Stays && computed.Borrowers == 0) GiveBack(computed);
            }
        }
    }

    /// <summary>Computes the bytes now; the first to borrow them gives their memory back to the system, since what is packed of them takes its place.</summary>
    internal void ComputeAhead()
    {
        if (_computed is not { } computed) return;
        lock (computed.Gate) Compute(computed, lasts: true);
    }

    /// <summary>Another storage with these bytes, to be overwritten; this one ends, and reading it is refused. Not for computed bytes.</summary>
    internal HostStorage TakeOver()
    {
        End();
        return new HostStorage(this);
    }

    /// <inheritdoc/>
    protected override void ReturnBuffer()
    {
        if (_computed is null) _pool.Return(_block);
        else GiveBack(_computed);
    }

    private byte* Computed(Computation computed)
    {
        lock (computed.Gate)
        {
            computed.Stays |= computed.Borrowers == 0;
            Compute(computed, lasts: false);
            return _block.Pointer;
        }
    }

    private void Compute(Computation computed, bool lasts)
    {
        if (computed.IsThere) return;
        _block = _pool.Rent(ByteLength, lasts);
        computed.IsThere = true;
        // Filling asks for the pointer.
        computed.Borrowers++;
        try
        {
            computed.Fill(this);
        }
        catch
        {
            GiveBack(computed);
            throw;
        }
        finally
        {
            computed.Borrowers--;
        }
    }

    private void GiveBack(Computation computed)
    {
        if (!computed.IsThere) return;
        computed.IsThere = false;
        _pool.Return(_block, keeps: !_block.Lasts);
    }

    private sealed class Computation(Action<HostStorage> fill)
    {
        public Action<HostStorage> Fill { get; } = fill;

        public Lock Gate { get; } = new();

        public bool IsThere { get; set; }

        public int Borrowers { get; set; }

        public bool Stays { get; set; }
    }
}
