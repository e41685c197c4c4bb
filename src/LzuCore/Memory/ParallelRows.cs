using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace LzuCore.Memory;

/// <summary>The only place that decides threads. Work is cut into chunks whose borders do not depend on the thread count, and threads take
/// the next chunk when they are free, so a slow or lost core costs its share and results are the same for any number of threads.</summary>
/// <remarks>Workers spin briefly for the next job, then sleep. A job started from inside a job runs on the calling thread.
/// <para>Where other processes want the cores too, a thread driven from its core keeps its chunk until it has a core again, milliseconds later, and all wait for it. So a worker offers its core every millisecond, between two chunks, when
/// nobody waits for it: a quiet core is its own again within a microsecond, on a contended one the others have their turn then. On the caller's core it stays out. Against a core that is taken regardless, as by a host, this does nothing.</para></remarks>
public static class ParallelRows
{
    private const int SpinsBeforeSleep = 2000, SpinsBeforeYield = 64;
    private static readonly long Turn = Stopwatch.Frequency / 1000, Brief = Turn / 20;
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

    /// <summary>Threads that a job started now would have: 1 inside another job, fewer while workers are kept out. How work is cut may depend on it, results must not.</summary>
    internal static int Ready => _inside ? 1 : Math.Max(1, Threads - Volatile.Read(ref _keptOut));

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
        if (threads == 1 || _inside || !JobLock.TryEnter())
        {
            for (var begin = 0; begin < rows; begin += grain) body(begin, Math.Min(rows, begin + grain));
            return;
        }
        try
        {
            EnsureWorkers(threads - 1);
            var job = new Job(rows, grain, chunks, inTurn ? 1 : threads, body);
            for (var i = 0; i < threads - 1; i++) _workers[i].Start(job);
            job.Work(0, long.MaxValue);
            job.CloseAndWait();
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

    // State: how many helpers are inside; the top bit says that nobody may enter any more. The caller closes the job when no chunk is left,
    // so a helper that never woke up is not waited for.
    private sealed class Job(int rows, int grain, int chunks, int shares, Action<int, int> body)
    {
        // What is done of a share has a cache line of its own.
        private const int Line = 16;
        private const int OffersBeforeDoubt = 8;
        private const int Closed = int.MinValue;
        private readonly int[] _done = new int[shares * Line];
        private readonly int _core = Thread.GetCurrentProcessorId();
        private int _state;
        private ExceptionDispatchInfo? _error;

        /// <summary>Does chunks until none is left, and offers the core between two of them when the turn is over.</summary>
        /// <param name="thread">Whose share comes first.</param>
        /// <param name="turnEnds">When the core is to be offered next; moved on when it was.</param>
        public void Join(int thread, ref long turnEnds)
        {
            for (var over = false; !over;)
            {
                StayOut(ref turnEnds);
                if (!TryEnter()) return;
                over = Work(thread, turnEnds);
                Interlocked.Decrement(ref _state);
                if (Stopwatch.GetTimestamp() >= turnEnds) Offer(ref turnEnds);
            }
        }

        // While the worker is on the caller's core, where it can only take from it. A system may number cores otherwise than it uses them: a core that nobody takes when it is offered is not the caller's. It is offered
        // several times, as it may be the worker's by right for some of them.
        private void StayOut(ref long turnEnds)
        {
            Interlocked.Increment(ref _keptOut);
            for (var quick = 0; quick < OffersBeforeDoubt && Volatile.Read(ref _state) >= 0 && Thread.GetCurrentProcessorId() == _core;) quick = Offer(ref turnEnds) > Brief ? 0 : quick + 1;
            Interlocked.Decrement(ref _keptOut);
        }

        // Ticks until the core was this thread's again.
        private static long Offer(ref long turnEnds)
        {
            var offered = Stopwatch.GetTimestamp();
            Thread.Yield();
            var now = Stopwatch.GetTimestamp();
            turnEnds = now + Turn;
            return now - offered;
        }

        private bool TryEnter()
        {
            int state;
            do
            {
                state = Volatile.Read(ref _state);
                if (state < 0) return false;
            }
            while (Interlocked.CompareExchange(ref _state, state + 1, state) != state);
            return true;
        }

        /// <summary>Does the chunks of a thread's share, then what others have left of theirs; none that would begin after <paramref name="end"/>.</summary>
        /// <returns>Whether no chunk is left.</returns>
        public bool Work(int thread, long end)
        {
            _inside = true;
            try
            {
                var share = thread % shares;
                while (Volatile.Read(ref _error) is null)
                {
                    if (Stopwatch.GetTimestamp() >= end) return false;
                    if (Next(ref share) is not (>= 0 and var chunk)) return true;
                    body(chunk * grain, Math.Min(rows, (chunk + 1) * grain));
                }
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref _error, ExceptionDispatchInfo.Capture(e), null);
            }
            finally
            {
                _inside = false;
            }
            return true;
        }

        // The next chunk of a share, or of the first one after it that is not used up.
        private int Next(ref int share)
        {
            for (var tried = 0; tried < shares; tried++, share = (share + 1) % shares)
            {
                int first = First(share), count = First(share + 1) - first;
                if (Volatile.Read(ref _done[share * Line]) < count && Interlocked.Increment(ref _done[share * Line]) is var number && number <= count) return first + number - 1;
            }
            return -1;
        }

        private int First(int share) => (int)((long)chunks * share / shares);

        public void CloseAndWait()
        {
            Interlocked.Or(ref _state, Closed);
            var spin = new SpinWait();
            while ((Volatile.Read(ref _state) & int.MaxValue) != 0) spin.SpinOnce(sleep1Threshold: -1);
            Volatile.Read(ref _error)?.Throw();
        }
    }

    private sealed class Worker
    {
        private readonly SemaphoreSlim _wake = new(0);
        private readonly int _index;
        private Job? _job;
        private int _asleep;

        public Worker(int index)
        {
            _index = index;
            new Thread(Run) { IsBackground = true, Name = $"lzu worker {index}" }.Start();
        }

        public void Start(Job job)
        {
            Volatile.Write(ref _job, job);
            Interlocked.MemoryBarrier();
            if (Interlocked.Exchange(ref _asleep, 0) == 1) _wake.Release();
        }

        private void Run()
        {
            for (var turnEnds = 0L; ;)
            {
                Job? job = null;
                for (var spin = 0; spin < SpinsBeforeSleep && (job = Volatile.Read(ref _job)) is null; spin++)
                {
                    Thread.SpinWait(20);
                    if (spin % SpinsBeforeYield == SpinsBeforeYield - 1) Thread.Yield();
                }
                if (job is null)
                {
                    Volatile.Write(ref _asleep, 1);
                    Interlocked.MemoryBarrier();
                    // A job that arrived between the last look and the flag must not be slept through.
                    if (Volatile.Read(ref _job) is null || Interlocked.Exchange(ref _asleep, 0) == 0) _wake.Wait();
                    continue;
                }
                Volatile.Write(ref _job, null);
                job.Join(_index + 1, ref turnEnds);
            }
        }
    }
}
