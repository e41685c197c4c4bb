using System.Runtime.InteropServices;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Testing;

/// <summary>Processes that are threads of this one, so that what processes do together is tested without mpirun. Sums are over ranks in their order.</summary>
/// <remarks>A start puts a copy of the values on the table; the sum is made at the wait, from the tables of all. Every call is told to <see cref="Calls"/>.</remarks>
public sealed unsafe class ThreadedProcesses : ProcessGroup
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Table _table;
    private int _sums, _calls;

    private ThreadedProcesses(Table table, int rank) => (_table, Rank) = (table, rank);

    public override int Rank { get; }

    public override int World => _table.World;

    public override int LocalRank => Rank;

    /// <summary>What this process asked for, in order: <c>sum 12</c>, <c>gather</c>.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Runs a program in as many processes; gives what each returned. A fault of one is thrown, the lowest rank's first.</summary>
    public static T[] Run<T>(int world, Func<ThreadedProcesses, T> program)
    {
        var table = new Table(world);
        var results = new T[world];
        var faults = new Exception?[world];
        var threads = Enumerable.Range(0, world).Select(rank => new Thread(() =>
        {
            try
            {
                results[rank] = program(new ThreadedProcesses(table, rank));
            }
            catch (Exception fault)
            {
                faults[rank] = fault;
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        if (faults.FirstOrDefault(f => f is not null) is { } first) throw first;
        return results;
    }

    public override PendingSum StartSum(TensorView values)
    {
        Calls.Add($"start {values.Count}");
        var key = $"sum {_sums++}";
        Put(key, values);
        return new Pending(() =>
        {
            Calls.Add($"wait {values.Count}");
            Fetch(key, values);
        });
    }

    public override void Sum(TensorView values)
    {
        Calls.Add($"sum {values.Count}");
        var key = $"call {_calls++}";
        Put(key, values);
        Fetch(key, values);
    }

    public override void Sum(Span<double> values)
    {
        var all = Exchange(MemoryMarshal.AsBytes(values).ToArray());
        for (var i = 0; i < values.Length; i++) values[i] = all.Sum(a => MemoryMarshal.Cast<byte, double>(a)[i]);
    }

    public override void Broadcast(Span<byte> bytes) => Exchange(bytes.ToArray())[0].CopyTo(bytes);

    public override byte[][] Gather(ReadOnlySpan<byte> bytes)
    {
        Calls.Add("gather");
        return Exchange(bytes.ToArray());
    }

    public override void Barrier() => Exchange([]);

    public override void Abort(int exitCode) => throw new InvalidOperationException($"aborted with {exitCode}");

    protected override void Leave()
    {
    }

    private byte[][] Exchange(byte[] mine)
    {
        var key = $"call {_calls++}";
        _table.Put(key, Rank, mine);
        return _table.Get(key, Patience);
    }

    private void Put(string key, TensorView values) => _table.Put(key, Rank, new ReadOnlySpan<byte>(First(values), checked((int)values.Count * values.DType.Size())).ToArray());

    private void Fetch(string key, TensorView values)
    {
        var all = _table.Get(key, Patience);
        for (var i = 0; i < values.Count; i++)
            if (values.DType == DType.Float32) ((float*)First(values))[i] = all.Aggregate(0f, (sum, a) => sum + MemoryMarshal.Cast<byte, float>(a)[i]);
            else ((double*)First(values))[i] = all.Sum(a => MemoryMarshal.Cast<byte, double>(a)[i]);
    }

    private static byte* First(TensorView values) => ((HostStorage)values.Storage).Pointer + values.Layout.Offset * values.DType.Size();

    private sealed class Pending(Action wait) : PendingSum
    {
        public override void Wait() => wait();
    }

    // What every process put under a name.
    private sealed class Table(int world)
    {
        private readonly Dictionary<string, byte[]?[]> _entries = [];

        public int World => world;

        public void Put(string key, int rank, byte[] bytes)
        {
            lock (_entries)
            {
                if (!_entries.TryGetValue(key, out var entry)) _entries[key] = entry = new byte[]?[world];
                entry[rank] = bytes;
                Monitor.PulseAll(_entries);
            }
        }

        public byte[][] Get(string key, TimeSpan patience)
        {
            var until = DateTime.UtcNow + patience;
            lock (_entries)
            {
                while (_entries[key].Any(b => b is null))
                    if (DateTime.UtcNow > until || !Monitor.Wait(_entries, patience)) throw new TimeoutException($"'{key}': another process did not come");
                return _entries[key]!;
            }
        }
    }
}
