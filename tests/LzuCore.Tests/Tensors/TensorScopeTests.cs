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
