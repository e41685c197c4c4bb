using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Tests.Tensors.Autograd;

/// <summary>The walk back through the graph: shapes of graphs, what is refused, what is found wrong.</summary>
public sealed class GradientsTests
{
    [Test]
    public void Diamond_SumsBothPaths()
    {
        // y = (2x) · (x + 3): dy/dx = 4x + 6
        var x = Tensor.From([1f, -2f], [2]).WithGrad();
        var gradient = Gradients.Of((2 * x * (x + 3)).Sum())[x];
        Assert.That(gradient.ToArray<float>(), Is.EqualTo([10f, -2f]));
    }

    [Test]
    public void Ready_IsToldOfEachLeafOnce_WithItsFinalGradient_WhileTheWalkGoesOn()
    {
        var (x, w, b, shared) = (Tensor.Ones([2, 3]), Tensor.Ones([3, 3]).WithGrad(), Tensor.Ones([3]).WithGrad(), Tensor.Ones([3, 3]).WithGrad());
        var told = new List<(Tensor Leaf, float[] Gradient)>();
        var gradients = Gradients.Of(((x.MatMul(shared).MatMul(w) + b).MatMul(shared) + b).Sum(), ready: (leaf, gradient) => told.Add((leaf, gradient.ToArray<float>())));
        Assert.That(told.Select(t => t.Leaf), Is.EqualTo(new[] { b, w, shared }).Using((IEqualityComparer<Tensor>)ReferenceEqualityComparer.Instance), "those nearest to the loss first; a shared one when all of its uses are behind");
        foreach (var (leaf, gradient) in told) Assert.That(gradients[leaf].ToArray<float>(), Is.EqualTo(gradient));
    }

    [Test]
    public void DeepDiamonds_AreWalkedOnce()
    {
        // 2⁶⁰ paths: only a walk that visits every op once comes back.
        var x = Tensor.From([1.0], [1]).WithGrad();
        var y = x;
        for (var i = 0; i < 60; i++) y = y + y;
        Assert.That(Gradients.Of(y)[x].Item(), Is.EqualTo(Math.Pow(2, 60)));
    }

    [Test]
    public void LongChains_DoNotOverflowTheStack()
    {
        var x = Tensor.From([1f], [1]).WithGrad();
        var y = x;
        for (var i = 0; i < 20000; i++) y = y + 1;
        Assert.That(Gradients.Of(y)[x].Item(), Is.EqualTo(1));
    }

    [Test]
    public void Reuse_OfAViewAndItsBase_AddsUp()
    {
        var x = Tensor.From([1f, 2, 3, 4], [2, 2]).WithGrad();
        var gradient = Gradients.Of((x.Transpose(0, 1) * x.Narrow(0, 0, 1)).Sum())[x];
        // Σ_ij x[j,i]·x[0,j]: to x[j,i] goes x[0,j]; to x[0,j] goes Σ_i x[j,i].
        Assert.That(gradient.ToArray<float>(), Is.EqualTo([1f + 3, 1 + 7, 2, 2]));
    }

    [Test]
    public void SecondBackward_SaysWhatToDo()
    {
        var x = Tensor.Ones([3]).WithGrad();
        var loss = x.Exp().Sum();
        Gradients.Of(loss);
        Assert.That(() => Gradients.Of(loss), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("already walked back").And.Message.Contains("Compute the loss again"));
    }

    [Test]
    public void Detach_StopsTheGradient()
    {
        var x = Tensor.From([3f], [1]).WithGrad();
        Assert.That(Gradients.Of(x * x.Detach())[x].Item(), Is.EqualTo(3));
    }

    [Test]
    public void NoGrad_MakesConstants()
    {
        var x = Tensor.From([3f], [1]).WithGrad();
        Tensor factor;
        using (Grad.Off()) factor = x * 2;
        Assert.That(Gradients.Of(x * factor)[x].Item(), Is.EqualTo(6));
    }

    [Test]
    public void Refusals()
    {
        var x = Tensor.Ones([3]).WithGrad();
        Assert.That(() => Gradients.Of(x * 2), Throws.TypeOf<ShapeException>().With.Message.Contains("one element"));
        Assert.That(() => Gradients.Of(x * 2, Tensor.Ones([4])), Throws.TypeOf<ShapeException>().With.Message.Contains("upstream"));
        Assert.That(() => Gradients.Of(Tensor.Ones([1]) * 2), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("WithGrad()"));
        Assert.That(() => Gradients.Of(x.Sum())[Tensor.Ones([3]).WithGrad()], Throws.TypeOf<ArgumentValueException>().With.Message.Contains("took no part"));
    }

    [Test]
    public void Anomaly_InBackward_NamesTheOp()
    {
        var x = Tensor.From([0f, 1f], [2]).WithGrad();
        using var detect = Grad.DetectAnomalies();
        var loss = x.Sqrt().Sum();
        var error = Assert.Catch<NonFiniteException>(() => Gradients.Of(loss));
        Assert.That(error!.Message, Does.StartWith("sqrt: the gradient of input 0"));
    }

    [Test]
    public void GradCheck_CatchesAWrongGradient()
    {
        var x = Tensor.From([0.5, 2], [2]).WithGrad();
        var right = GradCheck.Run(i => i[0].Square(), [x]).Single();
        var wrong = GradCheck.Run(i => Op.Apply(new SquareWithAWrongGradient(), i[0]), [x]).Single();
        Assert.That(right.Error, Is.LessThan(1e-8));
        Assert.That(wrong.Error, Is.GreaterThan(1e-3));
    }

    [Test]
    public void ElementwiseOps_KeepOnlyWhatTheirDerivativeReads()
    {
        var x = Tensor.Ones([100]).WithGrad();
        using var trace = OpTrace.Begin();
        _ = (2 * x).Relu().Square() / 3 + x;
        Assert.That(trace.Entries.Select(e => (e.Op, e.SavedBytes)), Is.EqualTo([("mul", 0L), ("relu", 400L), ("square", 400L), ("div", 0L), ("add", 0L)]));
    }

    // dy = 2.01 x instead of 2x.
    private sealed class SquareWithAWrongGradient() : Op("square")
    {
        protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
        {
            Save(inputs[0]);
            return inputs[0] * inputs[0];
        }

        protected internal override void Backward(Tensor dOutput, GradSink sink) => sink.Add(0, dOutput * Saved(0) * 2.01);
    }

    [Test]
    public void Kinks_FollowPyTorch()
    {
        Assert.That(Slope(x => x.Abs(), 0), Is.EqualTo(0));
        Assert.That(Slope(x => x.Relu(), 0), Is.EqualTo(0));
        Assert.That(Slope(x => x.Clamp(-1, 1), 1), Is.EqualTo(1));
        Assert.That(Slope(x => x.Clamp(-1, 1), -1), Is.EqualTo(1));
        Assert.That(Slope(x => x.HardTanh(), 1), Is.EqualTo(0));
        Assert.That(Slope(x => x.Relu6(), 6), Is.EqualTo(0));
        Assert.That(Slope(x => x.LeakyRelu(0.1), 0), Is.EqualTo(0.1f));
        Assert.That(Slope(x => F.Maximum(x, Tensor.Zeros([20])), 0), Is.EqualTo(0.5));
        Assert.That(Slope(x => F.Minimum(x, Tensor.Zeros([20])), 0), Is.EqualTo(0.5));
        Assert.That(Slope(x => x.Norm([]), 0), Is.EqualTo(0));
        Assert.That(Slope(x => x.Max(), 4), Is.EqualTo(0.05f));

        // Twenty lanes, so that the vector path and the tail are both asked; they must agree.
        static double Slope(Func<Tensor, Tensor> function, double at)
        {
            var x = Tensor.Full([20], at).WithGrad();
            var slopes = Gradients.Of(function(x).Sum())[x].ToArray<float>();
            Assert.That(slopes.Distinct().Count(), Is.EqualTo(1));
            return slopes[0];
        }
    }

    [Test]
    public void Scatter_GivesTheGradientToTheLastWriter()
    {
        Tensor x = Tensor.Ones([3]).WithGrad(), source = Tensor.From([5f, 6, 7], [3]).WithGrad();
        var y = x.Scatter(0, Tensor.From([1L, 1, 0], [3]), source);
        Assert.That(y.ToArray<float>(), Is.EqualTo([7f, 6, 1]));
        var gradients = Gradients.Of(y, Tensor.From([10f, 20, 30], [3]));
        Assert.That(gradients[x].ToArray<float>(), Is.EqualTo([0f, 0, 30]));
        Assert.That(gradients[source].ToArray<float>(), Is.EqualTo([0f, 20, 10]));
    }
}
