using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;

namespace LzuCore.Tests.Nn;

/// <summary>What layers add to the functions behind them: state that moves in training, counters, order.</summary>
public sealed class LayerTests
{
    [Test]
    public void BatchNorm_InTraining_MovesItsStatistics()
    {
        var norm = new BatchNorm2d(1, momentum: 0.25);
        var x = Tensor.From([1f, 3, 5, 7], [2, 1, 1, 2]);
        norm.Call(x);
        Assert.That(norm.RunningMean.Value.ToArray<float>()[0], Is.EqualTo(0.25f * 4));
        Assert.That(norm.RunningVar.Value.ToArray<float>()[0], Is.EqualTo(0.75f + 0.25f * 20 / 3).Within(1e-6));
        using (Grad.Off()) norm.Call(x);
        Assert.That(norm.RunningMean.Value.ToArray<float>()[0], Is.EqualTo(0.75f * 1 + 0.25f * 4));
        Assert.That(norm.StateDict()["num_batches_tracked"].ToArray<long>(), Is.EqualTo(new[] { 2L }));
    }

    [Test]
    public void BatchNorm_InEvaluation_UsesItsStatisticsAndKeepsThem()
    {
        var norm = new BatchNorm2d(1, eps: 0);
        norm.LoadStateDict(new StateDict
        {
            ["weight"] = Tensor.Full([1], 3),
            ["bias"] = Tensor.Full([1], 1),
            ["running_mean"] = Tensor.Full([1], 10),
            ["running_var"] = Tensor.Full([1], 4),
        });
        norm.Eval();
        var version = norm.RunningMean.Version;
        Assert.That(norm.Call(Tensor.From([12f, 8], [1, 1, 1, 2])).ToArray<float>(), Is.EqualTo(new[] { 4f, -2 }));
        Assert.That(norm.RunningMean.Version, Is.EqualTo(version));
        Assert.That(norm.StateDict()["num_batches_tracked"].ToArray<long>(), Is.EqualTo(new[] { 0L }));
    }

    [Test]
    public void FrozenBatchNorm_IsTheSameMapInTraining_AndHasNothingToTrain()
    {
        var norm = new FrozenBatchNorm2d(1, eps: 0);
        norm.LoadStateDict(new StateDict
        {
            ["weight"] = Tensor.Full([1], 3),
            ["bias"] = Tensor.Full([1], 1),
            ["running_mean"] = Tensor.Full([1], 10),
            ["running_var"] = Tensor.Full([1], 4),
        });
        Assert.That(norm.Call(Tensor.From([12f, 8], [1, 1, 1, 2])).ToArray<float>(), Is.EqualTo(new[] { 4f, -2 }));
        Assert.That(norm.Parameters, Is.Empty);
    }

    [Test]
    public void Dropout_DrawsANewMaskEachStep_AndTheSameOneAgain()
    {
        var (a, b) = (new Dropout(0.5, seed: 5), new Dropout(0.5, seed: 5));
        var x = Tensor.Ones([200]);
        var first = a.Call(x).ToArray<float>();
        var second = a.Call(x).ToArray<float>();
        Assert.That(second, Is.Not.EqualTo(first));
        Assert.That(b.Call(x).ToArray<float>(), Is.EqualTo(first));
        b.Step = 1;
        Assert.That(b.Call(x).ToArray<float>(), Is.EqualTo(second));
        Assert.That(first.Count(v => v == 0), Is.InRange(70, 130));
        Assert.That(first.Where(v => v != 0), Is.All.EqualTo(2f));
        a.Eval();
        Assert.That(a.Call(x), Is.SameAs(x));
    }

    private sealed class Watch(List<Tensor> seen, List<int> released, bool passes) : Layer
    {
        public override Tensor Forward(Tensor input)
        {
            released.Add(seen.Count(t => t.Storage.IsReleased));
            seen.Add(input);
            return passes ? input : input * 2;
        }
    }

    // Each layer is told how many of the earlier inputs are gone: all but the chain's own and those that were passed on.
    [TestCase(true, new[] { 0, 0, 0, 0, 2 }), TestCase(false, new[] { 0, 0, 0, 0, 0 })]
    public void Sequential_NeedsNoResultLongerThanTheNextLayer(bool off, int[] expected)
    {
        var (seen, released) = (new List<Tensor>(), new List<int>());
        var chain = new Sequential([.. new[] { true, false, true, false, false }.Select(passes => new Watch(seen, released, passes))]);
        var x = Tensor.Ones([4, 4]);
        var y = off ? Off() : chain.Call(x);
        Assert.That(released, Is.EqualTo(expected));
        Assert.That(y.ToArray<float>(), Is.All.EqualTo(8f));
        Assert.That(x.Storage.IsReleased, Is.False);

        Tensor Off()
        {
            using var grad = Grad.Off();
            return chain.Call(x);
        }
    }

    [Test]
    public void Sequential_RunsInOrder()
    {
        var x = Tensor.From([-2f, 1, 3, -4], [1, 1, 2, 2]);
        var chain = new Sequential(new MaxPool2d(2), new Upsample(2, InterpolationMode.Nearest, alignCorners: false), new Identity());
        Assert.That(chain.Call(x).ToArray<float>(), Is.EqualTo(new[] { 3f, 3, 3, 3 }));
        Assert.That(new Sequential().Call(x), Is.SameAs(x));
    }

    [Test]
    public void DeformConv2d_HasMmcvsKeys_AndStartsAsHalfAPlainConvolution()
    {
        var layer = new DeformConv2d(4, 6, kernel: 3, stride: 2, padding: 1, deformGroups: 2, bias: false);
        Assert.That(layer.Keys.Select(k => $"{k.Key} {k.Shape}"), Is.EqualTo(new[] { "weight [6, 4, 3, 3]", "conv_offset.weight [54, 4, 3, 3]", "conv_offset.bias [54]" }));
        var x = Tensor.Uniform([2, 4, 7, 6], RandomSource.FromSeed(1), -1, 1);
        var plain = F.Conv2d(x, layer.Weight.Value, null, stride: 2, padding: 1);
        Assert.That(AssertClose.Compare(layer.Call(x), plain * 0.5, 1e-6), Is.Null);
        Assert.That(() => new DeformConv2d(4, 6, kernel: 3, deformGroups: 3), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("deform groups must divide 4"));
    }

    [Test]
    public void DeformConv2d_TakesOffsetsThenMasks_FromItsOwnConvolution()
    {
        var layer = new DeformConv2d(1, 1, kernel: 1);
        layer.LoadStateDict(new StateDict
        {
            ["weight"] = Tensor.Full([1, 1, 1, 1], 10),
            ["bias"] = Tensor.Full([1], 1),
            ["conv_offset.weight"] = Tensor.Zeros([3, 1, 1, 1]),
            ["conv_offset.bias"] = Tensor.From([0f, 0.5f, MathF.Log(3)], [3]),
        });
        Assert.That(AssertClose.Compare(layer.Call(Tensor.From([2f, 4, 8], [1, 1, 1, 3])), [1 + 7.5 * 3, 1 + 7.5 * 6, 1 + 7.5 * 4], 1e-6), Is.Null);
        var gradients = Gradients.Of(layer.Call(Tensor.From([2f, 4, 8], [1, 1, 1, 3])).Sum());
        foreach (var parameter in layer.Parameters) Assert.That(gradients.Find(parameter.Value), Is.Not.Null, parameter.Key);
    }

    [Test]
    public void GroupNorm_HasPyTorchsKeys()
    {
        var norm = new GroupNorm(2, 6);
        Assert.That(norm.Keys.Select(k => k.Key), Is.EqualTo(new[] { "weight", "bias" }));
        Assert.That(() => new GroupNorm(4, 6), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("must divide 6"));
    }
}
