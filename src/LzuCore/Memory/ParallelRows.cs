using System.Diagnostics;

namespace LzuCore.Memory;

/// <summary>The only place that decides threads. Work is cut into chunks whose borders do not depend on the thread count, and threads take
/// the next chunk when they are free, so a slow or lost core costs its share and results are the same for any number of threads.</summary>
/// <remarks>Workers spin briefly for the next job, then sleep. A job started from inside a job runs on the calling thread.
/// <para>Where other processes want the cores too, a thread driven from its core keeps its chunk until it has a core again, milliseconds later, and all wait for it. Three things keep that from costing more than workers save:
/// a worker offers its core every millisecond, between two chunks (<see cref="Job"/>); whoever waits sleeps, so that its core is free for the one that it waits for (<see cref="Waiter"/>);
/// and jobs do without workers for a while where they lose all the same (<see cref="Help"/>).</para></remarks>
public static partial class ParallelRows
{
    private static readonly Lock StartLock = new();
    private static readonly Lock JobLock = new();
    private static int _threads = Environment.ProcessorCount;
    private static Worker[] _workers = [];
    private static int _keptOut;
    [ThreadStatic] private static bool _inside;

    /// <summary>Threads used, the caller's included. At least 1.</summary>
    public static int Threads
    {
        get => Volatile.Read(ref _threads);
        set
        {
            Check.That(value is >= 1 and <= 1024, $"threads must be 1 to 1024, got {value}.");
            Volatile.Write(ref _threads, value);
        }
    }

    /// <summary>Threads that a job started now would have: 1 inside another job, fewer while workers are kept out or at rest. How work is cut may depend on it, results must not.</summary>
    internal static int Ready => _inside || Help.IsAtRest ? 1 : Math.Max(1, Threads - Volatile.Read(ref _keptOut));

    /// <summary>From now on the calling thread does its jobs alone. For threads that are one of many, such as a loader's: the workers stay free for what they feed.</summary>
    public static void WorkAlone() => _inside = true;

    /// <summary>Runs <paramref name="body"/>(begin, end) over [0, <paramref name="rows"/>) in chunks of <paramref name="grain"/> rows.</summary>
    /// <param name="rows">Number of rows; 0 does nothing.</param>
    /// <param name="grain">Rows a chunk; large enough that a chunk takes tens of microseconds.</param>
    /// <param name="body">Must not depend on which thread runs it, nor on the order of chunks.</param>
    /// <param name="inTurn">Whether threads take chunks in turn: where neighbouring chunks read the same bytes from memory. Otherwise each begins with a stretch of its own, which is the same one in every job of as many chunks,
    /// so that it finds in its core's caches what it has written.</param>
    public static void For(int rows, int grain, Action<int, int> body, bool inTurn = false)
    {
        if (rows <= 0) return;
        grain = Math.Max(1, grain);
        var chunks = (rows + grain - 1) / grain;
        var threads = Math.Min(Threads, chunks);
        if (threads == 1 || _inside || Help.IsAtRest || !JobLock.TryEnter())
        {
            for (var begin = 0; begin < rows; begin += grain) body(begin, Math.Min(rows, begin + grain));
            return;
        }
        try
        {
            EnsureWorkers(threads - 1);
            var started = Stopwatch.GetTimestamp();
            var job = new Job(rows, grain, chunks, inTurn ? 1 : threads, body);
            for (var i = 0; i < threads - 1; i++) _workers[i].Start(job);
            job.Work(0, long.MaxValue);
            job.CloseAndWait();
            Help.Weigh(started, Stopwatch.GetTimestamp(), job.Alone);
        }
        finally
        {
            JobLock.Exit();
        }
    }

    private static void EnsureWorkers(int count)
    {
        lock (StartLock)
        {
            var old = _workers.Length;
            if (old >= count) return;
            Array.Resize(ref _workers, count);
            for (var i = old; i < count; i++) _workers[i] = new Worker(i);
        }
    }

    // Takes the newest job whenever it is free.
    private sealed class Worker : Waiter
    {
        private readonly int _index;
        private Job? _job;

        public Worker(int index)
        {
            _index = index;
            new Thread(Run) { IsBackground = true, Name = $"lzu worker {index}" }.Start();
        }

        protected override bool IsOver => Volatile.Read(ref _job) is not null;

        public void Start(Job job)
        {
            Volatile.Write(ref _job, job);
            Wake();
        }

        private void Run()
        {
            for (var turnEnds = 0L; ;)
            {
                Wait();
                if (Interlocked.Exchange(ref _job, null) is { } job) job.Join(_index + 1, ref turnEnds);
            }
        }
    }
}
