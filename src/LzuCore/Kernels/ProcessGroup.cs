using System.Security.Cryptography;
using System.Text;
using LzuCore.Interop;
using LzuCore.Kernels.Mpi;
using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>Processes that compute one thing together, each on its share of the data. Every member is called by all of them, in the same order, except <see cref="Abort"/>.</summary>
/// <remarks>Sums run in an order that depends on the number of processes alone, and all receive the same bits: two runs with as many processes agree bit by bit. Members are called from one thread.</remarks>
public abstract class ProcessGroup : IDisposable
{
    /// <summary>A process alone.</summary>
    public static ProcessGroup Alone { get; } = new LoneProcess();

    /// <summary>Which of the processes this is, from 0. The one that talks is 0.</summary>
    public abstract int Rank { get; }

    /// <summary>How many there are.</summary>
    public abstract int World { get; }

    /// <summary>Which of the processes of this machine this is, from 0: the GPU that it takes.</summary>
    public abstract int LocalRank { get; }

    /// <summary>Whether this process is the one that talks and writes files.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>The processes that mpirun or srun started together with this one; <see cref="Alone"/> where it was started by itself, without looking for any library.</summary>
    /// <exception cref="DeviceException">It was started by mpirun, and Open MPI's library is absent or of another kind.</exception>
    public static ProcessGroup Join() => MpiLaunch.Of(Environment.GetEnvironmentVariable) is { World: > 1 } launch ? MpiProcessGroup.Start(launch) : Alone;

    /// <summary>In a line, the library that processes on several machines find each other by, for <c>lzu doctor</c>. A process alone needs none.</summary>
    public static string Library => OpenMpi.Describe(OpenMpi.Names(Environment.GetEnvironmentVariable));

    /// <summary>Starts to replace every element by its sum over the processes, and returns. The buffer is not touched until the sum was waited for.</summary>
    /// <param name="values">float32 or float64, lying without gaps; as long in every process.</param>
    /// <exception cref="DTypeException">Another dtype.</exception>
    public abstract PendingSum StartSum(TensorView values);

    /// <summary>Replaces every element by its sum over the processes, and returns when that is done. Independent of sums that are on their way.</summary>
    /// <param name="values">float32 or float64, lying without gaps; as long in every process.</param>
    /// <exception cref="DTypeException">Another dtype.</exception>
    public abstract void Sum(TensorView values);

    /// <summary>Replaces numbers by their sums over the processes.</summary>
    public abstract void Sum(Span<double> values);

    /// <summary>Replaces bytes by those of process 0; as many in every process.</summary>
    public abstract void Broadcast(Span<byte> bytes);

    /// <summary>What each process gave, by rank; lengths may differ. All receive all of it.</summary>
    public abstract byte[][] Gather(ReadOnlySpan<byte> bytes);

    /// <summary>Returns when all processes have come here.</summary>
    public abstract void Barrier();

    /// <summary>Ends all processes at once with an exit code; does not return. For the process that cannot go on: the others would wait for it.</summary>
    public abstract void Abort(int exitCode);

    /// <summary>The sum of one number.</summary>
    public double Sum(double value)
    {
        Span<double> one = [value];
        Sum(one);
        return one[0];
    }

    /// <summary>The mean of one number over the processes.</summary>
    public double Mean(double value) => Sum(value) / World;

    /// <summary>What the mean over this process's things counts: the mean over processes of such means, each times its share, is the mean over the things of all. 1 where there are none at all.</summary>
    /// <param name="count">How many things this process has, or their weight.</param>
    public double Share(double count) => World == 1 ? 1 : Mean(count) is > 0 and var mean ? count / mean : 1;

    /// <summary>Replaces a tensor's elements by those of process 0.</summary>
    /// <param name="values">Any dtype, lying without gaps; as long in every process.</param>
    public void Broadcast(TensorView values)
    {
        if (World == 1 || values.Count == 0) return;
        var bytes = new byte[checked((int)(values.Count * values.DType.Size()))];
        HostCopy.Read(values, bytes);
        Broadcast(bytes.AsSpan());
        HostCopy.Write(bytes, values);
    }

    /// <summary>Requires a text to be the same in all processes.</summary>
    /// <param name="what">What the text is, as the error calls it.</param>
    /// <param name="text">The text; only its hash travels.</param>
    /// <exception cref="ArgumentValueException">It differs, in all processes alike.</exception>
    public void RequireSame(string what, string text)
    {
        if (World == 1) return;
        var hashes = Gather(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
        var others = Enumerable.Range(1, World - 1).Where(r => !hashes[r].AsSpan().SequenceEqual(hashes[0])).ToList();
        Check.That(others.Count == 0, $"processes: {what} must be the same in all {World}, but differs from rank 0's in rank {string.Join(", ", others)}. Start all with the same arguments, files and version.");
    }

    /// <summary>Leaves the group, when all have come here; nothing may be asked of it afterwards.</summary>
    public void Dispose()
    {
        Leave();
        GC.SuppressFinalize(this);
    }

    /// <summary>What leaving takes.</summary>
    protected abstract void Leave();

    private sealed class LoneProcess : ProcessGroup
    {
        public override int Rank => 0;
        public override int World => 1;
        public override int LocalRank => 0;
        public override PendingSum StartSum(TensorView values) => PendingSum.Done;
        public override void Sum(TensorView values) { }
        public override void Sum(Span<double> values) { }
        public override void Broadcast(Span<byte> bytes) { }
        public override byte[][] Gather(ReadOnlySpan<byte> bytes) => [bytes.ToArray()];
        public override void Barrier() { }
        public override void Abort(int exitCode) => Environment.Exit(exitCode);
        protected override void Leave() { }
    }
}

/// <summary>A sum that is on its way.</summary>
public abstract class PendingSum
{
    /// <summary>A sum over one process.</summary>
    public static PendingSum Done { get; } = new Nothing();

    /// <summary>Returns when the sums are there for whatever this process does next with the buffer.</summary>
    /// <exception cref="LzuException">Another process does not answer, or the library refused.</exception>
    public abstract void Wait();

    private sealed class Nothing : PendingSum
    {
        public override void Wait() { }
    }
}

/// <summary>The bytes of a dense view, wherever it lies.</summary>
internal static unsafe class HostCopy
{
    /// <summary>Copies a view's elements, in memory order, to the host.</summary>
    public static void Read(TensorView view, Span<byte> bytes)
    {
        if (view.Storage is HostStorage) new ReadOnlySpan<byte>(First(view), bytes.Length).CopyTo(bytes);
        else BackendRegistry.Get(view.Storage.Device).Download(Whole(view), bytes);
        GC.KeepAlive(view.Storage);
    }

    /// <summary>The way back.</summary>
    public static void Write(ReadOnlySpan<byte> bytes, TensorView view)
    {
        if (view.Storage is HostStorage) bytes.CopyTo(new Span<byte>(First(view), bytes.Length));
        else BackendRegistry.Get(view.Storage.Device).Upload(bytes, Whole(view));
        GC.KeepAlive(view.Storage);
    }

    /// <summary>The first byte of a view in host memory.</summary>
    public static byte* First(TensorView view) => ((HostStorage)view.Storage).Pointer + view.Layout.Offset * view.DType.Size();

    // Backends copy from a buffer's first byte on.
    private static Storage Whole(TensorView view) => view.Layout.Offset == 0 ? view.Storage
        : throw new ArgumentValueException($"processes: a tensor on {view.Storage.Device} must begin its buffer, got an offset of {view.Layout.Offset}. Make it contiguous.");
}
