using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Deformable 2-D convolution, version 2 (modulated), or version 1 without a mask. Tap t = i·kw + j of output pixel (y, x) reads the input at a displaced place:
    /// <c>output[n,o,y,x] = bias[o] + Σ_{c,i,j} weight[o,c,i,j] · mask[n,g·kh·kw + t,y,x] · input[n, c](y·stride - padding + i·dilation + Δy, x·stride - padding + j·dilation + Δx)</c>.</summary>
    /// <remarks>
    /// <para>input [N, C, H, W]; weight [O, C/groups, kh, kw]; bias [O]; offset [N, 2·G·kh·kw, H', W'] in input pixels, channel 2·(g·kh·kw + t) is Δy and the next one Δx;
    /// mask [N, G·kh·kw, H', W']. G is <paramref name="deformGroups"/>, and channel c belongs to g = c / (C/G). Offset and mask may be views of one tensor. Output sizes are those of
    /// <see cref="Conv2d"/>. Between pixel centres the input is bilinear; a place with a coordinate of -1 or less, of H (W) or more, or that is no number reads 0, and so does each of the four neighbours that
    /// lies outside.</para>
    /// <para>Gradient: to all five arguments. At whole coordinates the right-hand derivative is used.</para>
    /// <para>Cost: the 2·N·O·H'·W'·kh·kw·C/groups floating-point operations of a plain convolution, plus 4 reads and 1 write per sampled value, which all output channels share.</para>
    /// <para>Source: Dai et al. 2017; Zhu et al. 2019, eq. 1; mmcv's modulated_deform_conv, torchvision.ops.deform_conv2d.</para>
    /// </remarks>
    /// <param name="input">[N, C, H, W].</param>
    /// <param name="weight">[O, C/groups, kh, kw].</param>
    /// <param name="bias">[O], or null.</param>
    /// <param name="offset">[N, 2·G·kh·kw, H', W'], input pixels.</param>
    /// <param name="mask">[N, G·kh·kw, H', W'], or null for 1. Usually a sigmoid's result.</param>
    /// <param name="stride">Input pixels between output pixels; null is 1.</param>
    /// <param name="padding">Zeros around the input; null is 0.</param>
    /// <param name="dilation">Input pixels between undisplaced taps; null is 1.</param>
    /// <param name="groups">Number of independent convolutions that channels are split into.</param>
    /// <param name="deformGroups">Number of runs of input channels with offsets and masks of their own.</param>
    /// <exception cref="ShapeException">The channel counts, the offsets, the mask, the bias or the ranks do not fit, or the kernel is larger than the padded input.</exception>
    /// <exception cref="ArgumentValueException">A stride, dilation or group count below 1, or a negative padding.</exception>
    /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
    public static Tensor DeformConv2d(Tensor input, Tensor weight, Tensor? bias, Tensor offset, Tensor? mask = null,
        Size2? stride = null, Size2? padding = null, Size2? dilation = null, int groups = 1, int deformGroups = 1) =>
        ApplyDeformConv2d(new(new(stride ?? 1, padding ?? 0, dilation ?? 1, groups), deformGroups), input, weight, bias, offset, mask, null, Activation.None);

    // The fused door of ConvNormAct, as Conv2dFused: for Grad.Off() only.
    internal static Tensor DeformConv2dFused(DeformConv2dArgs args, Tensor input, Tensor weight, Tensor bias, Tensor offset, Tensor? mask, Tensor? residual, Activation activation)
    {
        if (Grad.IsOn) throw new ArgumentValueException("deform_conv2d: the fused form has no gradient; use it under Grad.Off().");
        return ApplyDeformConv2d(args, input, weight, bias, offset, mask, residual, activation);
    }

    private static Tensor ApplyDeformConv2d(DeformConv2dArgs args, Tensor input, Tensor weight, Tensor? bias, Tensor offset, Tensor? mask, Tensor? residual, Activation activation)
    {
        const string Name = "deform_conv2d";
        CheckConv2d(Name, args.Conv, input, weight, bias);
        Check.That(args.DeformGroups >= 1, $"deform_conv2d: deform groups must be 1 or more, got {args.DeformGroups}.");
        if (input.Shape[1] % args.DeformGroups != 0) throw new ShapeException(Name, $"deform groups must divide the {input.Shape[1]} channels of input {input.Shape}", $"{args.DeformGroups}");
        var output = Conv2dOp.OutputShape(args.Conv, input.Shape, weight.Shape);
        var taps = checked(args.DeformGroups * weight.Shape[2] * weight.Shape[3]);
        Check.Parameter(Name, input.DType, offset.DType);
        Check.Shape("deform_conv2d: offset", offset.Shape, [input.Shape[0], 2 * taps, output[2], output[3]]);
        if (mask is not null)
        {
            Check.Parameter(Name, input.DType, mask.DType);
            Check.Shape("deform_conv2d: mask", mask.Shape, [input.Shape[0], taps, output[2], output[3]]);
        }
        if (residual is not null)
        {
            Check.SameDType(Name, input.DType, residual.DType);
            Check.Shape("deform_conv2d: residual", residual.Shape, output.Dims);
        }
        // A float32 weight of a half input is rounded like the input, on every device; places and masks stay as they are.
        Tensor?[] inputs = [input, weight.To(input.DType), offset, mask, bias?.To(input.DType), residual];
        return Op.Apply(new DeformConv2dOp(args, hasMask: mask is not null, hasBias: bias is not null) { Activation = activation }, [.. inputs.OfType<Tensor>()]);
    }
}

// Inputs: input, weight, offset, then those of mask, bias and residual that there are.
internal sealed class DeformConv2dOp(DeformConv2dArgs args, bool hasMask, bool hasBias) : Op("deform_conv2d")
{
    private readonly int _bias = hasMask ? 4 : 3;

    public Activation Activation { get; init; }

    protected internal override OpAttributes Attributes => new()
    {
        { "stride", args.Conv.Stride }, { "padding", args.Conv.Padding }, { "dilation", args.Conv.Dilation }, { "groups", args.Conv.Groups },
        { "deform_groups", args.DeformGroups }, { "mask", hasMask }, { "bias", hasBias }, { "activation", Activation.ToString() },
    };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        Tensor input = inputs[0].Contiguous(), weight = inputs[1].Contiguous(), offset = inputs[2];
        var mask = hasMask ? inputs[3] : null;
        var bias = hasBias ? inputs[_bias].Contiguous() : null;
        var residual = inputs.Length > _bias + (hasBias ? 1 : 0) ? inputs[^1].Contiguous() : null;
        var output = Tensor.Empty(Conv2dOp.OutputShape(args.Conv, input.Shape, weight.Shape), input);
        input.Backend.Kernel<IDeformConv2dKernel>().Forward(args, input.View, weight.View, offset.View, mask?.View, new Epilogue(bias?.View, residual?.View, Activation), output.View);
        if (mask is null) Save(input, weight, offset);
        else Save(input, weight, offset, mask);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        Tensor input = Saved(0), weight = Saved(1), offset = Saved(2);
        dOutput = dOutput.Contiguous();
        Tensor? dInput = sink.Empty(0), dWeight = sink.Empty(1), dOffset = sink.Empty(2), dMask = hasMask ? sink.Empty(3) : null;
        if (dInput is not null || dWeight is not null || dOffset is not null || dMask is not null)
            input.Backend.Kernel<IDeformConv2dKernel>().Backward(args, input.View, weight.View, offset.View, hasMask ? Saved(3).View : null, dOutput.View,
                dInput?.View, dWeight?.View, dOffset?.View, dMask?.View);
        if (hasBias && sink.Empty(_bias) is { } dBias) input.Backend.Kernel<IConv2dKernel>().BackwardBias(dOutput.View, dBias.View);
    }

    protected override long Flops(ReadOnlySpan<Tensor> inputs, Tensor output) => 2 * output.Shape.Count * (inputs[1].Shape.Count / Math.Max(1, inputs[1].Shape[0]));
}
