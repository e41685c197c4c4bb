using LzuCore.Kernels;
using LzuCore.Kernels.Cpu;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Testing;

namespace LzuCore.Tests.Kernels;

/// <summary>Deformable convolution by every micro-kernel path and vector width that this machine has, against float64; and the same bits from any number of threads.</summary>
public sealed class DeformConvPathTests
{
    private static IEnumerable<TestCaseData> Shapes()
    {
        (string Name, int[] Input, int[] Weight, DeformConv2dArgs Args)[] shapes =
        [
            ("a map sampled whole", [2, 20, 9, 11], [70, 20, 3, 3], new(new(1, 1, 1, 1), 2)),
            ("blocks of pixels, taps in pieces", [1, 256, 13, 12], [50, 256, 3, 3], new(new(1, 1, 1, 1), 1)),
            ("blocks over two images, stride 2", [2, 64, 46, 41], [40, 64, 3, 3], new(new(2, 1, 1, 1), 4)),
            ("groups, dilation", [1, 96, 26, 23], [64, 24, 3, 3], new(new(1, 2, 2, 4), 3)),
            ("one pixel", [1, 256, 1, 1], [256, 256, 3, 3], new(new(1, 1, 1, 1), 1)),
            ("1x1 over 1024 channels", [1, 1024, 16, 20], [24, 1024, 1, 1], new(new(1, 0, 1, 1), 1)),
        ];
        foreach (var micro in MicroKernel.Available)
            foreach (var (name, input, weight, args) in shapes)
                yield return new TestCaseData(micro, input, weight, args).SetArgDisplayNames($"{micro.GetType().Name}, {name}");
    }

    [TestCaseSource(nameof(Shapes))]
    public void EveryPath_EqualsTheDefinition(object path, int[] inputShape, int[] weightShape, DeformConv2dArgs args)
    {
        var kernel = Kernel(path);
        foreach (var masked in new[] { true, false })
        {
            var c = new Operands(inputShape, weightShape, args, masked);
            Operands wide = c.Wide(), got = c.Run(kernel), expected = wide.Run(kernel);
            Assert.That(AssertClose.Compare(got.Output, expected.Output, 3e-5), Is.Null, "forward");
            for (var i = 0; i < got.Gradients.Length; i++) Assert.That(AssertClose.Compare(got.Gradients[i], expected.Gradients[i], 1e-4), Is.Null, $"gradient {i}");
        }
    }

    [TestCaseSource(nameof(Shapes))]
    public void ThreadCount_DoesNotChangeABit(object path, int[] inputShape, int[] weightShape, DeformConv2dArgs args)
    {
        var kernel = Kernel(path);
        var before = ParallelRows.Threads;
        try
        {
            Operands? first = null;
            foreach (var threads in (int[])[1, 2, 3])
            {
                ParallelRows.Threads = threads;
                var got = new Operands(inputShape, weightShape, args, masked: true).Run(kernel);
                first ??= got;
                Assert.That(got.Output.ToArray<float>(), Is.EqualTo(first.Output.ToArray<float>()), $"forward with {threads} threads");
                for (var i = 0; i < got.Gradients.Length; i++) Assert.That(got.Gradients[i].ToArray<float>(), Is.EqualTo(first.Gradients[i].ToArray<float>()), $"gradient {i} with {threads} threads");
            }
        }
        finally
        {
            ParallelRows.Threads = before;
        }
    }

    [Test]
    public void GradientsAlone_EqualThoseOfAll()
    {
        var kernel = Kernel(MicroKernel.Fastest);
        var c = new Operands([1, 20, 9, 11], [70, 20, 3, 3], new(new(1, 1, 1, 1), 2), masked: true);
        var all = c.Run(kernel).Gradients;
        for (var i = 0; i < all.Length; i++)
            Assert.That(c.Run(kernel, only: i).Gradients[i].ToArray<float>(), Is.EqualTo(all[i].ToArray<float>()), $"gradient {i}");
    }

    private static DeformConv2dKernel Kernel(object path) => new((MicroKernel)path, path is PortableMicroKernel ? SimdWidth.Portable : path is Avx2MicroKernel ? SimdWidth.Bits256 : ChannelVectors.Widest);

    // All tensors of a call, and its results.
    private sealed class Operands
    {
        private readonly DeformConv2dArgs _args;
        private readonly Tensor _input, _weight, _offset, _bias, _residual, _dOutput;
        private readonly Tensor? _mask;

        public Operands(int[] input, int[] weight, DeformConv2dArgs args, bool masked)
        {
            var size = args.Conv.OutputSize(new(input[2], input[3]), new(weight[2], weight[3]));
            int[] output = [input[0], weight[0], size.Height, size.Width];
            var taps = args.DeformGroups * weight[2] * weight[3];
            (_args, _input, _weight, _bias, _residual, _dOutput) = (args, Random(input, 1), Random(weight, 2), Random([weight[0]], 3), Random(output, 4), Random(output, 5));
            // In 64ths of a pixel, so that places are exact in float32: a gradient jumps at whole ones.
            Shape field = [input[0], 2 * taps, size.Height, size.Width];
            var sixtyFourths = Tensor.Uniform(field, RandomSource.FromSeed(6), -192, 192).ToArray<float>();
            _offset = Tensor.From(sixtyFourths.Select(v => MathF.Round(v) / 64).ToArray(), field);
            _mask = masked ? Random([input[0], taps, size.Height, size.Width], 7) : null;
        }

        private Operands(Operands c) => (_args, _input, _weight, _bias, _residual, _dOutput, _offset, _mask) =
            (c._args, Widen(c._input), Widen(c._weight), Widen(c._bias), Widen(c._residual), Widen(c._dOutput), Widen(c._offset), c._mask is null ? null : Widen(c._mask));

        public Tensor Output { get; private set; } = null!;

        /// <summary>Of the input, weight, offset, mask.</summary>
        public Tensor[] Gradients { get; private set; } = [];

        public Operands Wide() => new(this);

        public Operands Run(DeformConv2dKernel kernel, int? only = null)
        {
            Output = Tensor.Empty(_dOutput.Shape, _dOutput);
            kernel.Forward(_args, _input.View, _weight.View, _offset.View, _mask?.View, new Epilogue(_bias.View, _residual.View, Activation.Relu), Output.View);
            Tensor[] inputs = _mask is null ? [_input, _weight, _offset] : [_input, _weight, _offset, _mask];
            Gradients = [.. inputs.Select(t => Tensor.Empty(t.Shape, t))];
            kernel.Backward(_args, _input.View, _weight.View, _offset.View, _mask?.View, _dOutput.View, Wanted(0), Wanted(1), Wanted(2), Wanted(3));
            return this;

            TensorView? Wanted(int i) => i < Gradients.Length && (only ?? i) == i ? Gradients[i].View : null;
        }

        private static Tensor Random(int[] shape, ulong seed) => Tensor.Uniform(shape, RandomSource.FromSeed(seed), -0.5, 0.5);

        private static Tensor Widen(Tensor t)
        {
            var wide = Tensor.Empty(t.Shape, DType.Float64);
            new CopyKernel().Copy(t.View, wide.View);
            return wide;
        }
    }
}
