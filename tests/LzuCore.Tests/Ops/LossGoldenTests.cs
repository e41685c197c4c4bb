using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;

namespace LzuCore.Tests.Ops;

/// <summary>Losses and pointwise functions against recorded PyTorch values and gradients (<c>ops_loss_box.npz</c>, <c>ops_nn.npz</c>).</summary>
public sealed class LossGoldenTests
{
    private NpzArchive _losses = null!, _functions = null!;

    [OneTimeSetUp]
    public void Open() => (_losses, _functions) = (Goldens.Open("ops_loss_box.npz"), Goldens.Open("ops_nn.npz"));

    [OneTimeTearDown]
    public void Close()
    {
        _losses.Dispose();
        _functions.Dispose();
    }

    [TestCase("relu")]
    [TestCase("sigmoid")]
    [TestCase("softmax1")]
    [TestCase("logsoftmax1")]
    [TestCase("exp")]
    [TestCase("softplus")]
    public void Functions(string name) => Same(_functions, name, x => name switch
    {
        "relu" => x.Relu(),
        "sigmoid" => x.Sigmoid(),
        "softmax1" => x.Softmax(1),
        "logsoftmax1" => x.LogSoftmax(1),
        "exp" => x.Exp(),
        _ => x.Softplus(),
    });

    [TestCase(1.0 / 9, "sl1_beta0.1111")]
    [TestCase(1, "sl1_beta1.0000")]
    [TestCase(0.11, "sl1_beta0.1100")]
    public void SmoothL1(double beta, string name) => Same(_losses, name, x => F.SmoothL1(x, _losses.Read("sl1__t"), beta, Reduction.None));

    [Test]
    public void L1() => Same(_losses, "l1", x => F.L1(x, _losses.Read("sl1__t"), Reduction.None));

    [Test]
    public void BinaryCrossEntropy() => Same(_losses, "bce", x => F.BinaryCrossEntropyWithLogits(x, _losses.Read("bce__t"), Reduction.None));

    [Test]
    public void Focal()
    {
        var target = F.OneHot(_losses.Read("focal__target"), 8);
        Same(_losses, "focal__elem", x => F.SigmoidFocalLoss(x, target, reduction: Reduction.None));
        Same(_losses, "focal__extreme", x => F.SigmoidFocalLoss(x, _losses.Read("focal__extreme_target"), reduction: Reduction.None));
        var logits = _losses.Read("focal__elem__x");
        Same("focal__sum", F.SigmoidFocalLoss(logits, target));
        Same("focal__weighted_sum_over_7p5", (F.SigmoidFocalLoss(logits, target, reduction: Reduction.None) * _losses.Read("focal__weight").Unsqueeze(1)).Sum() / 7.5);
    }

    [Test]
    public void CrossEntropy_HasBothDenominators()
    {
        var target = _losses.Read("ce__target");
        Same(_losses, "ce__none", x => F.CrossEntropy(x, target, ignoreIndex: 255, Reduction.None));
        var logits = _losses.Read("ce__none__x");
        Same("ce__mean_valid_torch", F.CrossEntropy(logits, target, 255));
        Same("ce__mean_all_pixels_mmseg", F.CrossEntropy(logits, target, 255, meanOver: MeanOver.All));
    }

    private void Same(string name, Tensor got) => Assert.That(got.Item(), Is.EqualTo(_losses.Read(name).To(DType.Float64).Reshape(1).Item()).Within(1e-5).Percent);

    private static void Same(NpzArchive archive, string name, Func<Tensor, Tensor> function)
    {
        var x = archive.Read($"{name}__x").WithGrad();
        var y = function(x);
        var dx = Gradients.Of(y, archive.Read($"{name}__dy"))[x];
        Assert.That(AssertClose.Compare(y, archive.Read($"{name}__y"), 2e-6), Is.Null);
        Assert.That(AssertClose.Compare(dx, archive.Read($"{name}__d_x"), 2e-6), Is.Null);
    }
}
