using System.Runtime.InteropServices;
using LzuCore.Interop;
using LzuCore.Memory;

namespace LzuCore.Kernels.Mpi;

/// <summary>Processes that Open MPI's mpirun started, on one machine or many. See <see cref="MpiThread"/>.</summary>
/// <remarks>Which algorithm the library sums by depends on the length and the number of processes, and each adds in an order of its own that is the same every time. Tensors of other devices go through
/// host memory.</remarks>
internal sealed unsafe class MpiProcessGroup : ProcessGroup
{
    private const int MostAtOnce = 1 << 30;

    private readonly OpenMpi _mpi;
    private readonly MpiThread _thread;

    private MpiProcessGroup(OpenMpi mpi, MpiThread thread, int localRank) => (_mpi, _thread, LocalRank) = (mpi, thread, localRank);

    /// <inheritdoc/>
    public override int Rank => _thread.Rank;

    /// <inheritdoc/>
    public override int World => _thread.World;

    /// <inheritdoc/>
    public override int LocalRank { get; }

    /// <summary>Loads the library and joins the others. Once in a process.</summary>
    /// <exception cref="DeviceException">The library is absent, of another kind, or does not start.</exception>
    public static MpiProcessGroup Start(MpiLaunch launch)
    {
        var mpi = OpenMpi.Load(OpenMpi.Names(Environment.GetEnvironmentVariable));
        var thread = new MpiThread(mpi, launch.Timeout);
        if (thread.World != launch.World)
            throw new DeviceException($"MPI: mpirun started {launch.World} processes, but the library counts {thread.World}: it is of another installation ({mpi.Version}). Name the library that belongs to this mpirun in LZU_MPI.");
        return new MpiProcessGroup(mpi, thread, launch.LocalRank);
    }

    /// <inheritdoc/>
    public override PendingSum StartSum(TensorView values) => StartSum(values, _thread.Sums);

    /// <inheritdoc/>
    public override void Sum(TensorView values) => StartSum(values, _thread.Rest).Wait();

    private PendingSum StartSum(TensorView values, nint communicator)
    {
        var type = values.DType switch
        {
            DType.Float32 => _mpi.Float32,
            DType.Float64 => _mpi.Float64,
            var other => throw new DTypeException($"processes: what is summed must be float32 or float64, got {other.Name()}."),
        };
        Check.That(values.Layout.IsDefault, $"processes: what is summed must lie without gaps, got {values.Layout}. Make it contiguous.");
        if (values.Count == 0) return PendingSum.Done;
        if (values.Storage is HostStorage) return new Pending(Sums((nint)HostCopy.First(values), values.Count, type, values.DType.Size(), communicator, values.Storage), null);
        var staged = GC.AllocateUninitializedArray<byte>(checked((int)(values.Count * values.DType.Size())), pinned: true);
        HostCopy.Read(values, staged);
        return new Pending(Sums(AddressOf(staged), values.Count, type, values.DType.Size(), communicator, staged), () => HostCopy.Write(staged, values));
    }

    /// <inheritdoc/>
    public override void Sum(Span<double> values)
    {
        var bytes = Pinned(MemoryMarshal.AsBytes(values));
        var count = values.Length;
        Do("MPI_Iallreduce", mpi =>
        {
            nint request;
            mpi.Require(mpi.Iallreduce(OpenMpi.InPlace, AddressOf(bytes), count, mpi.Float64, mpi.SumOp, _thread.Rest, &request), "MPI_Iallreduce");
            return request;
        });
        bytes.CopyTo(MemoryMarshal.AsBytes(values));
    }

    /// <inheritdoc/>
    public override void Broadcast(Span<byte> bytes)
    {
        var copy = Pinned(bytes);
        Do("MPI_Ibcast", mpi =>
        {
            nint request;
            mpi.Require(mpi.Ibcast(AddressOf(copy), copy.Length, mpi.Byte, 0, _thread.Rest, &request), "MPI_Ibcast");
            return request;
        });
        copy.CopyTo(bytes);
    }

    /// <inheritdoc/>
    public override byte[][] Gather(ReadOnlySpan<byte> bytes)
    {
        // Lengths first: a sum of vectors that are zero but for one's own place.
        var lengths = new double[World];
        lengths[Rank] = bytes.Length;
        Sum(lengths);
        var total = lengths.Sum();
        if (total > int.MaxValue) throw new LzuException($"processes: what is gathered must be below 2 GiB together, got {total / (1 << 30):0.0} GiB. Gather less at a time.");
        var places = GC.AllocateUninitializedArray<int>(2 * World, pinned: true);
        for (int r = 0, at = 0; r < World; at += places[r++]) (places[r], places[World + r]) = ((int)lengths[r], at);
        byte[] mine = Pinned(bytes), all = GC.AllocateUninitializedArray<byte>((int)total, pinned: true);
        Do("MPI_Iallgatherv", mpi =>
        {
            nint request;
            var counts = (int*)Marshal.UnsafeAddrOfPinnedArrayElement(places, 0);
            mpi.Require(mpi.Iallgatherv(AddressOf(mine), mine.Length, mpi.Byte, AddressOf(all), counts, counts + World, mpi.Byte, _thread.Rest, &request), "MPI_Iallgatherv");
            return request;
        });
        GC.KeepAlive(places);
        return [.. Enumerable.Range(0, World).Select(r => all.AsSpan(places[World + r], places[r]).ToArray())];
    }

    /// <inheritdoc/>
    public override void Barrier() => Do("MPI_Ibarrier", mpi =>
    {
        nint request;
        mpi.Require(mpi.Ibarrier(_thread.Rest, &request), "MPI_Ibarrier");
        return request;
    });

    /// <inheritdoc/>
    public override void Abort(int exitCode)
    {
        // It does not return; where it did, leaving without a word to MPI makes mpirun end the others.
        _thread.Ask(new MpiJob("MPI_Abort", mpi =>
        {
            mpi.Require(mpi.Abort(mpi.World, exitCode), "MPI_Abort");
            return 0;
        }, isLast: true)).Wait();
        Environment.Exit(exitCode);
    }

    /// <inheritdoc/>
    protected override void Leave() => _thread.Stop();

    private void Do(string name, Func<OpenMpi, nint> start) => MpiThread.Finish(_thread.Ask(new MpiJob(name, start)));

    // A count is 32 bits. `owner` stays reachable through the job.
    private MpiJob[] Sums(nint address, long count, nint type, int size, nint communicator, object owner)
    {
        var jobs = new MpiJob[(count + MostAtOnce - 1) / MostAtOnce];
        for (var j = 0; j < jobs.Length; j++)
        {
            var at = (long)j * MostAtOnce;
            var (part, length) = (address + (nint)(at * size), (int)Math.Min(MostAtOnce, count - at));
            jobs[j] = _thread.Ask(new MpiJob("MPI_Iallreduce", mpi =>
            {
                nint request;
                mpi.Require(mpi.Iallreduce(OpenMpi.InPlace, part, length, type, mpi.SumOp, communicator, &request), "MPI_Iallreduce");
                GC.KeepAlive(owner);
                return request;
            }));
        }
        return jobs;
    }

    private static byte[] Pinned(ReadOnlySpan<byte> bytes)
    {
        var copy = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(copy);
        return copy;
    }

    private static nint AddressOf(byte[] pinned) => Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);

    private sealed class Pending(MpiJob[] jobs, Action? arrived) : PendingSum
    {
        private bool _done;

        public override void Wait()
        {
            if (_done) return;
            foreach (var job in jobs) MpiThread.Finish(job);
            arrived?.Invoke();
            _done = true;
        }
    }
}
