using System.Globalization;
using LzuCore.Memory;

namespace LzuCore.Tests.Memory;

[NonParallelizable]
public sealed class ParallelRowsTests
{
    private int _threads;

    [SetUp]
    public void Remember() => _threads = ParallelRows.Threads;

    [TearDown]
    public void Restore() => ParallelRows.Threads = _threads;

    [Test]
    public void For_RunsEveryRowOnce([Values(1, 2, 3, 7)] int count, [Values] bool inTurn, [Values(1, 65, 1001)] int rows)
    {
        ParallelRows.Threads = count;
        var seen = new int[rows];
        ParallelRows.For(seen.Length, 10, (begin, end) => { for (var i = begin; i < end; i++) Interlocked.Increment(ref seen[i]); }, inTurn);
        Assert.That(seen, Is.All.EqualTo(1));
    }

    // Each thread begins with a stretch of its own; the one that is done first does what the other has left.
    [Test]
    public void For_GivesEachThreadAStretch_AndTheRestToWhoeverIsFree()
    {
        ParallelRows.Threads = 2;
        var caller = Environment.CurrentManagedThreadId;
        var byCaller = new bool[100];
        // Where the system lets the worker sleep too long, or the caller, the next job tells.
        for (var attempt = 0; attempt < 50; attempt++)
        {
            ParallelRows.For(byCaller.Length, 1, (begin, _) =>
            {
                byCaller[begin] = Environment.CurrentManagedThreadId == caller;
                Thread.Sleep(byCaller[begin] ? 1 : 4);
            });
            if (byCaller[..50].All(b => b) && byCaller[50..].Distinct().Count() == 2) return;
        }
        Assert.Fail($"in none of the jobs: {string.Concat(byCaller.Select(b => b ? '0' : '1'))}");
    }

    [Test]
    public void For_ChunkBordersDoNotDependOnThreads()
    {
        var borders = new List<string>();
        foreach (var count in new[] { 1, 3 })
        {
            ParallelRows.Threads = count;
            var chunks = new System.Collections.Concurrent.ConcurrentBag<int>();
            ParallelRows.For(95, 10, (begin, end) => chunks.Add(begin * 1000 + end));
            borders.Add(string.Join(",", chunks.Order()));
        }
        Assert.That(borders[0], Is.EqualTo(borders[1]));
    }

    [Test]
    public void For_NestedRunsInPlace_AndErrorsReachTheCaller()
    {
        var total = 0;
        ParallelRows.For(8, 1, (_, _) => ParallelRows.For(8, 1, (b, e) => Interlocked.Add(ref total, e - b)));
        Assert.That(total, Is.EqualTo(64));
        Assert.That(() => ParallelRows.For(100, 1, (b, _) => { if (b == 50) throw new LzuException("row 50"); }), Throws.TypeOf<LzuException>());
        Assert.That(() => ParallelRows.Threads = 0, Throws.TypeOf<ArgumentValueException>());
    }

    [Test]
    public void For_FromManyThreadsAtOnce_LosesNothing()
    {
        var total = 0L;
        Parallel.For(0, 200, _ => ParallelRows.For(100, 7, (b, e) => Interlocked.Add(ref total, e - b)));
        Assert.That(total, Is.EqualTo(20000));
    }

    // As many busy threads as there are cores but one. A worker driven from its core in the middle of a chunk keeps the caller waiting for milliseconds, as long as several of these jobs take.
    [Test]
    public void For_BesideBusyThreads_IsNotSlowerThanOneThread()
    {
        var stop = false;
        var busy = Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount - 1)).Select(_ => new Thread(() => { while (!Volatile.Read(ref stop)) Step(1); })).ToList();
        foreach (var thread in busy) thread.Start();
        try
        {
            var ratio = Enumerable.Range(0, 15).Select(_ => JobsMs(2) / JobsMs(1)).Order().ElementAt(7);
            TestContext.Out.WriteLine($"two threads took {ratio:0.00} of one thread's time");
            Assert.That(ratio, Is.LessThan(1.1));
        }
        finally
        {
            Volatile.Write(ref stop, true);
            foreach (var thread in busy) thread.Join();
        }
    }

    // The caller is done at once and the worker keeps its chunk: meanwhile the caller's core is to be free, for the worker may need it.
    [Test]
    public void For_SleepsWhileItWaits()
    {
        ParallelRows.Threads = 2;
        var caller = Environment.CurrentManagedThreadId;
        using var helped = new ManualResetEventSlim();
        var before = SecondsOfThisThread();
        ParallelRows.For(2, 1, (_, _) =>
        {
            if (Environment.CurrentManagedThreadId == caller) helped.Wait(5000);
            else
            {
                helped.Set();
                Thread.Sleep(500);
            }
        });
        Assert.That(helped.IsSet);
        Assert.That(SecondsOfThisThread() - before, Is.LessThan(0.25));

        // Others of the process may be at work, such as the compiler. Fields of /proc's stat follow the name in brackets; user and system time are the 12th and 13th, in hundredths of a second.
        static double SecondsOfThisThread()
        {
            if (!OperatingSystem.IsLinux()) return Environment.CpuUsage.TotalTime.TotalSeconds;
            var fields = File.ReadAllText("/proc/thread-self/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / 100;
        }
    }

    // As under a host that takes a worker's core, 20 ms in each chunk, or the caller's as soon as a worker runs: no offer helps, nor sleep, and these jobs would take four and ten seconds. One thread takes 0.4.
    [Test]
    public void For_DoesWithoutWorkersThatCostMoreThanTheySave([Values] bool ofCaller)
    {
        ParallelRows.Threads = 2;
        var rows = 0;
        var caller = Environment.CurrentManagedThreadId;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (var job = 0; job < 200; job++)
        {
            var helped = false;
            ParallelRows.For(8, 1, (begin, end) =>
            {
                var isCaller = Environment.CurrentManagedThreadId == caller;
                if (!isCaller) Volatile.Write(ref helped, true);
                if (isCaller == ofCaller && Volatile.Read(ref helped)) Thread.Sleep(ofCaller ? 50 : 20);
                for (var chunk = System.Diagnostics.Stopwatch.StartNew(); chunk.Elapsed.TotalMilliseconds < 0.25;) Thread.SpinWait(10);
                Interlocked.Add(ref rows, end - begin);
            });
        }
        Assert.That(rows, Is.EqualTo(1600));
        Assert.That(clock.Elapsed.TotalSeconds, Is.LessThan(2));
    }

    private static double JobsMs(int threads)
    {
        ParallelRows.Threads = threads;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (var job = 0; job < 60; job++) ParallelRows.For(8, 1, (_, _) => Step(60));
        return clock.Elapsed.TotalMilliseconds;
    }

    // A microsecond or two each, in registers.
    private static double Step(int steps)
    {
        var x = 0.5;
        for (var i = 0; i < 2000 * steps; i++) x = x * x - 0.75;
        return x;
    }
}
