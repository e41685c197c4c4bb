using LzuCore.Cli.Bench;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Cli.Tests.Bench;

public sealed class WinogradBoundTests
{
    // What tiles leave of a 3x3 convolution: 6x8 multiplications one of 4x6, 4x6 one of 2x4, for 9 an output; a row of them less without a last row of pixels, a column without a last column.
    [TestCase(8, 12, 1, 1, 2 / 9.0)]
    [TestCase(75, 120, 1, 1, (19 * 6 - 1) * 20 * 8 / (9.0 * 75 * 120))]
    [TestCase(2, 3, 1, 1, 4 * 5 / (9.0 * 6))]
    [TestCase(5, 8, 1, 1, (3 * 4 - 1) * 2 * 6 / (9.0 * 40))]
    [TestCase(1, 1, 1, 1, 1)]                                           // 15 for 9
    [TestCase(64, 96, 4, 4, 2 / 9.0)]                                   // sixteen maps of 16x24
    [TestCase(9, 13, 2, 2, (3 * 6 - 1) * (3 * 8 - 1) / (9.0 * 117))]    // rows 5 and 4, columns 7 and 6
    [TestCase(8, 8, 1, 2, 2 * 6 * 2 * (8 - 1) / (9.0 * 64))]
    [TestCase(2, 24, 3, 1, 2 * (4 - 1) * 6 * 6 / (9.0 * 48))]           // fewer rows than subsets
    public void Tiles_LeaveTheirMultiplications(int height, int width, int down, int across, double left)
    {
        var call = Calls([1, 2, height, width], x => Conv(x, 3, 3, padding: new(down, across), dilation: new(down, across))).Single(c => c.Flops > 0);
        Assert.That(call.Eligible);
        Assert.That(call.Flops, Is.EqualTo(2.0 * 9 * 2 * 3 * height * width));
        Assert.That(call.Left, Is.EqualTo(left).Within(1e-12));
    }

    [Test]
    public void Bound_IsTheShareOfEligibleCalls()
    {
        // Of 8 channels on 16x24 pixels, in multiplications a pixel: 3x3 576, dilated 576; strided 144, 1x1 64, grouped 288, depthwise 72, deformable 576, 5x5 1600; a product of 8 by 8 in all.
        CountedCall[] calls =
        [
            .. Calls([2, 8, 16, 24], x =>
            {
                Conv(x, 8, 3, padding: 1).Relu();
                Conv(x, 8, 3, padding: 2, dilation: 2);
                Conv(x, 8, 3, padding: 1, stride: 2);
                Conv(x, 8, 1);
                Conv(x, 8, 3, padding: 1, groups: 2);
                Conv(x, 8, 3, padding: 1, groups: 8);
                F.DeformConv2d(x, Weight(8, 8, 3), null, Tensor.Zeros([2, 18, 16, 24]), padding: 1);
                Conv(x, 8, 5, padding: 2);
                F.Linear(x.Mean(2, 3), Tensor.Ones([8, 8]));
            }),
        ];
        var flops = calls.Sum(c => c.Flops);
        Assert.That(flops, Is.EqualTo(2.0 * (2 * 384 * (576 + 576 + 144 + 64 + 288 + 72 + 576 + 1600) + 2 * 64)));
        Assert.That(calls.Count(c => c.Eligible), Is.EqualTo(3));
        var bound = WinogradBound.Of(calls, c => c.Flops, flops);
        double share = 2.0 * 2 * 384 * 2 * 576 / flops, strided = 2.0 * 2 * 384 * 144 / flops;
        Assert.That(bound.Eligible, Is.EqualTo(share + strided).Within(1e-12));
        Assert.That(bound.Quarter, Is.EqualTo(1 - share * 0.75 - strided * 32 / 81).Within(1e-12));
        Assert.That(bound.Tiles, Is.EqualTo(1 - share * 7 / 9 - strided * (1 - (3 * 7 - 2) * 4 * 7 / (9.0 * 8 * 12))).Within(1e-12), "16 is a multiple of 4, and 8 is; 24 of 6, and 12 is; of stride 2 there are 3x4 tiles on 8x12 pixels, and the last row's have two rows of values less");
    }

    // 3x3 pixels of stride 2 take 49 multiplications for 81, 3x5 of a stem 192 for 735.
    [TestCase(12, 18, 3, 49 / 81.0)]
    [TestCase(20, 20, 3, (4 * 7 - 2) * (4 * 7 - 2) / (9.0 * 100))]
    [TestCase(2, 2, 3, 1)]
    [TestCase(12, 20, 7, 192 / 735.0)]
    [TestCase(14, 22, 7, 4 * (3 * 6 - 1) * (3 * 8 - 1) / (49.0 * 77))]
    public void Tiles_OfStride2_LeaveTheirMultiplications(int height, int width, int kernel, double left)
    {
        var call = Calls([1, 2, height, width], x => Conv(x, 3, kernel, stride: 2, padding: kernel / 2)).Single(c => c.Flops > 0);
        Assert.That(call.Eligible);
        Assert.That(call.Left, Is.EqualTo(left).Within(1e-12));
    }

    // One call for all maps, but in the graph one each.
    [Test]
    public void MapsThatShareALayer_AreCountedTogether()
    {
        using var off = Grad.Off();
        var input = Tensor.Ones([1, 2, 8, 8]).Persist();
        var layer = new Conv2d(2, 3, kernel: 3, padding: 1);
        Tensor[] Run() => ConvNormAct.Apply([input, input.Narrow(2, 0, 2)], layer, null, Activation.None);
        var call = WinogradBound.Count(WinogradBound.Convolutions(input, Run), Run).Calls.Single(c => c.Flops > 0);
        Assert.That(call.Eligible);
        Assert.That(call.Flops, Is.EqualTo(2.0 * 54 * (64 + 16)));
        Assert.That(call.Left, Is.EqualTo((2 * 6 * (2 * 8 - 1.0) + 4 * 2 * 6) / (9 * (64 + 16))).Within(1e-12));
    }

    [Test]
    public void Time_FallsCallByCall()
    {
        CountedCall[] calls = [new(null, 100, 30, true, 0.25, 0.5), new(null, 100, 20, true, 0.25, 0.25), new(null, 100, 40, false, 1, 1)];
        var bound = WinogradBound.Of(calls, c => c.Milliseconds, whole: 100);
        Assert.That(bound.Eligible, Is.EqualTo(0.5).Within(1e-12));
        Assert.That(bound.Quarter, Is.EqualTo(0.625).Within(1e-12));
        Assert.That(bound.Tiles, Is.EqualTo(1 - 0.15 - 0.15).Within(1e-12));
        var saved = SavedPart.Of(bound, directMs: 200, ms: 155);
        Assert.That(saved.EligiblePercent, Is.EqualTo(50).Within(1e-9));
        Assert.That(saved.QuarterMs, Is.EqualTo(125).Within(1e-9));
        Assert.That(saved.QuarterAchievedPercent, Is.EqualTo(60).Within(1e-9));
        Assert.That(saved.TilesMs, Is.EqualTo(140).Within(1e-9));
        Assert.That(saved.TilesAchievedPercent, Is.EqualTo(75).Within(1e-9));
    }

    private static IReadOnlyList<CountedCall> Calls(int[] shape, Action<Tensor> compute)
    {
        using var off = Grad.Off();
        var input = Tensor.Ones(shape).Persist();
        return WinogradBound.Count(WinogradBound.Convolutions(input, Run), Run).Calls;

        Tensor[] Run()
        {
            compute(input);
            return [];
        }
    }

    private static Tensor Conv(Tensor x, int outputs, int kernel, Size2? stride = null, Size2? padding = null, Size2? dilation = null, int groups = 1) =>
        F.Conv2d(x, Weight(outputs, x.Shape[1] / groups, kernel), null, stride, padding, dilation, groups);

    private static Tensor Weight(int outputs, int channels, int kernel) => Tensor.Ones([outputs, channels, kernel, kernel]);
}
