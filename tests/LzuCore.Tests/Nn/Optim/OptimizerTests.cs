using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Optim;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;

namespace LzuCore.Tests.Nn.Optim;

/// <summary>Six recorded steps of torch.optim (<c>ops_optim.npz</c>), resuming, and the manners around a step.</summary>
public sealed class OptimizerTests
{
    private NpzArchive _goldens = null!;

    [OneTimeSetUp]
    public void Open() => _goldens = Goldens.Open("ops_optim.npz");

    [OneTimeTearDown]
    public void Close() => _goldens.Dispose();

    private static IEnumerable<TestCaseData> Methods()
    {
        yield return Case("sgd_plain_lr0.1", p => new Sgd(p, 0.1));
        yield return Case("sgd_m09_wd1e-4_lr0.02", p => new Sgd(p, 0.02, 0.9, 1e-4));
        yield return Case("sgd_m09_wd0.1_lr0.1_clip3", p => new Sgd(p, 0.1, 0.9, 0.1), clip: 3);
        yield return Case("sgd_nesterov", p => new Sgd(p, 0.05, 0.8, 0.01, nesterov: true));
        yield return Case("sgd_groups_biaslr2_nodecay", p => new Sgd([new ParameterGroup([p[0]]), new ParameterGroup([p[1]], 2, 0)], 0.001, 0.9, 1e-4), clip: 35);
        yield return Case("adamw_lr1e-2_wd0.05", p => new AdamW(p, 1e-2, weightDecay: 0.05));
        yield return Case("adam_lr1e-2_wd0.05_l2", p => new AdamW(p, 1e-2, weightDecay: 0.05, decoupled: false));

        static TestCaseData Case(string name, Func<Parameter[], Optimizer> make, double? clip = null) => new TestCaseData(name, make, clip).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Methods))]
    public void Steps_EqualPyTorchs(string name, Func<Parameter[], Optimizer> make, double? clip)
    {
        Parameter[] parameters = [.. Enumerable.Range(0, 2).Select(i => Holding(_goldens.Read($"{name}__p{i}_0")))];
        var optimizer = make(parameters);
        for (var step = 0; step < 6; step++)
        {
            var gradients = Flow(parameters, [.. Enumerable.Range(0, 2).Select(i => _goldens.Read($"{name}__g{i}_{step}"))]);
            if (clip is { } limit)
            {
                (gradients, var norm) = GradientClipping.ByNorm(gradients, limit);
                Assert.That(norm, Is.EqualTo(_goldens.Read($"{name}__norm_{step}").ToArray<double>()[0]).Within(1e-5).Percent);
            }
            optimizer.Step(gradients);
            for (var i = 0; i < 2; i++)
                Assert.That(AssertClose.Compare(parameters[i].Value, _goldens.Read($"{name}__p{i}_{step + 1}"), 2e-6), Is.Null, $"p{i} after step {step + 1}");
        }
    }

    [TestCaseSource(nameof(Methods))]
    public void Resumed_GoesOnWithEqualBits(string name, Func<Parameter[], Optimizer> make, double? clip)
    {
        Parameter[] straight = [Holding(Random(1, [37])), Holding(Random(2, [3, 5]))];
        var whole = make(straight);
        for (var step = 0; step < 3; step++) Walk(whole, straight, step);
        var state = whole.State();
        Parameter[] resumed = [.. straight.Select(p => Holding(p.Value))];
        var second = make(resumed);
        second.LoadState(state);
        for (var step = 3; step < 6; step++)
        {
            Walk(whole, straight, step);
            Walk(second, resumed, step);
        }
        for (var i = 0; i < 2; i++) Assert.That(resumed[i].Value.ToArray<float>(), Is.EqualTo(straight[i].Value.ToArray<float>()));
        Assert.That(second.State().Select(s => s.Key), Is.EqualTo(whole.State().Select(s => s.Key)));

        static void Walk(Optimizer optimizer, Parameter[] parameters, int step) =>
            optimizer.Step(Flow(parameters, [.. parameters.Select((p, i) => Random(10 * step + i, p.Shape))]));
    }

    [Test]
    public void Step_EqualsInFloat64_WhatFloat32Rounds()
    {
        Parameter single = Holding(Random(1, [100])), exact = Holding(Random(1, [100]).To(DType.Float64));
        Optimizer a = new AdamW([single], 0.1), b = new AdamW([exact], 0.1);
        for (var step = 0; step < 5; step++)
        {
            a.Step(Flow([single], [Random(step, [100])]));
            b.Step(Flow([exact], [Random(step, [100]).To(DType.Float64)]));
        }
        Assert.That(AssertClose.Compare(single.Value, exact.Value, 1e-5), Is.Null);
    }

    [Test]
    public void Step_LeavesFrozenAndUnusedParametersAlone()
    {
        Parameter used = Holding(Random(1, [3])), unused = Holding(Random(2, [3])), frozen = Holding(Random(3, [3]));
        frozen.RequiresGrad = false;
        var (before, still) = (unused.Value, frozen.Value);
        var optimizer = new Sgd([used, unused, frozen], 0.1, momentum: 0.9);
        optimizer.Step(Gradients.Of((used.Value + frozen.Value).Sum()));
        Assert.That(unused.Value, Is.SameAs(before));
        Assert.That(frozen.Value, Is.SameAs(still));
        Assert.That(optimizer.State().Select(s => s.Key), Is.EqualTo(["0.step", "0.momentum_buffer"]));
    }

    [Test]
    public void Step_WritesANewTensor_SoOldOnesKeepTheirValues()
    {
        var parameter = Holding(Tensor.From([1f], [1]));
        var old = parameter.Value;
        new Sgd([parameter], 0.5).Step(Flow([parameter], [Tensor.From([1f], [1])]));
        Assert.That(old.ToArray<float>(), Is.EqualTo([1f]));
        Assert.That(parameter.Value.ToArray<float>(), Is.EqualTo([0.5f]));
        Assert.That(parameter.Value.RequiresGrad);
    }

    [Test]
    public void LoadState_RefusesAnotherMethodsState()
    {
        var parameter = Holding(Random(1, [3]));
        var optimizer = new AdamW([parameter], 0.1);
        optimizer.Step(Flow([parameter], [Random(2, [3])]));
        Assert.That(() => new Sgd([parameter], 0.1, 0.9).LoadState(optimizer.State()), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("'0.exp_avg' belongs to no parameter"));
        Assert.That(() => new AdamW([Holding(Random(1, [4]))], 0.1).LoadState(optimizer.State()), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("0.exp_avg must be [4], got [3]"));
    }

    [Test]
    public void Arguments_AreChecked()
    {
        var parameter = Holding(Random(1, [3]));
        Assert.That(() => new Sgd([parameter, parameter], 0.1), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("appears twice"));
        Assert.That(() => new Sgd([parameter], double.NaN), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("learning rate"));
        Assert.That(() => new Sgd([parameter], 0.1, nesterov: true), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("nesterov"));
        Assert.That(() => new AdamW([parameter], 0.1, beta1: 1), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("betas"));
    }

    [Test]
    public void ByNorm_RefusesANormThatIsNotFinite()
    {
        var parameter = Holding(Random(1, [2]));
        var gradients = Flow([parameter], [Tensor.From([1f, float.NaN], [2])]);
        Assert.That(() => GradientClipping.ByNorm(gradients, 1), Throws.TypeOf<NonFiniteException>().With.Message.Contains("got NaN"));
    }

    [Test]
    public void ByValue_LimitsEveryElement()
    {
        var parameter = Holding(Random(1, [3]));
        var clipped = GradientClipping.ByValue(Flow([parameter], [Tensor.From([-5f, 0.1f, 2], [3])]), 1);
        Assert.That(clipped[parameter.Value].ToArray<float>(), Is.EqualTo([-1f, 0.1f, 1]));
    }

    private static Tensor Random(int seed, Shape shape) => Tensor.Uniform(shape, RandomSource.FromSeed((ulong)seed), -1, 1);

    private static Parameter Holding(Tensor value) => new(value.Shape, (_, _) => value);

    // Gradients that have the given values: of Σ value · gradient.
    private static Gradients Flow(Parameter[] parameters, Tensor[] gradients)
    {
        var loss = (parameters[0].Value * gradients[0]).Sum();
        for (var i = 1; i < parameters.Length; i++) loss = loss + (parameters[i].Value * gradients[i]).Sum();
        return Gradients.Of(loss);
    }
}
