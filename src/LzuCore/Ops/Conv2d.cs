using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>2-D convolution (cross-correlation, as in every deep-learning library):
    /// <c>output[n,o,y,x] = bias[o] + Σ_{c,i,j} weight[o,c,i,j] · input[n, g·C/groups + c, y·stride - padding + i·dilation, x·stride - padding + j·dilation]</c>.</summary>
    /// <remarks>
    /// <para>input [N, C, H, W]; weight [O, C/groups, kh, kw]; bias [O]. Reads outside the input are 0. Output sizes are
    /// floor((H + 2·padding - dilation·(kh - 1) - 1) / stride) + 1, and likewise for the width.</para>
    /// <para>Gradient: to all three arguments.</para>
    /// <para>Cost: 2·N·O·H'·W'·kh·kw·C/groups floating-point operations, bound by arithmetic. float32 sums run over all taps and channels in one chain,
    /// so results differ from another library's by about 1e-6 of the output's maximum.</para>
    /// <para>Source: torch.nn.functional.conv2d.</para>
    /// </remarks>
    /// <param name="input">[N, C, H, W].</param>
    /// <param name="weight">[O, C/groups, kh, kw].</param>
    /// <param name="bias">[O], or null.</param>
    /// <param name="stride">Input pixels between output pixels; null is 1.</param>
    /// <param name="padding">Zeros around the input; null is 0.</param>
    /// <param name="dilation">Input pixels between taps; null is 1.</param>
    /// <param name="groups">Number of independent convolutions that channels are split into.</param>
    /// <exception cref="ShapeException">The channel counts, the bias or the ranks do not fit, or the kernel is larger than the padded input.</exception>
    /// <exception cref="ArgumentValueException">A stride, dilation or group count below 1, or a negative padding.</exception>
    /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
    public static Tensor Conv2d(Tensor input, Tensor weight, Tensor? bias = null, Size2? stride = null, Size2? padding = null, Size2? dilation = null, int groups = 1)
    {
        var args = new Conv2dArgs(stride ?? 1, padding ?? 0, dilation ?? 1, groups);
        CheckConv2d("conv2d", args, input, weight, bias);
        // A float32 weight of a half input is rounded like the input, on every device.
        weight = weight.To(input.DType);
        return bias is null ? Op.Apply(new Conv2dOp(args), input, weight) : Op.Apply(new Conv2dOp(args), input, weight, bias.To(input.DType));
    }

    // The fused door of ConvNormAct: conv2d, + bias, + residual, activation in one kernel call. Records nothing, so it is for Grad.Off() only.
    internal static Tensor Conv2dFused(Conv2dArgs args, Tensor input, Tensor weight, Tensor bias, Tensor? residual, bool residualEnds, Activation activation)
    {
        if (Grad.IsOn) throw new ArgumentValueException("conv2d: the fused form has no gradient; use it under Grad.Off().");
        CheckConv2d("conv2d", args, input, weight, bias);
        if (residual is not null)
        {
            Check.SameDType("conv2d", input.DType, residual.DType);
            Check.Shape("conv2d: residual", residual.Shape, Conv2dOp.OutputShape(args, input.Shape, weight.Shape).Dims);
        }
        var overwrites = residualEnds && residual is not null && !GraphCapture.IsOpen && residual.Storage != input.Storage && residual is { Layout: { IsDefault: true, Offset: 0 }, Storage: HostStorage } && TensorScope.MayTakeOver(residual) &&
            input.Backend.Kernel<IConv2dKernel>().OverwritesResidual(args, input.DType, weight.Shape);
        var op = new Conv2dOp(args) { Activation = activation, Overwrites = overwrites };
        return residual is null ? Op.Apply(op, input, weight, bias) : Op.Apply(op, input, weight, bias, residual);
    }

    // The fused door for maps that share a layer: one kernel call, which may treat their pixels as one map's.
    internal static Tensor[] Conv2dFusedEach(Conv2dArgs args, Tensor[] inputs, Tensor weight, Tensor bias, Activation activation)
    {
        if (GraphCapture.IsOpen || Grad.IsDetectingAnomalies || inputs.Any(i => i.DType != DType.Float32 || i.Device != weight.Device))
            return [.. inputs.Select(i => Conv2dFused(args, i, weight, bias, null, false, activation))];
        foreach (var input in inputs) CheckConv2d("conv2d", args, input, weight, bias);
        return Conv2dOp.Each(args, inputs, weight, bias, activation);
    }

    private static void CheckConv2d(string op, Conv2dArgs args, Tensor input, Tensor weight, Tensor? bias)
    {
        CheckConvArgs(op, args);
        Check.Floating($"{op}: input", input.DType);
        Check.Parameter(op, input.DType, weight.DType);
        Check.Rank($"{op}: input", input.Shape, 4);
        Check.Rank($"{op}: weight", weight.Shape, 4);
        int channels = input.Shape[1], outputs = weight.Shape[0];
        if ((long)weight.Shape[1] * args.Groups != channels)
            throw new ShapeException(op, $"weight {weight.Shape} with {args.Groups} groups expects {(long)weight.Shape[1] * args.Groups} input channels", $"input {input.Shape}");
        if (outputs % args.Groups != 0) throw new ShapeException(op, $"groups must divide the {outputs} output channels of weight {weight.Shape}", $"{args.Groups}");
        if (bias is not null)
        {
            Check.Parameter(op, input.DType, bias.DType);
            Check.Shape($"{op}: bias", bias.Shape, [outputs]);
        }
        var kernel = new Size2(weight.Shape[2], weight.Shape[3]);
        if (kernel.Height < 1 || kernel.Width < 1) throw new ShapeException($"{op}: weight", "must have at least one tap", weight.Shape.ToString());
        var size = args.OutputSize(new(input.Shape[2], input.Shape[3]), kernel);
        if (size.Height < 1 || size.Width < 1)
            throw new ShapeException(op, $"a kernel of {kernel} taps, dilation {args.Dilation}, must fit the input padded by {args.Padding}", $"input {input.Shape}", "Use a larger input or padding.");
    }

    internal static void CheckConvArgs(string op, Conv2dArgs args)
    {
        Check.That(args.Stride is { Height: >= 1, Width: >= 1 }, $"{op}: stride must be 1 or more, got {args.Stride}.");
        Check.That(args.Padding is { Height: >= 0, Width: >= 0 }, $"{op}: padding must be 0 or more, got {args.Padding}.");
        Check.That(args.Dilation is { Height: >= 1, Width: >= 1 }, $"{op}: dilation must be 1 or more, got {args.Dilation}.");
        Check.That(args.Groups >= 1, $"{op}: groups must be 1 or more, got {args.Groups}.");
    }
}

internal sealed class Conv2dOp(Conv2dArgs args) : Op("conv2d")
{
    // Inputs: input, weight, then bias, then residual, where there are any.
    protected internal override OpAttributes Attributes => new()
    {
        { "stride", args.Stride }, { "padding", args.Padding }, { "dilation", args.Dilation }, { "groups", args.Groups }, { "activation", Activation.ToString() },
    };

    protected override bool TakesHalves(ReadOnlySpan<Tensor> inputs) => inputs[0].Backend.Kernel<IConv2dKernel>() is ITakesHalves;

    public Activation Activation { get; init; }

    /// <summary>Whether the output takes the residual's place.</summary>
    public bool Overwrites { get; init; }

    public static Shape OutputShape(Conv2dArgs args, Shape input, Shape weight)
    {
        var size = args.OutputSize(new(input[2], input[3]), new(weight[2], weight[3]));
        return [input[0], weight[0], size.Height, size.Width];
    }

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        Tensor input = inputs[0].Contiguous(), weight = inputs[1].Contiguous();
        var bias = inputs.Length > 2 ? inputs[2].Contiguous() : null;
        var residual = inputs.Length > 3 ? inputs[3].Contiguous() : null;
        var output = Overwrites ? Tensor.InPlaceOf(residual!) : Tensor.Empty(OutputShape(args, input.Shape, weight.Shape), input);
        input.Backend.Kernel<IConv2dKernel>().Forward(args, input.View, weight.View, new Epilogue(bias?.View, Overwrites ? output.View : residual?.View, Activation), output.View);
        Save(input, weight);
        return output;
    }

    /// <summary>The forward pass of several inputs, outside autograd: a trace has it as one call.</summary>
    public static Tensor[] Each(Conv2dArgs args, Tensor[] inputs, Tensor weight, Tensor bias, Activation activation)
    {
        var started = OpTrace.Start();
        var outputs = new Tensor[inputs.Length];
        using var scope = new TensorScope();
        for (var i = 0; i < inputs.Length; i++) outputs[i] = Tensor.Empty(OutputShape(args, inputs[i].Shape, weight.Shape), inputs[i]);
        Tensor[] dense = [.. inputs.Select(i => i.Contiguous())];
        weight = weight.Contiguous();
        weight.Backend.Kernel<IConv2dKernel>().ForwardEach(args, [.. dense.Select(i => i.View)], weight.View, new Epilogue(bias.Contiguous().View, null, activation), [.. outputs.Select(o => o.View)]);
        var op = new Conv2dOp(args);
        OpTrace.Stop(started, op, outputs.Sum(o => op.Flops([inputs[0], weight], o)));
        GC.KeepAlive(dense);
        return scope.Keep(outputs);
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        Tensor input = Saved(0), weight = Saved(1);
        dOutput = dOutput.Contiguous();
        var kernel = input.Backend.Kernel<IConv2dKernel>();
        if (sink.Empty(0) is { } dInput) kernel.BackwardInput(args, dOutput.View, weight.View, default, dInput.View);
        if (sink.Empty(1) is { } dWeight) kernel.BackwardWeight(args, input.View, dOutput.View, dWeight.View);
        if (Inputs.Length > 2 && sink.Empty(2) is { } dBias) kernel.BackwardBias(dOutput.View, dBias.View);
    }

    protected override long Flops(ReadOnlySpan<Tensor> inputs, Tensor output) => 2 * output.Shape.Count * (inputs[1].Shape.Count / Math.Max(1, inputs[1].Shape[0]));
}
