using System.Diagnostics;

namespace LzuCore.Memory;

/// <summary>Waits for what another thread brings about. It spins at first, since on quiet cores that comes within microseconds, then sleeps: a system moves a thread that waits for a core to one that sleeps, not to one that spins,
/// so a sleeper's core is free for the very thread that it waits for.</summary>
internal abstract class Waiter
{
    private const int SpinsBeforeLook = 64;
    private static readonly long Patience = Stopwatch.Frequency / 4000;
    private SemaphoreSlim? _bell;
    private int _asleep;

    /// <summary>Whether what is waited for has come. Read by the waiting thread only.</summary>
    protected abstract bool IsOver { get; }

    /// <summary>Returns when it has come.</summary>
    protected void Wait()
    {
        for (var started = 0L; ;)
        {
            for (var spin = 0; spin < SpinsBeforeLook; spin++)
            {
                if (IsOver) return;
                Thread.SpinWait(20);
            }
            var now = Stopwatch.GetTimestamp();
            if (started == 0) started = now;
            else if (now - started > Patience) break;
            // The other may be on this core.
            Thread.Yield();
        }
        _bell ??= new(0);
        Volatile.Write(ref _asleep, 1);
        Interlocked.MemoryBarrier();
        // What came between the last look and the flag must not be slept through.
        if (!IsOver || Interlocked.Exchange(ref _asleep, 0) == 0) _bell.Wait();
    }

    /// <summary>To be called after it was brought about: wakes the waiting thread if it sleeps.</summary>
    protected void Wake()
    {
        Interlocked.MemoryBarrier();
        if (Interlocked.Exchange(ref _asleep, 0) == 1) _bell!.Release();
    }
}
