using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Tests.Nn;

/// <summary>The tree of parameters: keys, first values, modes, loading. No device matters here.</summary>
public sealed class ModuleTests
{
    private sealed class Block : Layer
    {
        public Block(int channels, bool frozen = false)
        {
            Conv = Child("conv", new Conv2d(channels, channels, 3, padding: 1, bias: false));
            Norm = Child("norm", frozen ? new FrozenBatchNorm2d(channels) : (Layer)new BatchNorm2d(channels));
            Tail = Child("tail", new Sequential(new ReLU(), new Conv2d(channels, 2, 1), new Dropout()));
        }

        public Conv2d Conv { get; }
        public Layer Norm { get; }
        public Sequential Tail { get; }

        public override Tensor Forward(Tensor input) => Tail.Call(Norm.Call(Conv.Call(input)));
    }

    [Test]
    public void Keys_AreTheNamesInTheTree()
    {
        var list = new ModuleList<Block>(new Block(3), new Block(3, frozen: true));
        Assert.That(list.Keys.Select(k => $"{k.Key} {k.Shape}"), Is.EqualTo(new[]
        {
            "0.conv.weight [3, 3, 3, 3]", "0.norm.weight [3]", "0.norm.bias [3]", "0.norm.running_mean [3]", "0.norm.running_var [3]", "0.norm.num_batches_tracked []",
            "0.tail.1.weight [2, 3, 1, 1]", "0.tail.1.bias [2]",
            "1.conv.weight [3, 3, 3, 3]", "1.norm.weight [3]", "1.norm.bias [3]", "1.norm.running_mean [3]", "1.norm.running_var [3]",
            "1.tail.1.weight [2, 3, 1, 1]", "1.tail.1.bias [2]",
        }));
        Assert.That(list.Parameters.Count(), Is.EqualTo(8));
        Assert.That(list.Buffers.Count(), Is.EqualTo(7));
    }

    [Test]
    public void StateDict_RoundTrips()
    {
        var from = new Block(3);
        from.LoadStateDict(new StateDict(from.Keys.Select((k, i) => KeyValuePair.Create(k.Key,
            k.Key.EndsWith("tracked") ? Tensor.From([41L], []) : Tensor.Uniform(k.Shape, RandomSource.FromSeed((ulong)i), 0.5, 1.5)))));
        var to = new Block(3);
        Assert.That(to.LoadStateDict(from.StateDict()).IsClean);
        foreach (var (key, value) in from.StateDict())
            Assert.That(to.StateDict()[key].To(DType.Float64).ToArray<double>(), Is.EqualTo(value.To(DType.Float64).ToArray<double>()), key);
        var x = Tensor.Uniform([1, 3, 5, 5], RandomSource.FromSeed(1));
        from.Eval();
        to.Eval();
        Assert.That(to.Call(x).ToArray<float>(), Is.EqualTo(from.Call(x).ToArray<float>()));
    }

    [Test]
    public void LoadStateDict_Strict_ListsEverythingAndWritesNothing()
    {
        var module = new Block(3);
        var before = module.Conv.Weight.Value.ToArray<float>();
        var version = module.Conv.Weight.Version;
        var state = module.StateDict().Rename(k => k switch { "tail.1.bias" => null, "norm.bias" => "norm.shift", _ => k });
        state["conv.weight"] = Tensor.Zeros([3, 3, 3, 3]);
        state["norm.weight"] = Tensor.Zeros([4]);
        var error = Assert.Throws<StateDictException>(() => module.LoadStateDict(state))!;
        Assert.That(error.Report.Missing.Select(m => m.Key), Is.EquivalentTo(new[] { "norm.bias", "tail.1.bias" }));
        Assert.That(error.Report.Unexpected.Select(m => m.Key), Is.EqualTo(new[] { "norm.shift" }));
        Assert.That(error.Report.Misshaped.Select(m => $"{m.Key} {m.Wanted} {m.Given}"), Is.EqualTo(new[] { "norm.weight [3] [4]" }));
        Assert.That(error.Message, Does.Contain("2 missing").And.Contain("1 unexpected").And.Contain("1 mis-shaped"));
        Assert.That(module.Conv.Weight.Version, Is.EqualTo(version));
        Assert.That(module.Conv.Weight.Value.ToArray<float>(), Is.EqualTo(before));
    }

    [Test]
    public void LoadStateDict_NotStrict_LoadsWhatFits()
    {
        var module = new Block(3);
        var state = new StateDict { ["norm.bias"] = Tensor.Full([3], 7), ["norm.weight"] = Tensor.Zeros([4]), ["other"] = Tensor.Zeros([1]) };
        var report = module.LoadStateDict(state, strict: false);
        Assert.That((report.Unexpected.Count, report.Misshaped.Count), Is.EqualTo((1, 1)));
        Assert.That(((BatchNorm2d)module.Norm).Bias.Value.ToArray<float>(), Is.EqualTo(new[] { 7f, 7, 7 }));
        Assert.That(((BatchNorm2d)module.Norm).Weight.Value.ToArray<float>(), Is.EqualTo(new[] { 1f, 1, 1 }));
    }

    [Test]
    public void NumBatchesTracked_MayBeMissing_AndFrozenNormsDropIt()
    {
        var state = new Block(3).StateDict();
        Assert.That(new Block(3).LoadStateDict(state.Rename(k => k.EndsWith("tracked") ? null : k)).IsClean);
        Assert.That(new Block(3, frozen: true).LoadStateDict(state).IsClean);
        Assert.Throws<StateDictException>(() => new Block(3, frozen: true).LoadStateDict(state.Rename(k => k.Replace("norm.num", "conv.num"))));
    }

    [Test]
    public void TrainAndEval_ReachEveryPart()
    {
        var module = new Sequential(new Block(2), new Sequential(new Block(2)));
        Assert.That(module.Modules.All(m => m.IsTraining));
        module.Eval();
        Assert.That(module.Modules.Any(m => m.IsTraining), Is.False);
        module[1].Train();
        Assert.That(module.Modules.Count(m => m.IsTraining), Is.EqualTo(module[1].Modules.Count()));
    }

    [Test]
    public void FirstValues_DependOnTheKeyOnly()
    {
        var one = new Sequential(new Block(2), new Block(2));
        var two = new Sequential(new Block(2), new Block(2));
        var backwards = two.Parameters.Reverse().ToDictionary(p => p.Key, p => p.Value.ToArray<float>());
        foreach (var parameter in one.Parameters) Assert.That(parameter.Value.ToArray<float>(), Is.EqualTo(backwards[parameter.Key]), parameter.Key);
        Assert.That(backwards["0.conv.weight"], Is.Not.EqualTo(backwards["1.conv.weight"]));
    }

    [Test]
    public void Child_RefusesTheSameNameTwice() =>
        Assert.That(() => new Twice(), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("'a' exists already"));

    private sealed class Twice : Module
    {
        public Twice()
        {
            Child("a", new Identity());
            Child("a", new Identity());
        }
    }
}
