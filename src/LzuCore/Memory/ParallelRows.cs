using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace LzuCore.Memory;

/// <summary>The only place that decides threads. Work is cut into chunks whose borders do not depend on the thread count, and threads take
/// the next chunk when they are free, so a slow or lost core costs its share and results are the same for any number of threads.</summary>
/// <remarks>Workers spin briefly for the next job, then sleep. A job started from inside a job runs on the calling thread. So does every job for a while when jobs have
/// taken longer than their chunks would one after another: other processes want the cores then.</remarks>
public static class ParallelRows
{
    private const int SpinsBeforeSleep = 2000;
    private static readonly Lock StartLock = new();
    private static readonly Lock JobLock = new();
    private static int _threads = Environment.ProcessorCount;
    private static Worker[] _workers = [];
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

    /// <summary>Threads that a job started now would have: 1 inside another job and while workers rest. How work is cut may depend on it, results must not.</summary>
    internal static int Ready => _inside || Help.IsPaused ? 1 : Threads;

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
        if (threads == 1 || Help.IsPaused || _inside || !JobLock.TryEnter())
        {
            for (var begin = 0; begin < rows; begin += grain) body(begin, Math.Min(rows, begin + grain));
            return;
        }
        try
        {
            EnsureWorkers(threads - 1);
            var job = new Job(rows, grain, chunks, inTurn ? 1 : threads, body);
            for (var i = 0; i < threads - 1; i++) _workers[i].Start(job);
            var started = Stopwatch.GetTimestamp();
            job.Work(0);
            job.CloseAndWait();
            Help.Weigh(job.Alone - (Stopwatch.GetTimestamp() - started));
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

    // What workers have saved in recent jobs. Where other processes want the cores too, a thread that loses its core keeps its chunk until it gets one back, for milliseconds, and all wait for it;
    // that thread may be the caller, driven out by its own workers. While they cost more than they help, jobs do without them; each time longer, up to a fifth of a second, until they have saved as much as the last
    // pause took. Written by the one who holds JobLock.
    private static class Help
    {
        private const double Memory = 0.9;
        // Starting workers for nothing takes microseconds, a lost core milliseconds.
        private static readonly long Noticeable = Stopwatch.Frequency / 5000, ShortestPause = Stopwatch.Frequency / 100, LongestPause = Stopwatch.Frequency / 5;
        private static double _balance, _sincePause;
        private static long _pause = ShortestPause, _until;

        public static bool IsPaused => Stopwatch.GetTimestamp() < Volatile.Read(ref _until);

        /// <summary>Takes a job into account.</summary>
        /// <param name="saved">Ticks by which the caller alone would have taken longer; negative when it would have been faster.</param>
        public static void Weigh(long saved)
        {
            _balance = Memory * _balance + saved;
            _sincePause += saved;
            if (_balance >= -Noticeable) return;
            _pause = _sincePause > _pause ? ShortestPause : Math.Min(2 * _pause, LongestPause);
            _balance = _sincePause = 0;
            Volatile.Write(ref _until, Stopwatch.GetTimestamp() + _pause);
        }
    }

    // State: how many helpers are inside; the top bit says that nobody may enter any more. The caller closes the job when no chunk is left,
    // so a helper that never woke up is not waited for.
    private sealed class Job(int rows, int grain, int chunks, int shares, Action<int, int> body)
    {
        // What is done of a share has a cache line of its own.
        private const int Line = 16;

        private const int Closed = int.MinValue;
        // A chunk that takes so much longer than the shortest was interrupted.
        private static readonly long Interruption = Stopwatch.Frequency / 5000;
        private readonly int[] _done = new int[shares * Line];
        private int _state;
        private long _shortest = long.MaxValue;
        private long _alone;
        private ExceptionDispatchInfo? _error;

        /// <summary>Ticks that the chunks done would take one after another, but for interruptions.</summary>
        public long Alone => Volatile.Read(ref _alone);

        public void Join(int thread)
        {
            int state;
            do
            {
                state = Volatile.Read(ref _state);
                if (state < 0) return;
            }
            while (Interlocked.CompareExchange(ref _state, state + 1, state) != state);
            Work(thread);
            Interlocked.Decrement(ref _state);
        }

        /// <summary>Does the chunks of a thread's share, then what others have left of theirs.</summary>
        public void Work(int thread)
        {
            var alone = 0L;
            _inside = true;
            try
            {
                var share = thread % shares;
                while (Volatile.Read(ref _error) is null && Next(ref share) is >= 0 and var chunk)
                {
                    var started = Stopwatch.GetTimestamp();
                    body(chunk * grain, Math.Min(rows, (chunk + 1) * grain));
                    var took = Stopwatch.GetTimestamp() - started;
                    // Two threads may write at once; either is short enough.
                    if (took < Volatile.Read(ref _shortest)) Volatile.Write(ref _shortest, took);
                    alone += Math.Min(took, Volatile.Read(ref _shortest) + Interruption);
                }
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref _error, ExceptionDispatchInfo.Capture(e), null);
            }
            finally
            {
                _inside = false;
                Interlocked.Add(ref _alone, alone);
            }
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
            while (true)
            {
                Job? job = null;
                for (var spin = 0; spin < SpinsBeforeSleep && (job = Volatile.Read(ref _job)) is null; spin++) Thread.SpinWait(20);
                if (job is null)
                {
                    Volatile.Write(ref _asleep, 1);
                    Interlocked.MemoryBarrier();
                    // A job that arrived between the last look and the flag must not be slept through.
                    if (Volatile.Read(ref _job) is null || Interlocked.Exchange(ref _asleep, 0) == 0) _wake.Wait();
                    continue;
                }
                Volatile.Write(ref _job, null);
                job.Join(_index + 1);
            }
        }
    }
}
