using LzuCore.Memory;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tests.Models;

public sealed class DeterministicWeightsTests
{
    // Check values of the generator's definition, seed 1.
    [TestCase("conv1.weight", new[] { 64, 3, 7, 7 }, new[] { -0.056012727f, -0.029542556f, 0.142468855f, -0.144509003f })]
    [TestCase("layer1.0.bn3.weight", new[] { 256 }, new[] { 0.23274353f, 0.26223993f, 0.24122746f })]
    [TestCase("layer1.0.bn3.running_var", new[] { 256 }, new[] { 1.0986375f, 0.92432845f })]
    [TestCase("bn1.bias", new[] { 64 }, new[] { -0.07237969f, 0.02087219f })]
    [TestCase("bbox_head.retina_cls.bias", new[] { 72 }, new[] { -3.0912638f, -2.9305694f })]
    [TestCase("bbox_head.scales.0.0.scale", new int[0], new[] { 1.0894341f })]
    public void Values_AreTheDefinitions(string key, int[] shape, float[] first)
    {
        var values = DeterministicWeights.Make(key, shape, 1).ToArray<float>();
        Assert.That(values.Take(first.Length), Is.EqualTo(first).Within(1e-8));
        if (key == "conv1.weight") Assert.That(values[^1], Is.EqualTo(-0.014668934f).Within(1e-9));
    }

    [Test]
    public void Linear_IsMadeInRowMajorOrder()
    {
        // Made row by row in parallel; every value must still be that of its flat position.
        var values = DeterministicWeights.Make("fc.weight", [1000, 2048], 1).ToArray<float>();
        var stream = RandomSource.FromKey("fc.weight#1");
        foreach (var i in new[] { 0, 1, 2047, 2048, 1_000_001, values.Length - 1 })
            Assert.That(values[i], Is.EqualTo((float)(Math.Sqrt(6.0 / 2048) * stream.Signed((ulong)i))));
    }

    [Test]
    public void UnknownLeaf_IsRefused() => Assert.Throws<ArgumentValueException>(() => DeterministicWeights.Make("layer1.gamma", [3], 1));
}
