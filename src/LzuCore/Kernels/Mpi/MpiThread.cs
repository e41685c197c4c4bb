using System.Collections.Concurrent;
using System.Diagnostics;
using LzuCore.Interop;
using LzuCore.Memory;

namespace LzuCore.Kernels.Mpi;

// The only thread that calls MPI, from its start to its end: so the library need not be safe for threads (MPI_THREAD_FUNNELED), which costs it locks and is not built everywhere.
// Progress: Open MPI moves bytes only inside its own calls, so somebody must keep calling while the others compute: that is this thread, which tests all that is under way in turn.
// Waiting: it gives its processor away between two tests, and sleeps where nobody waits for it yet, since it shares the cores with kernels.
// Never blocks inside MPI but to start and to end: so a peer that does not answer becomes an error after a while, and a process can always abort.
internal sealed unsafe class MpiThread
{
    // A waiter's first moments are polled; afterwards a millisecond does not matter to it.
    private static readonly TimeSpan Brisk = TimeSpan.FromMilliseconds(5);

    private readonly OpenMpi _mpi;
    private readonly TimeSpan _timeout;
    private readonly BlockingCollection<MpiJob> _asked = [];
    private readonly List<MpiJob> _running = [];
    private readonly ManualResetEventSlim _started = new();
    private readonly Thread _thread;
    private DeviceException? _fault;
    private int _rank, _world;

    /// <summary>Starts the thread and MPI on it.</summary>
    /// <exception cref="DeviceException">MPI does not start.</exception>
    public MpiThread(OpenMpi mpi, TimeSpan timeout)
    {
        (_mpi, _timeout) = (mpi, timeout);
        _thread = new Thread(Run) { Name = "mpi", IsBackground = true };
        _thread.Start();
        _started.Wait();
        if (_fault is not null) throw _fault;
    }

    public int Rank => _rank;

    public int World => _world;

    /// <summary>Communicators of their own: sums that overlap must not be matched with what is asked for in between, whose place in the order may differ.</summary>
    public nint Sums { get; private set; }

    /// <inheritdoc cref="Sums"/>
    public nint Rest { get; private set; }

    /// <summary>Has the thread start something; <see cref="Finish"/> waits for it.</summary>
    public MpiJob Ask(MpiJob job)
    {
        _asked.Add(job);
        return job;
    }

    /// <summary>Returns when it is done.</summary>
    /// <exception cref="DeviceException">It failed, or nobody answered in time.</exception>
    public static void Finish(MpiJob job)
    {
        job.Wait();
        if (job.Fault is { } fault) throw new DeviceException(fault.Message, fault);
    }

    /// <summary>Ends MPI when all processes have come here; after a fault it is left as it is, since the others do not come.</summary>
    public void Stop()
    {
        _asked.CompleteAdding();
        if (Volatile.Read(ref _fault) is null) _thread.Join();
    }

    private void Run()
    {
        try
        {
            Start();
        }
        catch (DeviceException fault)
        {
            _fault = fault;
        }
        _started.Set();
        while (!_asked.IsCompleted || _running.Count > 0)
        {
            var moved = TakeAsked(_running.Count == 0 ? Timeout.Infinite : Patience());
            for (var i = 0; i < _running.Count && _fault is null; i++)
                if (IsOver(_running[i]))
                {
                    _running.RemoveAt(i--);
                    moved = true;
                }
            if (_fault is not null && _asked.IsCompleted) return;
            if (!moved && _running.Count > 0) Thread.Yield();
        }
        if (_fault is null) _ = _mpi.Finalize();
    }

    private void Start()
    {
        int provided, rank, world;
        _mpi.Require(_mpi.InitThread(null, null, OpenMpi.ThreadFunneled, &provided), "MPI_Init_thread");
        if (provided < OpenMpi.ThreadFunneled) throw new DeviceException($"MPI: the library must let one thread of several call it (level 1), got level {provided}. Use a build with threads, such as the distribution's.");
        _mpi.Require(_mpi.CommSetErrhandler(_mpi.World, _mpi.ErrorsReturn), "MPI_Comm_set_errhandler");
        _mpi.Require(_mpi.CommRank(_mpi.World, &rank), "MPI_Comm_rank");
        _mpi.Require(_mpi.CommSize(_mpi.World, &world), "MPI_Comm_size");
        (_rank, _world) = (rank, world);
        // Copies inherit the error handler.
        nint sums, rest;
        _mpi.Require(_mpi.CommDup(_mpi.World, &sums), "MPI_Comm_dup");
        _mpi.Require(_mpi.CommDup(_mpi.World, &rest), "MPI_Comm_dup");
        (Sums, Rest) = (sums, rest);
    }

    // How long to look for new work before testing again, in milliseconds.
    private int Patience() => _fault is not null ? Timeout.Infinite : _running.Any(j => j.IsAwaited && Stopwatch.GetElapsedTime(j.AwaitedAt) < Brisk) ? 0 : 1;

    private bool TakeAsked(int patience)
    {
        if (!_asked.TryTake(out var job, patience)) return false;
        if (_fault is { } broken && !job.IsLast) job.End(broken);
        else
            try
            {
                job.Start(_mpi);
                _running.Add(job);
            }
            catch (DeviceException fault)
            {
                Break(fault);
                job.End(fault);
            }
        return true;
    }

    private bool IsOver(MpiJob job)
    {
        try
        {
            if (job.Test(_mpi))
            {
                job.End(null);
                return true;
            }
            if (Stopwatch.GetElapsedTime(job.BeganAt) < _timeout) return false;
            throw new DeviceException($"MPI: rank {_rank} of {_world} waited {_timeout.TotalSeconds:0} s for the others in {job.Name}. One of them hangs, has ended, or has far more to do; LZU_MPI_TIMEOUT sets the seconds.");
        }
        catch (DeviceException fault)
        {
            Break(fault);
            return false;
        }
    }

    // What is under way stays in the list, which keeps its buffers: they may still be written.
    private void Break(DeviceException fault)
    {
        Volatile.Write(ref _fault, fault);
        foreach (var one in _running) one.End(fault);
    }
}

/// <summary>Something that MPI does in the background. Starts and tests run on the MPI thread; whoever asked waits.</summary>
/// <param name="name">What errors call it.</param>
/// <param name="start">Starts it: gives the request.</param>
/// <param name="isLast">Whether it is done even where MPI is broken: the end of all processes.</param>
internal sealed unsafe class MpiJob(string name, Func<OpenMpi, nint> start, bool isLast = false)
{
    private readonly ManualResetEventSlim _over = new();
    private nint _request;
    private long _awaitedAt;

    public string Name => name;

    public bool IsLast => isLast;

    public long BeganAt { get; private set; }

    /// <summary>Whether somebody waits.</summary>
    public bool IsAwaited => AwaitedAt != 0;

    public long AwaitedAt => Volatile.Read(ref _awaitedAt);

    public DeviceException? Fault { get; private set; }

    public void Start(OpenMpi mpi)
    {
        BeganAt = Stopwatch.GetTimestamp();
        _request = start(mpi);
    }

    public bool Test(OpenMpi mpi)
    {
        int done;
        fixed (nint* request = &_request) mpi.Require(mpi.Test(request, &done, 0), name);
        return done != 0;
    }

    public void End(DeviceException? fault)
    {
        Fault = fault;
        _over.Set();
    }

    public void Wait()
    {
        Volatile.Write(ref _awaitedAt, Stopwatch.GetTimestamp());
        _over.Wait();
    }
}
