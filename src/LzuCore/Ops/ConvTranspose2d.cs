using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Transposed 2-D convolution: the adjoint of <see cref="Conv2d"/> in its input, plus a bias. Every input pixel adds
    /// <c>input[n,c,y,x] · weight[c,o,i,j]</c> to <c>output[n,o, y·stride - padding + i·dilation, x·stride - padding + j·dilation]</c>.</summary>
    /// <remarks>
    /// <para>input [N, C, H, W]; weight [C, O/groups, kh, kw]; bias [O]. Output sizes are
    /// (H - 1)·stride - 2·padding + dilation·(kh - 1) + outputPadding + 1, and likewise for the width.</para>
    /// <para>Gradient: to input, weight and bias. It is computed by the same kernels as conv2d's, with the roles of input and output swapped.</para>
    /// <para>Cost: 2·N·C·H·W·kh·kw·O/groups floating-point operations. Source: Dumoulin and Visin 2016, section 4; torch.nn.functional.conv_transpose2d.</para>
    /// </remarks>
    /// <param name="input">[N, C, H, W].</param>
    /// <param name="weight">[C, O/groups, kh, kw].</param>
    /// <param name="bias">[O], or null.</param>
    /// <param name="stride">Output pixels between input pixels; null is 1.</param>
    /// <param name="padding">Output pixels cut off at each border; null is 0.</param>
    /// <param name="outputPadding">Rows and columns added at the bottom and right; less than stride or dilation; null is 0.</param>
    /// <param name="groups">Number of independent convolutions that channels are split into.</param>
    /// <param name="dilation">Output pixels between taps; null is 1.</param>
    /// <exception cref="ShapeException">The channel counts, the bias or the ranks do not fit, or the output would be empty.</exception>
    /// <exception cref="ArgumentValueException">A stride, dilation or group count below 1, a negative padding, or an outputPadding that is too large.</exception>
    /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
    public static Tensor ConvTranspose2d(Tensor input, Tensor weight, Tensor? bias = null, Size2? stride = null, Size2? padding = null, Size2? outputPadding = null, int groups = 1, Size2? dilation = null)
    {
        const string Name = "conv_transpose2d";
        var args = new Conv2dArgs(stride ?? 1, padding ?? 0, dilation ?? 1, groups);
        var extra = outputPadding ?? 0;
        CheckConvArgs(Name, args);
        Check.Floating($"{Name}: input", input.DType);
        Check.SameDType(Name, input.DType, weight.DType);
        Check.Rank($"{Name}: input", input.Shape, 4);
        Check.Rank($"{Name}: weight", weight.Shape, 4);
        if (weight.Shape[0] != input.Shape[1] || weight.Shape[0] % groups != 0)
            throw new ShapeException(Name, $"weight {weight.Shape} with {groups} groups expects {weight.Shape[0]} input channels, a multiple of the groups", $"input {input.Shape}");
        Check.That(extra.Height >= 0 && extra.Height < Math.Max(args.Stride.Height, args.Dilation.Height) && extra.Width >= 0 && extra.Width < Math.Max(args.Stride.Width, args.Dilation.Width),
            $"{Name}: output_padding must be 0 or more and less than stride or dilation, got {extra} with stride {args.Stride}, dilation {args.Dilation}.");
        if (bias is not null)
        {
            Check.SameDType(Name, input.DType, bias.DType);
            Check.Shape($"{Name}: bias", bias.Shape, [checked(weight.Shape[1] * groups)]);
        }
        long Size(int n, int s, int p, int d, int k, int e) => (n - 1L) * s - 2L * p + (long)d * (k - 1) + e + 1;
        long height = Size(input.Shape[2], args.Stride.Height, args.Padding.Height, args.Dilation.Height, weight.Shape[2], extra.Height);
        long width = Size(input.Shape[3], args.Stride.Width, args.Padding.Width, args.Dilation.Width, weight.Shape[3], extra.Width);
        if (height is < 1 or > int.MaxValue || width is < 1 or > int.MaxValue || weight.Shape[2] < 1 || weight.Shape[3] < 1)
            throw new ShapeException(Name, "the output must have at least one pixel", $"{height} x {width} from input {input.Shape}, weight {weight.Shape}", "Use a larger input or less padding.");
        var op = new ConvTranspose2dOp(args, extra, [input.Shape[0], weight.Shape[1] * groups, (int)height, (int)width]);
        return bias is null ? Op.Apply(op, input, weight) : Op.Apply(op, input, weight, bias);
    }
}

// The kernels see the convolution whose adjoint this is: its input is our output, its output is our input.
internal sealed class ConvTranspose2dOp(Conv2dArgs args, Size2 outputPadding, Shape shape) : Op("conv_transpose2d")
{
    protected internal override OpAttributes Attributes => new()
    {
        { "stride", args.Stride }, { "padding", args.Padding }, { "output_padding", outputPadding }, { "groups", args.Groups }, { "dilation", args.Dilation },
    };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        Tensor input = inputs[0].Contiguous(), weight = inputs[1].Contiguous();
        var bias = inputs.Length > 2 ? inputs[2].Contiguous() : null;
        var output = Tensor.Empty(shape, input);
        input.Backend.Kernel<IConv2dKernel>().BackwardInput(args, input.View, weight.View, new Epilogue(bias?.View), output.View);
        Save(input, weight);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        Tensor input = Saved(0), weight = Saved(1);
        dOutput = dOutput.Contiguous();
        var kernel = input.Backend.Kernel<IConv2dKernel>();
        if (sink.Empty(0) is { } dInput) kernel.Forward(args, dOutput.View, weight.View, default, dInput.View);
        if (sink.Empty(1) is { } dWeight) kernel.BackwardWeight(args, dOutput.View, input.View, dWeight.View);
        if (Inputs.Length > 2 && sink.Empty(2) is { } dBias) kernel.BackwardBias(dOutput.View, dBias.View);
    }

    protected override long Flops(ReadOnlySpan<Tensor> inputs, Tensor output) => 2 * inputs[0].Shape.Count * (inputs[1].Shape.Count / Math.Max(1, inputs[1].Shape[0]));
}
