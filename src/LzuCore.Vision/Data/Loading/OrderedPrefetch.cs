using System.Runtime.ExceptionServices;
using LzuCore.Memory;

namespace LzuCore.Vision.Data.Loading;

/// <summary>Makes results on threads of its own, some ahead of whoever takes them, and hands them out in the order of the source.</summary>
/// <remarks>A fault comes out where its result would have, after the good ones before it; nothing new is begun after it. Disposing waits for what is in work.</remarks>
internal sealed class OrderedPrefetch<TIn, TOut> : IDisposable
{
    private readonly IEnumerator<TIn> _source;
    private readonly Func<TIn, TOut> _make;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenRegistration _onCancel;
    private readonly object _gate = new();
    private readonly Slot?[] _ring;
    private readonly Thread[] _threads;
    private long _begun;
    private long _taken;
    private bool _closed;

    public OrderedPrefetch(IEnumerable<TIn> source, Func<TIn, TOut> make, int workers, int ahead, CancellationToken cancellation)
    {
        Check.That(workers >= 0, $"loader: workers must be 0 or more, got {workers}.");
        (_source, _make, _cancellation) = (source.GetEnumerator(), make, cancellation);
        _ring = new Slot?[Math.Max(1, ahead)];
        _onCancel = cancellation.Register(Close);
        _threads = new Thread[workers];
        for (var i = 0; i < workers; i++)
        {
            _threads[i] = new Thread(Work) { IsBackground = true, Name = $"lzu loader {i}" };
            _threads[i].Start();
        }
    }

    private sealed record Slot(TOut? Result, ExceptionDispatchInfo? Fault);

    /// <summary>Everything, in order.</summary>
    public IEnumerable<TOut> All()
    {
        if (_threads.Length == 0)
        {
            while (_source.MoveNext())
            {
                _cancellation.ThrowIfCancellationRequested();
                yield return _make(_source.Current);
            }
            yield break;
        }
        while (Take() is { } slot)
        {
            slot.Fault?.Throw();
            yield return slot.Result!;
        }
    }

    public void Dispose()
    {
        _onCancel.Dispose();
        Close();
        foreach (var thread in _threads) thread.Join();
        _source.Dispose();
    }

    private void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private Slot? Take()
    {
        lock (_gate)
        {
            ref var place = ref _ring[_taken % _ring.Length];
            while (place is null)
            {
                _cancellation.ThrowIfCancellationRequested();
                if (_closed && _taken == _begun) return null;
                Monitor.Wait(_gate);
            }
            var slot = place;
            place = null;
            _taken++;
            Monitor.PulseAll(_gate);
            return slot;
        }
    }

    private void Work()
    {
        ParallelRows.WorkAlone();
        while (Begin() is { } job)
        {
            Slot slot;
            try
            {
                slot = new Slot(_make(job.Input), null);
            }
            catch (Exception fault)
            {
                slot = new Slot(default, ExceptionDispatchInfo.Capture(fault));
                Close();
            }
            lock (_gate)
            {
                _ring[job.Number % _ring.Length] = slot;
                Monitor.PulseAll(_gate);
            }
        }
    }

    // The next piece of work when there is room for its result. A source that fails is a fault of the piece it did not give.
    private (TIn Input, long Number)? Begin()
    {
        lock (_gate)
        {
            while (!_closed && _begun - _taken >= _ring.Length) Monitor.Wait(_gate);
            if (_closed) return null;
            try
            {
                if (_source.MoveNext()) return (_source.Current, _begun++);
            }
            catch (Exception fault)
            {
                _ring[_begun++ % _ring.Length] = new Slot(default, ExceptionDispatchInfo.Capture(fault));
            }
            _closed = true;
            Monitor.PulseAll(_gate);
            return null;
        }
    }
}
