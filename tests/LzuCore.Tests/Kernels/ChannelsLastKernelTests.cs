using System.Runtime.Intrinsics;
using LzuCore.Kernels;
using LzuCore.Kernels.Cpu;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Tests.Kernels;

/// <summary>Sampling, resizing, pooling and norms: the same bits with every vector width of this machine and for any number of threads.</summary>
[NonParallelizable]
public sealed class ChannelsLastKernelTests
{
    private static readonly Tensor Image = Make([2, 21, 40, 37], 1), Picture = Make([1, 3, 60, 80], 2), Points = Make([2, 33, 41, 2], 3, 1.2), PicturePoints = Make([1, 50, 70, 2], 4, 1.2);
    private static readonly Tensor Xs = Make([2, 45], 5, 40), Ys = Make([2, 51], 6, 40), Vector = Make([21], 7);

    private static IEnumerable<TestCaseData> Ops =>
    [
        Op("grid_sample", [Image, Points], x => F.GridSample(x[0], x[1], SamplingMode.Bilinear, PaddingMode.Zeros, true)),
        Op("grid_sample of a picture", [Picture, PicturePoints], x => F.GridSample(x[0], x[1], SamplingMode.Bilinear, PaddingMode.Reflection, false)),
        Op("separable_sample", [Image, Xs, Ys], x => F.SeparableSample(x[0], x[1], x[2], PaddingMode.Zeros)),
        Op("separable_sample of a picture", [Picture, Xs, Ys], x => F.SeparableSample(x[0], x[1].Select(0, 0), x[2].Select(0, 1), PaddingMode.Border)),
        Op("interpolate", [Image], x => F.Interpolate(x[0], (71, 23), InterpolationMode.Bilinear, false)),
        Op("max_pool2d", [Image], x => F.MaxPool2d(x[0], 3, 2, 1)),
        Op("adaptive_avg_pool2d", [Image], x => F.AdaptiveAvgPool2d(x[0], (7, 6))),
        Op("batch_norm", [Image, Vector], x => F.BatchNorm(x[0], null, null, x[1], x[1], training: true)),
        Op("group_norm", [Image, Vector], x => F.GroupNorm(x[0], 7, x[1], x[1])),
        Op("pad", [Image], x => F.Pad(x[0], 5, 6, 7, 8, PadMode.Reflect)),
        Op("dropout", [Image], x => F.Dropout(x[0], 0.4, true, RandomSource.FromSeed(1))),
    ];

    [TestCaseSource(nameof(Ops))]
    public void ThreadCounts_GiveTheSameBits(Tensor[] inputs, Func<Tensor[], Tensor> apply)
    {
        var threads = ParallelRows.Threads;
        try
        {
            ParallelRows.Threads = 1;
            var expected = Everything(inputs, apply);
            foreach (var count in (int[])[2, 3, 7])
            {
                ParallelRows.Threads = count;
                Assert.That(Everything(inputs, apply), Is.EqualTo(expected), $"{count} threads");
            }
        }
        finally
        {
            ParallelRows.Threads = threads;
        }
    }

    private static IEnumerable<SimdWidth> Widths =>
        ((SimdWidth[])[SimdWidth.Bits256, SimdWidth.Bits512]).Where(w => w == SimdWidth.Bits256 ? Vector256.IsHardwareAccelerated : Vector512.IsHardwareAccelerated);

    [Test]
    public void Widths_GiveTheSameBits()
    {
        var expected = Run(new GridSampleKernel(SimdWidth.Portable), new SeparableSampleKernel(SimdWidth.Portable), new InterpolateKernel(SimdWidth.Portable));
        foreach (var width in Widths)
            Assert.That(Run(new GridSampleKernel(width), new SeparableSampleKernel(width), new InterpolateKernel(width)), Is.EqualTo(expected), $"{width}");
    }

    [Test]
    public void Pictures_OfEveryWidthHaveTheSameBits()
    {
        var expected = Pictures(SimdWidth.Portable);
        foreach (var width in Widths) Assert.That(Pictures(width), Is.EqualTo(expected), $"{width}");
    }

    // Nine columns: two fours and a last pixel.
    private static float[] Pictures(SimdWidth width)
    {
        var kernel = new SeparableSampleKernel(width);
        Tensor xs = Make([1, 9], 41, 20), ys = Make([1, 7], 42, 15), picture = Make([1, 3, 12, 17], 43), sampled = Tensor.Empty([1, 3, 7, 9]), normalized = Tensor.Empty([1, 3, 7, 9]);
        var pixels = Tensor.From([.. Enumerable.Range(0, 12 * 17 * 3).Select(i => (byte)(i * 37))], [12, 17, 3]);
        kernel.Forward(PaddingMode.Zeros, picture.View, xs.View, ys.View, sampled.View);
        kernel.ForwardFromBytes(PaddingMode.Zeros, pixels.View, xs.View, ys.View, [0.2f, 0.3f, 0.4f], [-1, -2, -3], normalized.View);
        return [.. sampled.ToArray<float>(), .. normalized.ToArray<float>()];
    }

    [TestCase(float.PositiveInfinity, float.PositiveInfinity, float.PositiveInfinity)]
    [TestCase(3e38f, -3e38f, 3e38f)]
    public void Pictures_OfHugeValuesHaveNoNumbersOfTheirOwn(float even, float odd, float most)
    {
        var picture = Tensor.From([.. Enumerable.Range(0, 3 * 4 * 8).Select(i => i % 2 == 0 ? even : odd)], [1, 3, 4, 8]);
        Tensor xs = Tensor.From([0.1f, 0.9f, 1.5f, 2.3f, 3.7f, 4.1f, 5.5f, 6.2f, 6.9f], [9]), ys = Tensor.From([0.4f, 1.6f, 2.5f], [3]);
        Assert.That(F.SeparableSample(picture, xs, ys, PaddingMode.Border).ToArray<float>(), Is.All.Matches<float>(v => MathF.Abs(v) <= most));
    }

    private static float[] Run(IGridSampleKernel grid, ISeparableSampleKernel separable, IInterpolateKernel interpolate)
    {
        var args = new GridSampleArgs(SamplingMode.Bilinear, PaddingMode.Zeros, AlignCorners: true);
        Tensor sampled = Tensor.Empty([2, 21, 33, 41]), dImage = Tensor.Empty(Image.Shape), warped = Tensor.Empty([2, 21, 51, 45]), dWarped = Tensor.Empty(Image.Shape), resized = Tensor.Empty([2, 21, 17, 90]);
        grid.Forward(args, Image.View, Points.View, sampled.View);
        grid.Backward(args, Image.View, Points.View, sampled.View, dImage.View, null);
        separable.Forward(PaddingMode.Border, Image.View, Xs.View, Ys.View, warped.View);
        separable.Backward(PaddingMode.Border, Image.View, Xs.View, Ys.View, warped.View, dWarped.View, null, null);
        interpolate.Forward(new InterpolateArgs(InterpolationMode.Bilinear, AlignCorners: true), Image.View, resized.View);
        return [.. sampled.ToArray<float>(), .. dImage.ToArray<float>(), .. warped.ToArray<float>(), .. dWarped.ToArray<float>(), .. resized.ToArray<float>()];
    }

    // The output and the gradients of all inputs, as bits.
    private static int[] Everything(Tensor[] inputs, Func<Tensor[], Tensor> apply)
    {
        var leaves = inputs.Select(i => i.WithGrad()).ToArray();
        var output = apply(leaves);
        var gradients = Gradients.Of(output, Tensor.Uniform(output.Shape, RandomSource.FromSeed(9), -1, 1));
        return [.. leaves.Select(l => gradients[l]).Prepend(output).SelectMany(t => t.ToArray<float>()).Select(BitConverter.SingleToInt32Bits)];
    }

    private static Tensor Make(Shape shape, ulong seed, double bound = 1) => Tensor.Uniform(shape, RandomSource.FromSeed(seed), -bound, bound);

    private static TestCaseData Op(string name, Tensor[] inputs, Func<Tensor[], Tensor> apply) => new TestCaseData(inputs, apply).SetArgDisplayNames(name);
}
