using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tests.Models;

public sealed class FpnTests
{
    private static readonly int[] Channels = [256, 512, 1024, 2048];

    // What only the pyramid reads goes back to the pool level by level, C5 where an extra level is made from it.
    [Test]
    public void LevelsThatWereGivenUp_GoBackOnceTheyAreRead_AndNothingElseChanges()
    {
        var fpn = new Fpn(Channels, new FpnOptions());
        DeterministicWeights.Fill(fpn, 1);
        fpn.Eval();
        using var off = Grad.Off();
        using var scope = new TensorScope();
        var kept = fpn.Call(Levels()).Select(p => p.ToArray<float>()).ToList();
        var levels = Levels();
        foreach (var level in levels) TensorScope.GiveUp(level);
        Assert.That(fpn.Call(levels).Select(p => p.ToArray<float>()), Is.EqualTo(kept));
        foreach (var read in levels[1..3]) Assert.That(() => read.ToArray<float>(), Throws.TypeOf<ReleasedTensorException>());
        Assert.That(() => levels[3].ToArray<float>(), Throws.Nothing);
    }

    [Test]
    public void LevelsOfACaller_Stay()
    {
        var fpn = new Fpn(Channels, new FpnOptions());
        DeterministicWeights.Fill(fpn, 1);
        using var off = Grad.Off();
        using var scope = new TensorScope();
        var levels = Levels();
        fpn.Call(levels);
        foreach (var level in levels) Assert.That(() => level.ToArray<float>(), Throws.Nothing);
    }

    private static Tensor[] Levels() => [.. Channels.Select((c, i) => Tensor.Uniform([1, c, 24 >> i, 40 >> i], RandomSource.FromKey($"fpn {i}"), -1, 1))];
}
