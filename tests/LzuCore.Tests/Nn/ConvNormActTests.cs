using System.Runtime.CompilerServices;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;

namespace LzuCore.Tests.Nn;

/// <summary>Folding changes the number of kernel calls, not the numbers.</summary>
public sealed class ConvNormActTests
{
    private static readonly Tensor X = Tensor.Uniform([2, 5, 7, 6], RandomSource.FromSeed(1), -1, 1);
    private static readonly Tensor Residual = Tensor.Uniform([2, 8, 7, 6], RandomSource.FromSeed(2), -1, 1);

    [TestCase(true)]
    [TestCase(false)]
    public void Fused_EqualsUnfused_InOneCall(bool bias)
    {
        var (conv, norm) = Make(bias);
        norm.Eval();
        var expected = (norm.Call(conv.Call(X)) + Residual).Relu();
        using var off = Grad.Off();
        ConvNormAct.Apply(X, conv, norm, Activation.Relu, Residual); // folds; later calls find the folded weights
        using var trace = OpTrace.Begin();
        var got = ConvNormAct.Apply(X, conv, norm, Activation.Relu, Residual);
        Assert.That(trace.Entries.Select(e => e.Op), Is.EqualTo((string[])["conv2d"]));
        Assert.That(trace.Entries[0].Flops, Is.EqualTo(2L * 2 * 8 * 7 * 6 * 5 * 9));
        Assert.That(AssertClose.Compare(got, expected, 1e-5), Is.Null);
    }

    [Test]
    public void NewWeights_AreFoldedAgain()
    {
        var (conv, norm) = Make(bias: true);
        norm.Eval();
        using var off = Grad.Off();
        var before = ConvNormAct.Apply(X, conv, norm, Activation.None).ToArray<float>();
        Assert.That(ConvNormAct.Apply(X, conv, norm, Activation.None).ToArray<float>(), Is.EqualTo(before));
        norm.RunningMean.Value = Tensor.Uniform([8], RandomSource.FromSeed(9), 1, 2);
        var after = ConvNormAct.Apply(X, conv, norm, Activation.None);
        Assert.That(after.ToArray<float>(), Is.Not.EqualTo(before));
        Assert.That(AssertClose.Compare(after, norm.Call(conv.Call(X)), 1e-5), Is.Null);
    }

    // A training that was preceded by an inference would otherwise have its first weights in memory, with all that was packed of them.
    [Test]
    public void OldWeights_AreForgottenWhenNewOnesAreWritten()
    {
        var (conv, norm) = Make(bias: true);
        norm.Eval();
        var old = Fold();
        conv.Weight.Value = Tensor.Zeros(conv.Weight.Shape);
        GC.Collect();
        Assert.That(old.IsAlive, Is.False);

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference Fold()
        {
            using var off = Grad.Off();
            ConvNormAct.Apply(X, conv, norm, Activation.None);
            return new(conv.Weight.Value.Storage);
        }
    }

    [Test]
    public void BatchStatistics_AreNotFolded()
    {
        var (conv, norm) = Make(bias: false);
        using var off = Grad.Off();
        using var trace = OpTrace.Begin();
        ConvNormAct.Apply(X, conv, norm, Activation.Relu);
        Assert.That(trace.Entries.Count, Is.GreaterThan(1));
    }

    [Test]
    public void WithoutNorm_BiasAndActivationAreFused()
    {
        var (conv, _) = Make(bias: true);
        var expected = conv.Call(X).Relu();
        using var off = Grad.Off();
        using var trace = OpTrace.Begin();
        var got = ConvNormAct.Apply(X, conv, null, Activation.Relu);
        Assert.That(trace.Entries, Has.Count.EqualTo(1));
        Assert.That(AssertClose.Compare(got, expected, 1e-5), Is.Null);
    }

    [Test]
    public void WithGradients_EveryParameterGetsOne()
    {
        var (conv, norm) = Make(bias: true);
        norm.Eval();
        var gradients = Gradients.Of(ConvNormAct.Apply(X, conv, norm, Activation.Relu, Residual), Tensor.Ones([2, 8, 7, 6]));
        foreach (var parameter in conv.Parameters.Concat(norm.Parameters)) Assert.That(gradients.Find(parameter.Value), Is.Not.Null, parameter.Key);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Deformable_FoldsTheSameWay(bool bias)
    {
        var (_, norm) = Make(bias);
        norm.Eval();
        var conv = Deformable(bias);
        var expected = (norm.Call(conv.Call(X)) + Residual).Relu();
        using var off = Grad.Off();
        ConvNormAct.Apply(X, conv, norm, Activation.Relu, Residual);
        using var trace = OpTrace.Begin();
        var got = ConvNormAct.Apply(X, conv, norm, Activation.Relu, Residual);
        Assert.That(trace.Entries.Select(e => e.Op).Where(op => op is not ("narrow" or "slice")), Is.EqualTo((string[])["conv2d", "sigmoid", "deform_conv2d"]));
        Assert.That(trace.Entries[^1].Flops, Is.EqualTo(2L * 2 * 8 * 7 * 6 * 5 * 9));
        Assert.That(AssertClose.Compare(got, expected, 1e-5), Is.Null);
    }

    [Test]
    public void Deformable_OfAHalf_KeepsItsPlacesInFloat32()
    {
        var (_, norm) = Make(bias: false);
        norm.Eval();
        var conv = Deformable(bias: false);
        using var off = Grad.Off();
        var got = ConvNormAct.Apply(X.To(DType.BFloat16), conv, norm, Activation.Relu);
        Assert.That(got.DType, Is.EqualTo(DType.BFloat16));
        Assert.That(AssertClose.Compare(got.To(DType.Float32), ConvNormAct.Apply(X.To(DType.BFloat16).To(DType.Float32), conv, norm, Activation.Relu), 2e-2), Is.Null);
    }

    [TestCase(12)]
    [TestCase(40)]
    public void GroupNorm_ActivatesInItsOwnPass(int channels)
    {
        var (conv, norm) = (new Conv2d(5, channels, kernel: 3, padding: 1), new GroupNorm(4, channels));
        norm.Weight.Value = Tensor.Uniform([channels], RandomSource.FromSeed(3), 0.5, 2);
        norm.Bias.Value = Tensor.Uniform([channels], RandomSource.FromSeed(4), -1, 1);
        var expected = norm.Call(conv.Call(X)).Relu();
        using var off = Grad.Off();
        using var trace = OpTrace.Begin();
        var got = ConvNormAct.Apply(X, conv, norm, Activation.Relu);
        Assert.That(trace.Entries.Select(e => e.Op), Is.EqualTo((string[])["conv2d", "group_norm"]));
        Assert.That(got.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()));
    }

    private static DeformConv2d Deformable(bool bias)
    {
        var conv = new DeformConv2d(5, 8, kernel: 3, padding: 1, bias: bias);
        conv.ConvOffset.Weight.Value = Tensor.Uniform(conv.ConvOffset.Weight.Shape, RandomSource.FromSeed(7), -0.3, 0.3);
        conv.ConvOffset.Bias!.Value = Tensor.Uniform(conv.ConvOffset.Bias.Shape, RandomSource.FromSeed(8), -1, 1);
        return conv;
    }

    [TestCase(false, 1)]
    [TestCase(true, 1 + 2)]
    public void SeveralMaps_AreOneConvolution(bool grouped, int calls)
    {
        var conv = new Conv2d(5, 8, kernel: 3, padding: 1);
        Layer norm = grouped ? new GroupNorm(2, 8) : new BatchNorm2d(8);
        norm.Eval();
        Tensor[] maps = [X, Tensor.Uniform([1, 5, 3, 4], RandomSource.FromSeed(7), -1, 1)];
        Tensor[] expected = [.. maps.Select(x => ConvNormAct.Apply(x, conv, norm, Activation.Relu))], recorded = ConvNormAct.Apply(maps, conv, norm, Activation.Relu);
        using var off = Grad.Off();
        ConvNormAct.Apply(maps, conv, norm, Activation.Relu); // folds
        using var trace = OpTrace.Begin();
        var got = ConvNormAct.Apply(maps, conv, norm, Activation.Relu);
        Assert.That(trace.Entries.Count, Is.EqualTo(calls));
        Assert.That(trace.Entries[0].Flops, Is.EqualTo(2L * 8 * 5 * 9 * (2 * 7 * 6 + 3 * 4)));
        for (var i = 0; i < maps.Length; i++)
        {
            Assert.That(AssertClose.Compare(got[i], expected[i], 1e-5), Is.Null, $"map {i}");
            Assert.That(AssertClose.Compare(recorded[i], expected[i], 1e-6), Is.Null, $"map {i} with gradients");
        }
    }

    [Test]
    public void NoMaps_GiveNone()
    {
        using var off = Grad.Off();
        Assert.That(ConvNormAct.Apply([], new Conv2d(5, 8, kernel: 3), null, Activation.Relu), Is.Empty);
    }

    private sealed class Block(Func<Tensor, Tensor> forward) : Layer
    {
        public override Tensor Forward(Tensor input) => forward(input);
    }

    private static Tensor AddTo(Tensor residual, Conv2d conv) => ConvNormAct.Apply(Residual, conv, null, Activation.Relu, residual, residualEnds: true);

    [Test]
    public void AResidualThatEnds_IsOverwritten()
    {
        var conv = new Conv2d(8, 8, kernel: 1);
        Tensor? made = null;
        var expected = Made(grad: true).ToArray<float>();
        using var off = Grad.Off();
        var got = Made(grad: false);
        Assert.That(got.ToArray<float>(), Is.EqualTo(expected).Within(1e-6f));
        Assert.That(() => made!.View, Throws.TypeOf<ReleasedTensorException>());

        Tensor Made(bool grad)
        {
            var block = new Block(x =>
            {
                made = x.Relu();
                return AddTo(made, conv);
            });
            return grad ? block.Forward(Residual) : block.Call(Residual);
        }
    }

    [Test]
    public void ASequential_LetsALayerOverwriteTheResultBefore()
    {
        var conv = new Conv2d(8, 8, kernel: 1);
        var places = new List<(nint Before, nint After)>();
        var block = new Block(x =>
        {
            var before = Place(x);
            var y = AddTo(x, conv);
            places.Add((before, Place(y)));
            return y;
        });
        var chain = new Sequential(block, block, block);
        using var off = Grad.Off();
        var expected = AddTo(AddTo(AddTo(Residual, conv), conv), conv).ToArray<float>();
        var start = Residual.ToArray<float>();
        var got = chain.Call(Residual);
        Assert.That(got.ToArray<float>(), Is.EqualTo(expected));
        Assert.That(Residual.ToArray<float>(), Is.EqualTo(start), "the chain's own input is somebody else's");
        Assert.That(places.Select(p => p.Before == p.After), Is.EqualTo(new[] { false, true, true }));
    }

    private static unsafe nint Place(Tensor x) => (nint)x.View.Pointer<float>();

    [Test]
    public void AResidual_ThatAnOuterModuleStillReads_IsKept()
    {
        var conv = new Conv2d(8, 8, kernel: 1);
        var inner = new Block(x => AddTo(x, conv));
        var outer = new Block(x => inner.Call(x) + x);
        using var off = Grad.Off();
        var first = Residual.Relu();
        var expected = (AddTo(first, conv) + first).ToArray<float>();
        Assert.That(new Sequential(new Block(x => x.Relu()), outer).Call(Residual).ToArray<float>(), Is.EqualTo(expected));
    }

    // Its own input as residual, another size of taps, strides: the kernel would read what it wrote.
    [Test]
    public void WhatCannotBeOverwritten_IsNot()
    {
        var (one, three) = (new Conv2d(8, 8, kernel: 1), new Conv2d(8, 8, kernel: 3, padding: 1));
        using var off = Grad.Off();
        var own = new Block(x =>
        {
            var y = x.Relu();
            var sum = ConvNormAct.Apply(y, one, null, Activation.None, y, residualEnds: true);
            return sum + y;
        });
        var wide = new Block(x =>
        {
            var y = x.Relu();
            return ConvNormAct.Apply(x, three, null, Activation.None, y, residualEnds: true) + y;
        });
        var relu = Residual.Relu();
        Assert.That(own.Call(Residual).ToArray<float>(), Is.EqualTo((ConvNormAct.Apply(relu, one, null, Activation.None, relu) + relu).ToArray<float>()));
        Assert.That(wide.Call(Residual).ToArray<float>(), Is.EqualTo((ConvNormAct.Apply(Residual, three, null, Activation.None, relu) + relu).ToArray<float>()));
    }

    private static (Conv2d Conv, BatchNorm2d Norm) Make(bool bias)
    {
        var conv = new Conv2d(5, 8, kernel: 3, padding: 1, bias: bias);
        var norm = new BatchNorm2d(8);
        norm.Weight.Value = Tensor.Uniform([8], RandomSource.FromSeed(3), 0.5, 2);
        norm.Bias.Value = Tensor.Uniform([8], RandomSource.FromSeed(4), -1, 1);
        norm.RunningMean.Value = Tensor.Uniform([8], RandomSource.FromSeed(5), -1, 1);
        norm.RunningVar.Value = Tensor.Uniform([8], RandomSource.FromSeed(6), 0.5, 2);
        return (conv, norm);
    }
}
