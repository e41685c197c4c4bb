using System.Diagnostics;

namespace LzuCore.Memory;

public static partial class ParallelRows
{
    // What workers save: a job's chunks one after another, as one thread would have done them, less the time that the job took. Against cores that are taken unseen by the system, as by a host, neither offers nor sleep do anything,
    // and each job waits for a chunk that stands still. When recent jobs have lost more than some milliseconds, jobs do without workers for a while, and each time longer until these have saved as much as the last rest took.
    // Written by the one who holds JobLock.
    private static class Help
    {
        private static readonly long Millisecond = Stopwatch.Frequency / 1000;
        private static readonly long Bearable = 10 * Millisecond, Recent = 100 * Millisecond, ShortestRest = 10 * Millisecond, LongestRest = 1000 * Millisecond;
        private static double _balance, _sinceRest;
        private static long _rest = ShortestRest, _restEnds, _weighed;

        public static bool IsAtRest => Stopwatch.GetTimestamp() < Volatile.Read(ref _restEnds);

        /// <summary>Ticks of a chunk without what others took of its core. One may have more to do than another, and a noisy core is slower; what takes longer still was interrupted.</summary>
        public static long ButForInterruptions(long took, long shortest) => Math.Min(took, 2 * shortest + Millisecond);

        /// <summary>Takes a job into account.</summary>
        /// <param name="started">When it started.</param>
        /// <param name="ended">When it ended.</param>
        /// <param name="alone">Ticks of its chunks one after another.</param>
        public static void Weigh(long started, long ended, long alone)
        {
            var saved = alone - (ended - started);
            _balance = _balance * Math.Exp((double)(_weighed - ended) / Recent) + saved;
            _sinceRest += saved;
            _weighed = ended;
            if (_balance >= -Bearable) return;
            _rest = _sinceRest > _rest ? ShortestRest : Math.Min(2 * _rest, LongestRest);
            _balance = _sinceRest = 0;
            Volatile.Write(ref _restEnds, ended + _rest);
        }
    }
}
