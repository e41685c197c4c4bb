using CsCheck;
using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Augment;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tests.Data.Loading;

public sealed class DataLoaderTests
{
    // Samples are their own numbers; every third is upright; some take longer than others.
    private sealed class Numbers(int count, Func<int, int>? load = null) : IDataset<int>
    {
        public int InWork, MostInWork, Begun;

        public int Count => count;

        public string IdOf(int index) => $"{index}";

        public string FileOf(int index) => $"file{index}.jpg";

        public Size2 SizeOf(int index) => index % 3 == 0 ? new Size2(20, 10) : new Size2(10, 20);

        public int Load(int index, PictureReader pictures)
        {
            Interlocked.Increment(ref Begun);
            var now = Interlocked.Increment(ref InWork);
            int most;
            while (now > (most = MostInWork) && Interlocked.CompareExchange(ref MostInWork, now, most) != most) { }
            if (index % 5 == 0) Thread.Sleep(1);
            var result = load?.Invoke(index) ?? index;
            Interlocked.Decrement(ref InWork);
            return result;
        }
    }

    private static readonly Gen<LoaderOptions> Options = Gen.Select(Gen.Int[1, 5], Gen.Bool, Gen.Bool, Gen.Bool, Gen.Int[1, 3], Gen.Int[0, 9])
        .Select((batch, shuffle, group, drop, world, seed) => new LoaderOptions { BatchSize = batch, Shuffle = shuffle, GroupByAspect = group, DropLast = drop, World = world, Rank = seed % world, Seed = (ulong)seed });

    [Test]
    public void Stream_IsTheSameForAnyNumberOfWorkers() => Options.Select(Gen.Int[0, 40]).Sample((options, count) =>
    {
        var expected = Flat(Loader(count, options with { Workers = 0 }).Epoch(3));
        foreach (var (workers, ahead) in new[] { (1, 1), (2, 0), (4, 3) })
            Assert.That(Flat(Loader(count, options with { Workers = workers, Ahead = ahead }).Epoch(3)), Is.EqualTo(expected));
    }, iter: 40);

    [Test]
    public void Resumed_GoesOnAsIfNeverInterrupted() => Options.Select(Gen.Int[6, 40], Gen.Int[0, 12]).Sample((options, count, at) =>
    {
        options = options with { Workers = 2 };
        var loader = Loader(count, options);
        if (loader.BatchesPerEpoch == 0) return;
        var whole = loader.From(default).Take(at + 8).ToList();
        var resumed = Loader(count, options).From(at == 0 ? default : whole[at - 1].Next).Take(8).ToList();
        Assert.That(Flat(resumed), Is.EqualTo(Flat(whole.Skip(at))));
        Assert.That(resumed[0].Position, Is.EqualTo(whole[at].Position));
    }, iter: 40);

    [Test]
    public void Ranks_ShareAllSamples() => Options.Select(Gen.Int[0, 40]).Sample((options, count) =>
    {
        var ranks = Enumerable.Range(0, options.World).Select(rank => Loader(count, options with { Rank = rank, Workers = 0 })).ToList();
        var seen = ranks.SelectMany(l => l.Epoch(1)).SelectMany(b => b.Indices).ToList();
        if (options.Shuffle) Assert.That(ranks.Select(l => l.BatchesPerEpoch).Distinct().Count(), Is.EqualTo(1), "as many batches for each");
        else Assert.That(seen, Is.EquivalentTo(Enumerable.Range(0, count)));
        if (options is { Shuffle: true, DropLast: false }) Assert.That(seen.Distinct().Order(), Is.EqualTo(Enumerable.Range(0, count)));
        if (options is { Shuffle: true, DropLast: true }) Assert.That(seen, Is.Unique);
    }, iter: 100);

    [Test]
    public void Ranks_SeeTogetherWhatOneProcessWithThatManyTimesTheBatchSees() => Options.Select(Gen.Int[0, 60]).Sample((options, count) =>
    {
        options = options with { Shuffle = true, Workers = 0 };
        var ranks = Enumerable.Range(0, options.World).Select(rank => Loader(count, options with { Rank = rank })).ToList();
        var one = Loader(count, options with { Rank = 0, World = 1, BatchSize = options.BatchSize * options.World });
        Assert.That(ranks.Select(r => r.BatchesPerEpoch), Is.All.EqualTo(one.BatchesPerEpoch));
        var together = ranks.Select(r => r.Epoch(2).ToList()).ToList();
        foreach (var (step, batch) in one.Epoch(2).Index())
            Assert.That(together.SelectMany(r => r[step].Indices), Is.EqualTo(batch.Indices));
    }, iter: 100);

    [Test]
    public void Groups_AreNotMixed() => Options.Select(Gen.Int[1, 40]).Sample((options, count) =>
    {
        foreach (var batch in Loader(count, options with { GroupByAspect = true, Workers = 0 }).Epoch(0))
        {
            Assert.That(batch.Indices.Select(i => i % 3 == 0).Distinct().Count(), Is.EqualTo(1));
            if (options.Shuffle) Assert.That(batch.Items, Has.Count.EqualTo(options.BatchSize));
        }
    }, iter: 100);

    [Test]
    public void Epochs_AreShuffledEachInItsOwnWay()
    {
        var loader = Loader(100, new() { Shuffle = true, Workers = 0 });
        var (first, second) = (Flat(loader.Epoch(0)), Flat(loader.Epoch(1)));
        Assert.That(first, Is.EquivalentTo(second).And.Not.EqualTo(second).And.Not.Ordered);
        Assert.That(Flat(Loader(100, new() { Shuffle = true, Workers = 0, Seed = 1 }).Epoch(0)), Is.Not.EqualTo(first));
        // Every place is reached about equally often.
        var small = Loader(12, new() { Shuffle = true, Workers = 0 });
        var places = Enumerable.Range(0, 300).Select(e => small.Epoch(e).SelectMany(b => b.Items).ToList().IndexOf(0)).ToList();
        Assert.That(places.Average(), Is.EqualTo(5.5).Within(0.8));
        Assert.That(places.Distinct().Count(), Is.EqualTo(12));
    }

    [Test]
    public void Draws_BelongToTheSample()
    {
        List<double> Run(int workers) => [.. new DataLoader<int, double>(new Numbers(30), (_, draws) => draws.Between(0, 1), new() { Shuffle = true, Workers = workers, Seed = 4 }).Epoch(2).SelectMany(b => b.Items)];
        Assert.That(Run(4), Is.EqualTo(Run(0)).And.Unique);
    }

    [TestCase(1), TestCase(3)]
    public void Work_StaysWithinTheBound(int workers)
    {
        var data = new Numbers(100);
        using var stream = DataLoader.Of(data, new() { Workers = workers, Ahead = 4 }).Epoch(0).GetEnumerator();
        for (var taken = 1; taken <= 20; taken++)
        {
            stream.MoveNext();
            Thread.Sleep(2);
            Assert.That(Volatile.Read(ref data.Begun), Is.LessThanOrEqualTo(taken + 4));
        }
        Assert.That(data.MostInWork, Is.LessThanOrEqualTo(workers));
    }

    [TestCase(0), TestCase(1), TestCase(4)]
    public void Fault_ComesOnceInItsPlaceAndNamesTheFile(int workers)
    {
        var data = new Numbers(50, i => i == 7 ? throw new InvalidOperationException("nothing there\nat all") : i);
        var seen = new List<int>();
        var error = Assert.Throws<LzuException>(() =>
        {
            foreach (var batch in DataLoader.Of(data, new() { Workers = workers, Ahead = 8 }).Epoch(0)) seen.AddRange(batch.Items);
        })!;
        Assert.That(error.Message, Is.EqualTo("load file7.jpg: nothing there"));
        Assert.That(seen, Is.EqualTo(Enumerable.Range(0, 7)));
        Assert.That(data.Begun, Is.LessThan(20));
        Assert.That(data.InWork, Is.LessThanOrEqualTo(1), "only the one that threw");
    }

    [Test]
    public void Cancellation_EndsTheStreamSoon()
    {
        using var cancel = new CancellationTokenSource();
        var data = new Numbers(1_000_000, _ => { Thread.Sleep(1); return 0; });
        Assert.That(() =>
        {
            foreach (var batch in DataLoader.Of(data, new() { Workers = 2 }).Epoch(0, cancellation: cancel.Token))
                if (batch.Position.Batch == 3) cancel.Cancel();
        }, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(data.Begun, Is.LessThan(50));
    }

    [Test]
    public void Abandoned_StopsItsThreads()
    {
        var data = new Numbers(1000);
        _ = DataLoader.Of(data, new() { Workers = 3 }).Epoch(0).First();
        var begun = data.Begun;
        Thread.Sleep(20);
        Assert.That((data.Begun, data.InWork), Is.EqualTo((begun, 0)));
    }

    [Test]
    public void WrongOptions_AreSaidInOneLine()
    {
        void Says(LoaderOptions options, string what) => Assert.That(() => DataLoader.Of(new Numbers(3), options), Throws.TypeOf<ArgumentValueException>().With.Message.Contains(what));
        Says(new() { BatchSize = 0 }, "batch size");
        Says(new() { Rank = 2, World = 2 }, "rank 2 of 2");
        Says(new() { Workers = -1 }, "workers");
        Says(new() { Ahead = -1 }, "ahead");
        Assert.That(() => DataLoader.Of(new Numbers(3)).Epoch(0, 4), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("has no batch 4"));
        Assert.That(() => DataLoader.Of(new Numbers(0)).From(default), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("no batch"));
        Assert.That(DataLoader.Of(new Numbers(0)).Epoch(0), Is.Empty);
    }

    private static DataLoader<int, int> Loader(int count, LoaderOptions options) => DataLoader.Of(new Numbers(count), options);

    private static List<int> Flat<T>(IEnumerable<Batch<T>> batches) => [.. batches.SelectMany(b => b.Indices.Append(-1))];
}
