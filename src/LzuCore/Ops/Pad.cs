using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Adds columns and rows around the last two axes.</summary>
    /// <param name="x">[…, H, W].</param>
    /// <param name="left">Columns added in front.</param>
    /// <param name="right">Columns added behind.</param>
    /// <param name="top">Rows added above.</param>
    /// <param name="bottom">Rows added below.</param>
    /// <param name="mode">Constant: a number. Reflect: mirrored about the end elements (fewer than H or W). Replicate: the end elements.</param>
    /// <param name="value">The number of the constant mode.</param>
    /// <returns>[…, top + H + bottom, left + W + right].</returns>
    /// <remarks>Gradient: every element sums over the places that it went to. Source: torch.nn.functional.pad.</remarks>
    /// <exception cref="ShapeException">Fewer than two axes, or too few elements to reflect or replicate.</exception>
    /// <exception cref="ArgumentValueException">A negative amount.</exception>
    public static Tensor Pad(Tensor x, int left, int right, int top, int bottom, PadMode mode, double value = 0)
    {
        Check.Floating("pad: input", x.DType);
        if (x.Rank < 2) throw new ShapeException("pad: input", "must have at least 2 axes", x.Shape.ToString(), "Use the overload for one axis.");
        Check.That(left >= 0 && right >= 0 && top >= 0 && bottom >= 0, $"pad: amounts must be 0 or more, got left {left}, right {right}, top {top}, bottom {bottom}. Crop with .Narrow.");
        CheckRoom(x, x.Shape[x.Rank - 2], Math.Max(top, bottom), mode, "rows");
        CheckRoom(x, x.Shape[x.Rank - 1], Math.Max(left, right), mode, "columns");
        return Op.Apply(new PadOp(new PadArgs(mode, value, left, right, top, bottom)), x);
    }

    /// <summary>Adds elements around the last axis.</summary>
    /// <param name="x">[…, L].</param>
    /// <param name="left">Elements added in front.</param>
    /// <param name="right">Elements added behind.</param>
    /// <param name="mode">What they are.</param>
    /// <param name="value">The number of the constant mode.</param>
    /// <returns>[…, left + L + right].</returns>
    /// <exception cref="ShapeException">No axis, or too few elements to reflect or replicate.</exception>
    /// <exception cref="ArgumentValueException">A negative amount.</exception>
    public static Tensor Pad(Tensor x, int left, int right, PadMode mode, double value = 0)
    {
        Check.Floating("pad: input", x.DType);
        if (x.Rank < 1) throw new ShapeException("pad: input", "must have at least 1 axis", x.Shape.ToString());
        Check.That(left >= 0 && right >= 0, $"pad: amounts must be 0 or more, got left {left}, right {right}. Crop with .Narrow.");
        CheckRoom(x, x.Shape[x.Rank - 1], Math.Max(left, right), mode, "elements");
        return Op.Apply(new PadOp(new PadArgs(mode, value, left, right, 0, 0)), x);
    }

    private static void CheckRoom(Tensor x, int size, int amount, PadMode mode, string what)
    {
        if (amount == 0 || mode == PadMode.Constant) return;
        if (mode == PadMode.Reflect && amount >= size) throw new ShapeException("pad: input", $"must have more than {amount} {what} to reflect", x.Shape.ToString());
        if (size == 0) throw new ShapeException("pad: input", $"must have {what} to replicate", x.Shape.ToString());
    }
}

internal sealed class PadOp(PadArgs args) : Op("pad")
{
    protected internal override OpAttributes Attributes => new()
    {
        { "mode", args.Mode.ToString() }, { "value", args.Value }, { "left", args.Left }, { "right", args.Right }, { "top", args.Top }, { "bottom", args.Bottom },
    };

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var input = inputs[0].Contiguous();
        var dims = input.Shape.ToArray();
        dims[^1] = checked(dims[^1] + args.Left + args.Right);
        if (dims.Length > 1) dims[^2] = checked(dims[^2] + args.Top + args.Bottom);
        var output = Tensor.Empty(dims, input);
        input.Backend.Kernel<IPadKernel>().Forward(args, input.View, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is { } dInput) dOutput.Backend.Kernel<IPadKernel>().Backward(args, dOutput.Contiguous().View, dInput.View);
    }
}
