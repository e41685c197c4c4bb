using LzuCore.Kernels;
using LzuCore.Kernels.Cpu;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Testing;

namespace LzuCore.Tests.Kernels;

/// <summary>Every micro-kernel path that this machine has, against convolution by its definition; and the same bits from any number of threads.</summary>
public sealed class ConvPathTests
{
    private static IEnumerable<TestCaseData> Shapes()
    {
        (string Name, int[] Input, int[] Weight, Conv2dArgs Args)[] shapes =
        [
            ("3x3", [2, 20, 9, 11], [70, 20, 3, 3], new(1, 1, 1, 1)),
            ("1x1", [1, 33, 13, 7], [101, 33, 1, 1], new(1, 0, 1, 1)),
            ("1x1 stride 2", [1, 40, 9, 8], [50, 40, 1, 1], new(2, 0, 1, 1)),
            ("3x3 stride 2", [1, 17, 10, 9], [64, 17, 3, 3], new(2, 1, 1, 1)),
            ("stem", [2, 3, 21, 23], [40, 3, 7, 7], new(2, 3, 1, 1)),
            ("stem with an even padding", [1, 4, 20, 33], [50, 4, 7, 7], new(2, (2, 4), 1, 1)),
            ("stem with no padding down", [1, 1, 7, 30], [24, 1, 7, 7], new(2, (0, 1), 1, 1)),
            ("stem of one channel", [2, 1, 22, 37], [24, 1, 7, 7], new(2, 3, 1, 1)),
            ("stem of two channels", [1, 2, 21, 40], [24, 2, 7, 7], new(2, (2, 3), 1, 1)),
            ("stem of a pixel", [2, 3, 1, 1], [24, 3, 7, 7], new(2, 3, 1, 1)),
            ("stem of many tiles", [1, 3, 120, 251], [33, 3, 7, 7], new(2, 3, 1, 1)),
            ("stem with many channels", [1, 33, 20, 30], [24, 33, 7, 7], new(2, 3, 1, 1)),
            ("1x1 in pairs", [2, 70, 5, 7], [100, 70, 1, 1], new(1, 0, 1, 1)),
            ("1x1, two channels, one column", [1, 2, 5, 1], [2, 2, 1, 1], new(1, 0, 1, 1)),
            ("1x1 of many pairs", [1, 34, 61, 61], [66, 34, 1, 1], new(1, 0, 1, 1)),
            ("1x1 stride 2, even channels", [2, 36, 11, 13], [50, 36, 1, 1], new(2, 0, 1, 1)),
            ("1x1 stride 2 of many pairs", [1, 66, 60, 122], [34, 66, 1, 1], new(2, 0, 1, 1)),
            ("1x1 with padding", [1, 16, 5, 6], [32, 16, 1, 1], new(1, 1, 1, 1)),
            ("7x7 stride 2, dilated", [1, 3, 21, 23], [24, 3, 7, 7], new(2, 3, 2, 1)),
            ("7x7 stride 2, groups", [1, 4, 15, 16], [24, 2, 7, 7], new(2, 3, 1, 2)),
            ("1x1 over 1024 channels", [1, 1024, 4, 5], [24, 1024, 1, 1], new(1, 0, 1, 1)),
            ("3x3 over 1024 channels", [1, 1024, 3, 4], [10, 1024, 3, 3], new(1, 1, 1, 1)),
            ("1024 outputs", [1, 8, 5, 6], [1024, 8, 1, 1], new(1, 0, 1, 1)),
            ("groups", [1, 24, 8, 7], [40, 6, 3, 3], new(1, 1, 1, 4)),
            ("depthwise", [1, 37, 8, 7], [37, 1, 3, 3], new((2, 1), 1, 1, 37)),
            ("dilation, asymmetric", [1, 9, 12, 11], [13, 9, 2, 3], new((2, 3), (1, 2), (3, 2), 1)),
            ("one pixel", [1, 256, 1, 1], [256, 256, 3, 3], new(1, 1, 1, 1)),
            ("3x3 without padding", [2, 18, 10, 6], [34, 18, 3, 3], new(1, 0, 1, 1)),
            ("3x3 with much padding", [1, 7, 5, 6], [9, 7, 3, 3], new(1, (3, 4), 1, 1)),
            ("3x3 dilation 2 and 4", [1, 20, 11, 13], [50, 20, 3, 3], new(1, (2, 4), (2, 4), 1)),
            ("3x3 stride 2", [2, 37, 15, 14], [50, 37, 3, 3], new(2, 1, 1, 1)),
            ("3x3 stride 2 without padding, groups", [1, 24, 12, 9], [40, 12, 3, 3], new(2, 0, 1, 2)),
            ("3x3 stride 2, a pixel", [1, 20, 1, 2], [24, 20, 3, 3], new(2, 1, 1, 1)),
            ("3x3 stride 2 of many tiles", [1, 65, 61, 120], [33, 65, 3, 3], new(2, 1, 1, 1)),
            ("3x3 of many tiles", [1, 65, 60, 61], [33, 65, 3, 3], new(1, 1, 1, 1)),
            ("3x3 of many filters, tiles of every edge", [2, 97, 22, 25], [80, 97, 3, 3], new(1, 1, 1, 1)),
            ("3x3, eight and nine tiles", [1, 18, 16, 12], [50, 18, 3, 3], new(1, 1, 1, 1)),
            ("3x3, nine tiles, five of them at edges", [1, 18, 11, 17], [50, 18, 3, 3], new(1, 1, 1, 1)),
        ];
        foreach (var micro in MicroKernel.Available)
            foreach (var (name, input, weight, args) in shapes)
                foreach (var algorithm in new Size2(weight[2], weight[3]) is var kernel && (WinogradConv.Fits(args, kernel) || PairedSource.Fits(args, kernel) || Strassen1x1.Fits(args, kernel)) ? (ConvAlgorithm[])[ConvAlgorithm.Direct, ConvAlgorithm.Winograd4x6, ConvAlgorithm.Winograd2x4] : [ConvAlgorithm.Fastest])
                    yield return new TestCaseData(micro, algorithm, input, weight, args).SetArgDisplayNames($"{micro.GetType().Name}, {name}, {algorithm}");
    }

    [Test]
    public void OneWeightUnderTwoGroupCounts_IsPackedForEach()
    {
        Tensor weight = Random([8, 4, 3, 3], 1), narrow = Random([1, 4, 6, 6], 2), wide = Random([1, 8, 6, 6], 3);
        var first = F.Conv2d(narrow, weight, null, padding: 1).ToArray<float>();
        var grouped = F.Conv2d(wide, weight, null, padding: 1, groups: 2).ToArray<float>();
        var fresh = Tensor.From(weight.ToArray<float>(), [8, 4, 3, 3]);
        Assert.That(grouped, Is.EqualTo(F.Conv2d(wide, fresh, null, padding: 1, groups: 2).ToArray<float>()));
        Assert.That(F.Conv2d(narrow, weight, null, padding: 1).ToArray<float>(), Is.EqualTo(first));
    }

    [TestCaseSource(nameof(Shapes))]
    public void EveryPath_EqualsTheDefinition(object path, object algorithm, int[] inputShape, int[] weightShape, Conv2dArgs args)
    {
        var kernel = new Conv2dKernel((MicroKernel)path, (ConvAlgorithm)algorithm);
        var size = args.OutputSize(new(inputShape[2], inputShape[3]), new(weightShape[2], weightShape[3]));
        int[] outputShape = [inputShape[0], weightShape[0], size.Height, size.Width];
        Tensor input = Random(inputShape, 1), weight = Random(weightShape, 2), bias = Random([weightShape[0]], 3), residual = Random(outputShape, 4), dOutput = Random(outputShape, 5);
        foreach (var epilogue in (Epilogue[])[default, new(bias.View), new(bias.View, residual.View, Activation.Relu)])
        {
            var output = Tensor.Empty(outputShape);
            kernel.Forward(args, input.View, weight.View, epilogue, output.View);
            var wide = Wide(epilogue);
            var expected = Tensor.Empty(outputShape, DType.Float64);
            kernel.Forward(args, Wide(input).View, Wide(weight).View, wide, expected.View);
            Assert.That(Compare(output, expected, (ConvAlgorithm)algorithm), Is.Null, "forward");
        }
        // With an epilogue it is a transposed convolution.
        Tensor inputBias = Random([inputShape[1]], 6), inputResidual = Random(inputShape, 7);
        foreach (var epilogue in (Epilogue[])[default, new(inputBias.View, inputResidual.View, Activation.Relu)])
        {
            Tensor dInput = Tensor.Empty(inputShape), dInputExpected = Tensor.Empty(inputShape, DType.Float64);
            kernel.BackwardInput(args, dOutput.View, weight.View, epilogue, dInput.View);
            kernel.BackwardInput(args, Wide(dOutput).View, Wide(weight).View, Wide(epilogue), dInputExpected.View);
            Assert.That(Compare(dInput, dInputExpected, (ConvAlgorithm)algorithm), Is.Null, "input gradient");
        }
        Tensor dWeight = Tensor.Empty(weightShape), dWeightExpected = Tensor.Empty(weightShape, DType.Float64);
        kernel.BackwardWeight(args, input.View, dOutput.View, dWeight.View);
        kernel.BackwardWeight(args, Wide(input).View, Wide(dOutput).View, dWeightExpected.View);
        Assert.That(AssertClose.Compare(dWeight, dWeightExpected, 3e-5), Is.Null, "weight gradient");
    }

    // Winograd's errors are those of the largest values about: within 4e-6 of the output's maximum, for any number of channels.
    private static string? Compare(Tensor got, Tensor expected, ConvAlgorithm algorithm)
    {
        if (algorithm is not (ConvAlgorithm.Winograd4x6 or ConvAlgorithm.Winograd2x4)) return AssertClose.Compare(got, expected, 3e-5);
        double[] values = [.. got.ToArray<float>().Select(v => (double)v)], wanted = expected.ToArray<double>();
        double largest = wanted.Max(Math.Abs), worst = values.Zip(wanted, (a, b) => Math.Abs(a - b)).Max();
        return worst <= 4e-6 * largest ? null : $"the largest error is {worst / largest:g3} of the output's maximum {largest:g3}";
    }

    private static readonly object[] Forms = [ConvAlgorithm.Winograd4x6, ConvAlgorithm.Winograd2x4];

    [Test]
    public void Winograd_IsWithinFourMillionthsOfTheMaximum([ValueSource(nameof(Paths))] object path, [ValueSource(nameof(Forms))] object algorithm, [Values(64, 128, 256, 512)] int channels, [Values] bool rectified, [Values(1, 2)] int stride)
    {
        Tensor input = Tensor.Normal([1, channels, stride * 19, stride * 30], RandomSource.FromSeed(1)), weight = Tensor.Normal([256, channels, 3, 3], RandomSource.FromSeed(2), 0, Math.Sqrt(2.0 / (channels * 9)));
        if (rectified) input = input.Relu();
        Tensor output = Tensor.Empty([1, 256, 19, 30]), expected = Tensor.Empty(output.Shape, DType.Float64);
        var kernel = new Conv2dKernel((MicroKernel)path, (ConvAlgorithm)algorithm);
        kernel.Forward(new(stride, 1, 1, 1), input.View, weight.View, default, output.View);
        kernel.Forward(new(stride, 1, 1, 1), Wide(input).View, Wide(weight).View, default, expected.View);
        Assert.That(Compare(output, expected, (ConvAlgorithm)algorithm), Is.Null);
    }

    [Test]
    public void Stem_IsWithinFourMillionthsOfTheMaximum([ValueSource(nameof(Paths))] object path, [Values(1, 3, 4, 16)] int channels, [Values] bool rectified)
    {
        Tensor input = Tensor.Normal([1, channels, 60, 90], RandomSource.FromSeed(1)), weight = Tensor.Normal([64, channels, 7, 7], RandomSource.FromSeed(2), 0, Math.Sqrt(2.0 / (channels * 49)));
        if (rectified) input = input.Relu();
        Tensor output = Tensor.Empty([1, 64, 30, 45]), expected = Tensor.Empty(output.Shape, DType.Float64);
        var kernel = new Conv2dKernel((MicroKernel)path, ConvAlgorithm.Fastest);
        kernel.Forward(new(2, 3, 1, 1), input.View, weight.View, default, output.View);
        kernel.Forward(new(2, 3, 1, 1), Wide(input).View, Wide(weight).View, default, expected.View);
        Assert.That(Compare(output, expected, ConvAlgorithm.Winograd4x6), Is.Null);
    }

    [Test]
    public void Strassen_IsWithinFourMillionthsOfTheMaximum([ValueSource(nameof(Paths))] object path, [Values(64, 256, 1024, 2048)] int channels, [Values] bool rectified)
    {
        Tensor input = Tensor.Normal([1, channels, 19, 31], RandomSource.FromSeed(1)), weight = Tensor.Normal([256, channels, 1, 1], RandomSource.FromSeed(2), 0, Math.Sqrt(2.0 / channels));
        if (rectified) input = input.Relu();
        Tensor output = Tensor.Empty([1, 256, 19, 31]), expected = Tensor.Empty(output.Shape, DType.Float64);
        var kernel = new Conv2dKernel((MicroKernel)path, ConvAlgorithm.Winograd4x6);
        kernel.Forward(new(1, 0, 1, 1), input.View, weight.View, default, output.View);
        kernel.Forward(new(1, 0, 1, 1), Wide(input).View, Wide(weight).View, default, expected.View);
        Assert.That(Compare(output, expected, ConvAlgorithm.Winograd4x6), Is.Null);
    }

    // The last convolution of a residual block writes where its residual is.
    [Test]
    public void Strassen_OverwritesItsResidual([ValueSource(nameof(Paths))] object path)
    {
        Tensor input = Random([1, 64, 9, 13], 1), weight = Random([96, 64, 1, 1], 2), residual = Random([1, 96, 9, 13], 3), output = Tensor.From(residual.ToArray<float>(), [1, 96, 9, 13]), expected = Tensor.Empty(residual.Shape);
        var kernel = new Conv2dKernel((MicroKernel)path, ConvAlgorithm.Winograd4x6);
        kernel.Forward(new(1, 0, 1, 1), input.View, weight.View, new(null, residual.View, Activation.Relu), expected.View);
        kernel.Forward(new(1, 0, 1, 1), input.View, weight.View, new(null, output.View, Activation.Relu), output.View);
        Assert.That(output.ToArray<float>(), Is.EqualTo(expected.ToArray<float>()));
    }

    // Sums that tiles at edges leave out are never written: whatever lies there must not reach a pixel.
    [Test]
    public unsafe void WorkingMemory_MayHoldAnything([ValueSource(nameof(Paths))] object path, [Values(ConvAlgorithm.Winograd4x6, ConvAlgorithm.Winograd2x4)] object algorithm, [Values(1, 2)] int stride)
    {
        // 23x25 pixels come out: tiles of 4x6, 2x4 and 3x3 all end behind them.
        Tensor input = Random([1, 64, 23 * stride, 25 * stride], 1), weight = Random([64, 64, 3, 3], 2), clean = Tensor.Empty([1, 64, 23, 25]), output = Tensor.Empty(clean.Shape);
        var kernel = new Conv2dKernel((MicroKernel)path, (ConvAlgorithm)algorithm);
        kernel.Forward(new(stride, 1, 1, 1), input.View, weight.View, default, clean.View);
        BufferPool.Block[] blocks = [.. Enumerable.Range(0, 256).Select(_ => BufferPool.Shared.Rent(128 << 10))];
        foreach (var block in blocks)
        {
            new Span<float>((void*)block.Pointer, 32 << 10).Fill(float.NaN);
            BufferPool.Shared.Return(block);
        }
        kernel.Forward(new(stride, 1, 1, 1), input.View, weight.View, default, output.View);
        Assert.That(output.ToArray<float>(), Is.EqualTo(clean.ToArray<float>()).And.All.Not.NaN);
    }

    // A picture's map of 8x12 is for Winograd's algorithm, one of 4x6 is not, however many there are of it.
    [Test]
    public void Batch_DoesNotChangeABitOfAPicture([ValueSource(nameof(Paths))] object path, [Values(4, 8)] int height)
    {
        var kernel = new Conv2dKernel((MicroKernel)path, ConvAlgorithm.Fastest);
        Tensor input = Random([16, 48, height, height * 3 / 2], 1), weight = Random([48, 48, 3, 3], 2), all = Tensor.Empty(input.Shape), allInput = Tensor.Empty(input.Shape);
        kernel.Forward(new(1, 1, 1, 1), input.View, weight.View, default, all.View);
        kernel.BackwardInput(new(1, 1, 1, 1), input.View, weight.View, default, allInput.View);
        Tensor first = input.Narrow(0, 0, 1), one = Tensor.Empty(first.Shape), oneInput = Tensor.Empty(first.Shape);
        kernel.Forward(new(1, 1, 1, 1), first.View, weight.View, default, one.View);
        kernel.BackwardInput(new(1, 1, 1, 1), first.View, weight.View, default, oneInput.View);
        Assert.That(all.Narrow(0, 0, 1).ToArray<float>(), Is.EqualTo(one.ToArray<float>()));
        Assert.That(allInput.Narrow(0, 0, 1).ToArray<float>(), Is.EqualTo(oneInput.ToArray<float>()));
    }

    [Test]
    public void Winograd_WithMoreFiltersThanACacheHolds_EqualsDirect([ValueSource(nameof(Paths))] object path)
    {
        Tensor input = Random([1, 344, 92, 92], 1), weight = Random([344, 344, 3, 3], 2), bias = Random([344], 3), output = Tensor.Empty(input.Shape), expected = Tensor.Empty(input.Shape);
        new Conv2dKernel((MicroKernel)path, ConvAlgorithm.Winograd4x6).Forward(new(1, 1, 1, 1), input.View, weight.View, new(bias.View), output.View);
        new Conv2dKernel((MicroKernel)path, ConvAlgorithm.Direct).Forward(new(1, 1, 1, 1), input.View, weight.View, new(bias.View), expected.View);
        Assert.That(Compare(output, Wide(expected), ConvAlgorithm.Winograd4x6), Is.Null);
    }

    [Test]
    public void Winograd_OfNaN_IsNaNWhereTheTileReadsIt()
    {
        var values = new float[20 * 9 * 9];
        values[4 * 9 + 4] = float.NaN;
        Tensor input = Tensor.From(values, [1, 20, 9, 9]), weight = Random([24, 20, 3, 3], 2), output = Tensor.Empty([1, 24, 9, 9]);
        new Conv2dKernel(MicroKernel.Fastest, ConvAlgorithm.Winograd4x6).Forward(new(1, 1, 1, 1), input.View, weight.View, new(Activation: Activation.Relu), output.View);
        var y = output.ToArray<float>();
        Assert.That(float.IsNaN(y[4 * 9 + 4]), "the pixel itself");
        Assert.That(y[8 * 9 + 8], Is.Not.NaN, "a tile that does not read it");
    }

    // The levels of a pyramid, some of them smaller than a tile, in blocks that reach over their ends.
    [Test]
    public void SeveralMaps_AreEachAsAlone([ValueSource(nameof(Paths))] object path, [ValueSource(nameof(Forms))] object algorithm, [Values(1, 2)] int groups, [Values(1, 2)] int stride)
    {
        int[][] shapes = [[1, 24, 33, 50], [2, 24, 17, 25], [1, 24, 9, 13], [1, 24, 3, 2], [1, 24, 1, 1]];
        var kernel = new Conv2dKernel((MicroKernel)path, (ConvAlgorithm)algorithm);
        var args = new Conv2dArgs(stride, 1, 1, groups);
        Tensor weight = Random([40, 24 / groups, 3, 3], 2), bias = Random([40], 3);
        Tensor[] inputs = [.. shapes.Select((s, i) => Random(s, (ulong)i + 10))], outputs = [.. shapes.Select(s => Tensor.Empty([s[0], 40, (s[2] - 1) / stride + 1, (s[3] - 1) / stride + 1]))];
        var epilogue = new Epilogue(bias.View, null, Activation.Relu);
        kernel.ForwardEach(args, [.. inputs.Select(i => i.View)], weight.View, epilogue, [.. outputs.Select(o => o.View)]);
        for (var i = 0; i < inputs.Length; i++)
        {
            var alone = Tensor.Empty(outputs[i].Shape);
            kernel.Forward(args, inputs[i].View, weight.View, epilogue, alone.View);
            Assert.That(outputs[i].ToArray<float>(), Is.EqualTo(alone.ToArray<float>()), $"map {i}");
        }
        GC.KeepAlive(bias);
    }

    // What was fastest for these layers of RetinaNet, FCOS3D and ResNet-50 when they were measured (docs/performance.md).
    [TestCase(75, 120, 256, 256, 1, typeof(Winograd4x6))]
    [TestCase(19, 30, 512, 512, 1, typeof(Winograd4x6))]
    [TestCase(15, 25, 256, 256, 1, typeof(Winograd4x6))]
    [TestCase(10, 15, 512, 512, 1, typeof(Winograd2x4))]
    [TestCase(10, 15, 256, 256, 1, typeof(Winograd2x4))]
    [TestCase(7, 7, 512, 512, 1, typeof(Winograd2x4))]
    [TestCase(5, 8, 256, 256, 1, typeof(Winograd2x4))]
    [TestCase(3, 4, 256, 256, 1, null)]
    [TestCase(600, 960, 3, 64, 1, null)]
    [TestCase(75, 120, 128, 128, 2, typeof(Winograd3x3Stride2))]
    [TestCase(19, 30, 256, 256, 2, typeof(Winograd3x3Stride2))]
    [TestCase(19, 30, 512, 512, 2, typeof(Winograd3x3Stride2))]
    [TestCase(10, 15, 512, 512, 2, typeof(Winograd3x3Stride2))]
    [TestCase(64, 64, 128, 128, 2, typeof(Winograd3x3Stride2))]
    [TestCase(10, 15, 2048, 256, 2, null)]
    public void Fastest_IsTheFormThatWas(int rows, int columns, int channels, int outputs, int stride, Type? form)
    {
        foreach (var lanes in new[] { 8, 16 })
            Assert.That(WinogradForm.For(ConvAlgorithm.Fastest, lanes, [Phase.Forward(new(stride, 1, 1, 1), new(3, 3), new(rows, columns))], channels, outputs)?.GetType(), Is.EqualTo(form), $"{lanes} lanes");
    }

    // Filters of the large form come from memory more slowly than longer vectors multiply.
    [TestCase(8, 13)]
    [TestCase(12, 20)]
    [TestCase(14, 14)]
    public void Fastest_OfMapsBetween_DependsOnTheVectors(int rows, int columns)
    {
        Assert.That(Of(8), Is.SameAs(WinogradForm.Large));
        Assert.That(Of(16), Is.SameAs(WinogradForm.Small));

        WinogradForm? Of(int lanes) => WinogradForm.For(ConvAlgorithm.Fastest, lanes, [Phase.Forward(new(1, 1, 1, 1), new(3, 3), new(rows, columns))], 256, 256);
    }

    [TestCase(38, 60, 1024, 256, 1, typeof(Strassen1x1))]
    [TestCase(38, 60, 256, 1024, 1, typeof(Strassen1x1))]
    [TestCase(75, 120, 512, 256, 1, null)]
    [TestCase(38, 60, 1024, 512, 1, typeof(Strassen1x1))]
    [TestCase(19, 30, 512, 2048, 1, null)]
    [TestCase(75, 120, 256, 512, 2, null)]
    [TestCase(38, 60, 512, 1024, 2, typeof(Strassen1x1))]
    [TestCase(19, 30, 1024, 2048, 2, null)]
    [TestCase(75, 120, 256, 256, 1, null)]
    [TestCase(75, 120, 128, 512, 1, null)]
    [TestCase(4, 4, 1024, 256, 1, null)]
    [TestCase(38, 60, 1023, 256, 1, null)]
    public void Fastest_OfOneByOne(int rows, int columns, int channels, int outputs, int stride, Type? form) =>
        Assert.That(WinogradForm.For(ConvAlgorithm.Fastest, 16, [Phase.Forward(new(stride, 0, 1, 1), new(1, 1), new(rows, columns))], channels, outputs)?.GetType(), Is.EqualTo(form));

    [TestCase(300, 480, 3, 64, typeof(Winograd7x7Stride2))]
    [TestCase(75, 120, 3, 64, typeof(Winograd7x7Stride2))]
    [TestCase(150, 240, 3, 4, null)]
    [TestCase(1, 1, 3, 64, null)]
    public void Fastest_OfStems(int rows, int columns, int channels, int outputs, Type? form) =>
        Assert.That(WinogradForm.For(ConvAlgorithm.Fastest, 16, [PairedSource.Forward(new(2, 3, 1, 1), new(rows, columns))], 4 * channels, outputs)?.GetType(), Is.EqualTo(form));

    private static IEnumerable<object> Paths() => MicroKernel.Available;

    [TestCaseSource(nameof(Shapes))]
    public void ThreadCount_DoesNotChangeABit(object path, object algorithm, int[] inputShape, int[] weightShape, Conv2dArgs args)
    {
        var kernel = new Conv2dKernel((MicroKernel)path, (ConvAlgorithm)algorithm);
        var size = args.OutputSize(new(inputShape[2], inputShape[3]), new(weightShape[2], weightShape[3]));
        int[] outputShape = [inputShape[0], weightShape[0], size.Height, size.Width];
        Tensor input = Random(inputShape, 1), weight = Random(weightShape, 2), dOutput = Random(outputShape, 5);
        var before = ParallelRows.Threads;
        try
        {
            Tensor[]? first = null;
            foreach (var threads in (int[])[1, 2, 3])
            {
                ParallelRows.Threads = threads;
                Tensor[] results = [Tensor.Empty(outputShape), Tensor.Empty(inputShape), Tensor.Empty(weightShape)];
                kernel.Forward(args, input.View, weight.View, default, results[0].View);
                kernel.BackwardInput(args, dOutput.View, weight.View, default, results[1].View);
                kernel.BackwardWeight(args, input.View, dOutput.View, results[2].View);
                first ??= results;
                for (var i = 0; i < results.Length; i++) Assert.That(results[i].ToArray<float>(), Is.EqualTo(first[i].ToArray<float>()), $"result {i} with {threads} threads");
            }
        }
        finally
        {
            ParallelRows.Threads = before;
        }
    }

    private static IEnumerable<TestCaseData> Products() =>
        from micro in MicroKernel.Available
        from size in ((int, int, int)[])[(1, 1, 1), (5, 7, 3), (13, 300, 64), (37, 600, 101), (130, 16, 49), (24, 257, 256)]
        select new TestCaseData(micro, size.Item1, size.Item2, size.Item3).SetArgDisplayNames($"{micro.GetType().Name}, {size}");

    [TestCaseSource(nameof(Products))]
    public void EveryPath_MultipliesMatrices(object path, int m, int k, int n)
    {
        var kernel = new GemmKernel((MicroKernel)path);
        Tensor a = Random([1, m, k], 1), b = Random([1, n, k], 2), bias = Random([n], 3), residual = Random([1, m, n], 4);
        Tensor output = Tensor.Empty([1, m, n]), expected = Tensor.Empty([1, m, n], DType.Float64);
        var epilogue = new Epilogue(bias.View, residual.View, Activation.Relu);
        kernel.Forward(default, a.View, b.View.With(b.Layout.Permute([0, 2, 1])), epilogue, output.View);
        Tensor wideA = Wide(a), wideB = Wide(b);
        kernel.Forward(default, wideA.View, wideB.View.With(wideB.Layout.Permute([0, 2, 1])), Wide(epilogue), expected.View);
        Assert.That(AssertClose.Compare(output, expected, 3e-5), Is.Null);
    }

    private static Tensor Random(int[] shape, ulong seed) => Tensor.Uniform(shape, RandomSource.FromSeed(seed), -0.5, 0.5);

    private static Tensor Wide(Tensor t)
    {
        var wide = Tensor.Empty(t.Shape, DType.Float64);
        new CopyKernel().Copy(t.View, wide.View);
        return wide;
    }

    private static Epilogue Wide(Epilogue epilogue) => epilogue with { Bias = Wide(epilogue.Bias), Residual = Wide(epilogue.Residual) };

    private static TensorView? Wide(TensorView? view)
    {
        if (view is not { } v) return null;
        var wide = Tensor.Empty(v.Shape, DType.Float64);
        new CopyKernel().Copy(v, wide.View);
        return wide.View;
    }
}
