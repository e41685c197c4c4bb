using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Warping;
using static LzuCore.Tests.Warping.RandomWarps;

namespace LzuCore.Tests.Warping;

public sealed class SaliencyTests
{
    private static readonly Size2 Grid = (9, 12);
    private static readonly Size2 Image = (480, 640);

    [Test]
    public void BoxSaliency_SumsToOne_AndPeaksAtTheBox()
    {
        var map = new KernelDensitySaliency(Grid).Map(Tensor.From([100f, 100, 140, 160, 0.9f], [1, 5]), Image).ToArray<float>();
        Assert.That(map.Sum(), Is.EqualTo(1).Within(1e-5));
        Assert.That(Array.IndexOf(map, map.Max()), Is.EqualTo(2 * 12 + 2), "centre (120, 130) is nearest to node (2, 2)");
    }

    [Test]
    public void OddBoxes_AreDefined()
    {
        var kde = new KernelDensitySaliency(Grid);
        double Uniform = 1.0 / (9 * 12);
        Assert.That(kde.Map(Tensor.Zeros([0, 4]), Image).ToArray<float>(), Is.All.EqualTo((float)Uniform).Within(1e-7f));
        Assert.That(kde.Map(Tensor.From([-50f, -50, -10, -10, 700, 10, 800, 20, 30, 30, 20, 20], [3, 4]), Image).ToArray<float>(), Is.All.EqualTo((float)Uniform).Within(1e-7f));
        var flat = kde.Map(Tensor.From([100f, 100, 100, 100], [1, 4]), Image).ToArray<float>();
        Assert.That(flat, Is.All.Matches<float>(float.IsFinite));
        Assert.That(flat.Sum(), Is.EqualTo(1).Within(1e-5));
        Assert.That(() => kde.Map(Tensor.From([0f, 0, float.NaN, 1], [1, 4]), Image), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("finite"));
        Assert.That(() => kde.Map(Tensor.Zeros([2, 3]), Image), Throws.TypeOf<ShapeException>());
    }

    [Test]
    public void UniformShare_DoesNotDependOnTheNumberOfBoxes()
    {
        // 31x51 with amplitude 1: (hw/(2p+1)²)/(1 + hw/(2p+1)²) = 29.8 % of the map is floor.
        var kde = new KernelDensitySaliency((31, 51));
        var one = Tensor.From([900f, 500, 960, 560], [1, 4]);
        var least = kde.Map(one, (1200, 1920)).ToArray<float>().Min();
        var many = kde.Map(F.Concat([one, one, one], 0), (1200, 1920)).ToArray<float>().Min();
        Assert.That(least * 31 * 51, Is.EqualTo(0.298).Within(1e-3));
        Assert.That(many, Is.EqualTo(least).Within(1e-9));
    }

    [Test]
    public void PerImageBoxes_GiveOneMapAnImage()
    {
        var kde = new KernelDensitySaliency(Grid);
        var (a, b) = (Tensor.From([100f, 100, 140, 160], [1, 4]), Tensor.Zeros([0, 4]));
        var maps = kde.Map(new SaliencyContext(2, Image, [a, b]));
        Assert.That(maps.Shape, Is.EqualTo(new Shape(2, 1, 9, 12)));
        Assert.That(Distance(maps.Narrow(0, 0, 1), kde.Map(a, Image)), Is.Zero);
        Assert.That(() => kde.Map(new SaliencyContext(3, Image, [a, b])), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("3 images"));
    }

    [Test]
    public void LearnedKernel_MatchesTheReferencesGradient()
    {
        // The published implementation's automatic gradient (float64 oracle for the map): golden kde_saliency.npz, initial bandwidth 64 and amplitude 1.
        using var golden = WarpGoldens.Open("kde_saliency.npz");
        var theta = golden.Read("learned_theta").ToArray<float>();
        Tensor bandwidth = Tensor.Scalar(Math.Abs(1 + theta[0]) * 64 + 0.1).WithGrad(), amplitude = Tensor.Scalar(Math.Abs(1 + theta[1]) + 0.1).WithGrad();
        var map = F.KernelDensity(golden.Read("boxes_2"), amplitude, bandwidth, (31, 51), (1200, 1920), KernelDensitySaliency.DefaultFloor((31, 51)));
        var weight = golden.Read("learned_weight") * 100;
        var gradients = Gradients.Of(map, weight);
        var expected = golden.Read("learned_grad").ToArray<float>();
        Assert.That((map * weight).Sum().Item(), Is.EqualTo(golden.Read("learned_loss").ToArray<float>()[0]).Within(2e-3));
        Assert.That(gradients[bandwidth].Item() * 64, Is.EqualTo(expected[0]).Within(1e-3 * Math.Abs(expected[0])));
        Assert.That(gradients[amplitude].Item(), Is.EqualTo(expected[1]).Within(1e-3 * Math.Abs(expected[1])));
    }

    [Test]
    public void LearnedKernel_StartsAsPublished_AndPassesGradients()
    {
        var learned = new LearnedKernelDensitySaliency(Grid);
        var boxes = Tensor.From([100f, 100, 140, 160], [1, 4]);
        var map = learned.Map(new SaliencyContext(1, Image, [boxes]));
        Assert.That(Distance(map, new KernelDensitySaliency(Grid, 1.1, 64.1).Map(boxes, Image)), Is.LessThan(1e-8));
        var gradients = Gradients.Of(map, Tensor.Uniform(map.Shape, RandomSource.FromSeed(1)));
        Assert.That(gradients[learned.ThetaBandwidth.Value].Item(), Is.Not.Zero);
        Assert.That(gradients[learned.ThetaAmplitude.Value].Item(), Is.Not.Zero);
    }

    [Test]
    public void Composite_IsTheGoldenMixture()
    {
        using var golden = WarpGoldens.Open("kde_saliency.npz");
        var (prior, adaptive) = (new FixedSaliency(golden.Read("composite_fixed")), new FixedSaliency(golden.Read("composite_adaptive")));
        var map = new CompositeSaliency(prior, adaptive, golden.Read("composite_alpha").ToArray<float>()[0]).Map(new SaliencyContext(1, Image));
        Assert.That(Distance(map.Reshape(31, 51), golden.Read("composite_out")), Is.LessThan(1e-6));
        Assert.That(() => new CompositeSaliency(prior, new UniformSaliency(Grid)), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("9x12"));
    }

    [Test]
    public void FixedSaliency_IsNormalised_AndRefusesNonsense()
    {
        Assert.That(new FixedSaliency(Tensor.Full([4, 5], 7)).Map(default).ToArray<float>().Sum(), Is.EqualTo(1).Within(1e-6));
        Assert.That(() => new FixedSaliency(Tensor.Zeros([4, 5])), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => new FixedSaliency(Tensor.Full([4, 5], double.NaN)), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => new FixedSaliency(Tensor.Ones([20])), Throws.TypeOf<ShapeException>());
    }

    [Test]
    public void RoadPrior_MagnifiesTheHorizon()
    {
        var prior = new RoadPriorSaliency((31, 51), horizon: 0.45);
        var map = prior.Map(default).ToArray<float>();
        Assert.That(map.Sum(), Is.EqualTo(1).Within(1e-5));
        var warp = SaliencyToGrid.Apply(prior.Map(default), new() { AttractionFwhm = 10 });
        var magnification = WarpDiagnostics.Of(warp, (600, 960)).Magnification.ToArray<double>();
        Assert.That(magnification[13 * 50 + 25], Is.GreaterThan(1.3));
        Assert.That(magnification[0], Is.LessThan(1));
    }
}
