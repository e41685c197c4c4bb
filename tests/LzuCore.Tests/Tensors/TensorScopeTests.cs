using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Tests.Tensors;

[NonParallelizable]
public sealed class TensorScopeTests
{
    [Test]
    public void Scope_ReturnsTemporaries_AndKeepsWhatIsKept()
    {
        var before = BufferPool.Shared.Statistics.LiveBytes;
        Tensor kept;
        Tensor lost;
        using (var scope = new TensorScope())
        {
            lost = Tensor.Ones([1000, 1000]);
            kept = scope.Keep(lost + lost);
        }
        Assert.That(kept.ToArray<float>()[0], Is.EqualTo(2f));
        Assert.That(() => lost.ToArray<float>(), Throws.TypeOf<ReleasedTensorException>().With.Message.Contains("Persist()"));
        Assert.That(BufferPool.Shared.Statistics.LiveBytes - before, Is.LessThan(6_000_000));
        GC.KeepAlive(kept);
    }

    // The buffer of a caller stays unless the caller gave it up; what was given up by a scope further out is not the innermost one's to return.
    [TestCase(false, false, false)]
    [TestCase(true, false, true)]
    [TestCase(true, true, false)]
    public void ReleaseEarly_OfACallersBuffer_WhereItWasGivenUp(bool givenUp, bool nested, bool returned)
    {
        using var off = Grad.Off();
        using var caller = new TensorScope();
        var x = Tensor.Ones([1000]);
        if (givenUp) TensorScope.GiveUp(x);
        using (new TensorScope())
        {
            using var inner = nested ? new TensorScope() : null;
            TensorScope.ReleaseEarly(x);
        }
        if (returned) Assert.That(() => x.ToArray<float>(), Throws.TypeOf<ReleasedTensorException>());
        else Assert.That(x.ToArray<float>(), Is.All.EqualTo(1f));
    }

    [Test]
    public void ReleaseEarly_WithGradientsOn_LeavesTheBuffer()
    {
        using var scope = new TensorScope();
        var x = Tensor.Ones([1000]);
        TensorScope.ReleaseEarly(x);
        Assert.That(x.ToArray<float>(), Is.All.EqualTo(1f));
    }

    [Test]
    public void Backward_SumsOverUses_AndReturnsGradientsOfLeaves()
    {
        var x = Tensor.From([1f, -2f, 3f], [3]).WithGrad();
        var y = x.Relu() + x;
        var gradients = Gradients.Of(y, Tensor.From([1f, 10f, 100f], [3]));
        Assert.That(gradients[x].ToArray<float>(), Is.EqualTo([2f, 10f, 200f]));
    }

    [Test]
    public void Off_RecordsNothing()
    {
        using var off = Grad.Off();
        Assert.That(Tensor.Ones([2]).WithGrad().Relu().RequiresGrad, Is.False);
    }

    [Test]
    public void DetectAnomalies_NamesTheOp()
    {
        using var detect = Grad.DetectAnomalies();
        var error = Assert.Catch<NonFiniteException>(() => _ = Tensor.From([float.MaxValue], [1]) + Tensor.From([float.MaxValue], [1]));
        Assert.That(error!.Message, Does.StartWith("add:"));
    }
}
