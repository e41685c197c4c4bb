using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Distributed;
using LzuCore.Nn.Optim;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;

namespace LzuCore.Tests.Nn.Distributed;

/// <summary>Several processes (threads here) train as one with all their batches.</summary>
public sealed class DataParallelTests
{
    private sealed class Network : Layer
    {
        private readonly Conv2d _first, _second;
        private readonly BatchNorm2d? _norm;
        private readonly Linear _last;

        public Network(bool norm)
        {
            _first = Child("first", new Conv2d(2, 6, 3, padding: 1));
            if (norm) _norm = Child("norm", new BatchNorm2d(6));
            _second = Child("second", new Conv2d(6, 4, 3, padding: 1));
            _last = Child("last", new Linear(4, 3));
        }

        public override Tensor Forward(Tensor input) => _last.Call(ConvNormAct.Apply(ConvNormAct.Apply(input, _first, _norm, Activation.Relu), _second, null, Activation.Relu).Mean(2, 3));
    }

    private static readonly Tensor Images = Tensor.Uniform([12, 2, 5, 6], RandomSource.FromSeed(1), -1, 1).Persist();
    private static readonly Tensor Labels = Tensor.From(Enumerable.Range(0, 12).Select(i => (long)(i * 7 % 3)).ToArray(), [12]).Persist();

    // Ten steps over rows [12 · rank / world, …); gives losses and the trained values.
    private static (double[] Losses, Dictionary<string, float[]> State) Train(ProcessGroup group, bool norm, DataParallelOptions? options = null)
    {
        var model = new Network(norm);
        if (norm) DataParallel.SynchronizeNorms(model, group);
        var parallel = new DataParallel(model, group, options);
        var optimizer = new Sgd(model.Parameters, 0.1, momentum: 0.9);
        var mine = 12 / group.World;
        var losses = new double[10];
        for (var step = 0; step < losses.Length; step++)
            using (new TensorScope())
            {
                var loss = F.CrossEntropy(model.Call(Images.Narrow(0, mine * group.Rank, mine)), Labels.Narrow(0, mine * group.Rank, mine));
                optimizer.Step(parallel.Backward(loss));
                losses[step] = group.Mean(loss.Item());
            }
        parallel.RequireSameParameters();
        return (losses, model.StateDict().Where(p => p.Value.DType == DType.Float32).ToDictionary(p => p.Key, p => p.Value.ToArray<float>()));
    }

    [Test]
    public void Processes_TrainLikeOneWithAllTheirBatches([Values(2, 3, 4)] int world, [Values] bool norm, [Values(1, 100, 1 << 20)] long bucket)
    {
        var (losses, state) = Train(ProcessGroup.Alone, norm);
        Assert.That(losses[^1], Is.LessThan(losses[0]), "it learns at all");
        var ranks = ThreadedProcesses.Run(world, group => Train(group, norm, new() { BucketBytes = bucket }));
        foreach (var rank in ranks)
        {
            Assert.That(rank.Losses, Is.EqualTo(losses).Within(1e-5));
            foreach (var (key, values) in state) Assert.That(rank.State[key], Is.EqualTo(values).Within(2e-5), key);
        }
    }

    [Test]
    public void TwoRuns_AgreeBitByBit_AndOverlapChangesNothing()
    {
        var runs = new[] { true, true, false }.Select(overlap => ThreadedProcesses.Run(3, group => Train(group, norm: true, new() { BucketBytes = 200, Overlap = overlap }))).ToList();
        foreach (var run in runs.Skip(1))
            foreach (var (one, other) in run.Zip(runs[0]))
            {
                Assert.That(one.Losses, Is.EqualTo(other.Losses));
                Assert.That(one.State, Is.EqualTo(other.State));
            }
    }

    [Test]
    public void WithoutSynchronizedNorms_StatisticsAreEachProcessesOwn()
    {
        var means = ThreadedProcesses.Run(2, group =>
        {
            var model = new Network(norm: true);
            using (Grad.Off()) model.Call(Images.Narrow(0, 6 * group.Rank, 6));
            return model.Buffers.First().Value.ToArray<float>();
        });
        Assert.That(means[0], Is.Not.EqualTo(means[1]));
    }

    [Test]
    public void AllStartFromRankZero()
    {
        var keys = ThreadedProcesses.Run(2, group =>
        {
            var model = new Network(norm: true);
            if (group.Rank == 1) foreach (var p in model.Parameters) p.Value = Tensor.Full(p.Shape, 7);
            if (group.Rank == 1) foreach (var b in model.Buffers) b.Value = Tensor.Full(b.Shape, 7, b.Value.DType);
            _ = new DataParallel(model, group);
            return string.Join(';', model.StateDict().Select(p => $"{p.Key} {string.Join(' ', p.Value.To(DType.Float32).ToArray<float>())}"));
        });
        Assert.That(keys[1], Is.EqualTo(keys[0]));
        Assert.That(keys[0], Does.Not.Contain(" 7 7"));
    }

    [Test]
    public void OtherNetworks_AreSaid() =>
        Assert.That(() => ThreadedProcesses.Run(3, group => new DataParallel(group.Rank == 2 ? new Linear(2, 2) : new Linear(2, 3), group)),
            Throws.TypeOf<ArgumentValueException>().With.Message.Contains("the network must be the same in all 3").And.Message.Contains("rank 2."));

    [Test]
    public void DriftedParameters_AreSaid() =>
        Assert.That(() => ThreadedProcesses.Run(2, group =>
        {
            var model = new Linear(2, 2);
            var parallel = new DataParallel(model, group);
            if (group.Rank == 1) model.Weight.Value = model.Weight.Value.Detach() + 1e-6;
            parallel.RequireSameParameters();
            return 0;
        }), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("what was trained so far"));

    // Whose backward pass is seen in the process's list of calls.
    private sealed class Seen(List<string> calls) : Op("seen")
    {
        protected override Tensor Forward(ReadOnlySpan<Tensor> inputs) => Tensor.Zeros(inputs[0].Shape, inputs[0]);

        protected internal override void Backward(Tensor dOutput, GradSink sink)
        {
            calls.Add("walks on");
            sink.Add(0, dOutput);
        }
    }

    [Test]
    public void Sums_StartWhileTheWalkGoesOn()
    {
        var calls = ThreadedProcesses.Run(2, group =>
        {
            Linear first = new(3, 4), last = new(4, 1);
            var model = new Sequential(first, last);
            var parallel = new DataParallel(model, group, new() { BucketBytes = 16 });
            group.Calls.Clear();
            parallel.Backward(last.Call(Op.Apply(new Seen(group.Calls), first.Call(Tensor.Ones([2, 3])))).Sum());
            return group.Calls;
        });
        // Bias and weight of the last layer with their marks, then the first layer's bias and weight.
        Assert.That(calls[0], Is.EqualTo(new[] { "start 7", "walks on", "start 18", "wait 7", "wait 18" }).AsCollection.Or.EqualTo(new[] { "start 7", "walks on", "start 5", "start 13", "wait 7", "wait 5", "wait 13" }).AsCollection);
    }

    [Test]
    public void AParameterThatOneProcessDidNotMeet_GetsTheOthersGradient_AndOneThatNoneMet_KeepsItsState()
    {
        var results = ThreadedProcesses.Run(2, group =>
        {
            Linear both = new(2, 2, bias: false), one = new(2, 2, bias: false), none = new(2, 2, bias: false);
            var parallel = new DataParallel(new Sequential(both, one, none), group, new() { BucketBytes = 1 });
            var x = both.Call(Tensor.Ones([1, 2]));
            var gradients = parallel.Backward((group.Rank == 0 ? x + one.Call(Tensor.Ones([1, 2])) : x).Sum());
            var starts = group.Calls.Where(c => c.StartsWith("start", StringComparison.Ordinal)).ToArray();
            return (Both: gradients[both.Weight.Value].ToArray<float>(), One: gradients[one.Weight.Value].ToArray<float>(), None: gradients.Find(none.Weight.Value), Starts: starts);
        });
        foreach (var rank in results)
        {
            Assert.That(rank.Both, Is.EqualTo(new float[] { 1, 1, 1, 1 }));
            Assert.That(rank.One, Is.EqualTo(new float[] { .5f, .5f, .5f, .5f }));
            Assert.That(rank.None, Is.Null);
            Assert.That(rank.Starts, Is.EqualTo(results[0].Starts), "every process sums the same buckets in the same order");
        }
    }

    [Test]
    public void FrozenParameters_TakeNoPart()
    {
        var sums = ThreadedProcesses.Run(2, group =>
        {
            Linear first = new(2, 2), last = new(2, 1);
            first.RequireGrad(false);
            var gradients = new DataParallel(new Sequential(first, last), group).Backward(last.Call(first.Call(Tensor.Ones([1, 2]))).Sum());
            return (gradients.All.Count(), group.Calls.Count(c => c.StartsWith("start", StringComparison.Ordinal)));
        });
        Assert.That(sums[0], Is.EqualTo((2, 1)));
    }

    [Test]
    public void GradientsOfOneStep_AreNotOverwrittenByTheNext()
    {
        var results = ThreadedProcesses.Run(2, group =>
        {
            var layer = new Linear(2, 1, bias: false);
            var parallel = new DataParallel(layer, group);
            var early = parallel.Backward(layer.Call(Tensor.Full([1, 2], 3)).Sum())[layer.Weight.Value];
            parallel.Backward(layer.Call(Tensor.Full([1, 2], 5)).Sum());
            return early.ToArray<float>();
        });
        Assert.That(results[1], Is.EqualTo(new float[] { 3, 3 }));
    }

    [Test]
    public void Float64_IsSummedAsSuch()
    {
        var results = ThreadedProcesses.Run(2, group =>
        {
            var layer = new Linear(2, 1, bias: false);
            layer.Weight.Value = Tensor.From([1.0, 2.0], [1, 2]);
            return new DataParallel(layer, group).Backward(layer.Call(Tensor.Full([1, 2], 0.1 + group.Rank, DType.Float64)).Sum())[layer.Weight.Value].ToArray<double>();
        });
        Assert.That(results[0], Is.EqualTo(new[] { 0.6, 0.6 }).Within(1e-15));
    }

    [Test]
    public void BucketsOfNothing_AreRefused() =>
        Assert.That(() => new DataParallel(new Linear(1, 1), ProcessGroup.Alone, new() { BucketBytes = 0 }), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("got 0"));
}
