using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace LzuCore.Memory;

public static partial class ParallelRows
{
    // State: how many helpers are inside; the top bit says that nobody may enter any more. The caller closes the job when no chunk is left,
    // so a helper that never woke up is not waited for.
    private sealed class Job(int rows, int grain, int chunks, int shares, Action<int, int> body) : Waiter
    {
        // What is done of a share has a cache line of its own.
        private const int Line = 16;
        private const int OffersBeforeDoubt = 8;
        private const int Closed = int.MinValue;
        private static readonly long Turn = Stopwatch.Frequency / 1000, Brief = Turn / 20;
        private readonly int[] _done = new int[shares * Line];
        private readonly int _core = Thread.GetCurrentProcessorId();
        private int _state;
        private long _shortest = long.MaxValue, _alone;
        private ExceptionDispatchInfo? _error;

        /// <summary>Ticks that the chunks done would take one after another, but for interruptions.</summary>
        public long Alone => Volatile.Read(ref _alone);

        protected override bool IsOver => (Volatile.Read(ref _state) & ~Closed) == 0;

        /// <summary>Does chunks until none is left. When its turn is over it leaves the job and offers the core: a quiet core is its own again within a microsecond, on a contended one others have their turn then, and nobody waits.</summary>
        /// <param name="thread">Whose share comes first.</param>
        /// <param name="turnEnds">When the core is to be offered next; moved on when it was.</param>
        public void Join(int thread, ref long turnEnds)
        {
            for (var over = false; !over;)
            {
                StayOut(ref turnEnds);
                if (!TryEnter()) return;
                over = Work(thread, turnEnds);
                if (Interlocked.Decrement(ref _state) == Closed) Wake();
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
            var alone = 0L;
            _inside = true;
            try
            {
                var share = thread % shares;
                for (var now = Stopwatch.GetTimestamp(); Volatile.Read(ref _error) is null;)
                {
                    if (now >= end) return false;
                    if (Next(ref share) is not (>= 0 and var chunk)) return true;
                    var started = now;
                    body(chunk * grain, Math.Min(rows, (chunk + 1) * grain));
                    now = Stopwatch.GetTimestamp();
                    // Two threads may write at once; either is short enough.
                    if (now - started < Volatile.Read(ref _shortest)) Volatile.Write(ref _shortest, now - started);
                    alone += Help.ButForInterruptions(now - started, Volatile.Read(ref _shortest));
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
            Wait();
            Volatile.Read(ref _error)?.Throw();
        }
    }
}
