using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Max pool: output[n, c, i, j] = the largest of input[n, c, i·s - p + u, j·s - p + v] over the kernel (u, v); padding never wins, NaN does.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="kernel">The window.</param>
    /// <param name="stride">Steps between windows; the kernel's size when null.</param>
    /// <param name="padding">Cells of -∞ at both ends; at most half the kernel.</param>
    /// <param name="ceilMode">Whether an incomplete last window counts (if it starts inside the image or the left padding).</param>
    /// <returns>[N, C, ⌊(H + 2p - k)/s⌋ + 1, …], rounded up with <paramref name="ceilMode"/>.</returns>
    /// <remarks>Gradient: to the first largest value of each window, in row-major order. Source: torch.nn.functional.max_pool2d.</remarks>
    /// <exception cref="ShapeException">The rank is not 4, or no window fits.</exception>
    /// <exception cref="ArgumentValueException">A kernel or stride below 1, or a padding outside [0, kernel / 2].</exception>
    public static Tensor MaxPool2d(Tensor x, Size2 kernel, Size2? stride = null, Size2? padding = null, bool ceilMode = false) =>
        Pool("max_pool2d", PoolKind.Max, x, kernel, stride ?? kernel, padding ?? 0, ceilMode, countPadding: false);

    /// <summary>Average pool: the mean of each window; padding counts as zeros.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="kernel">The window.</param>
    /// <param name="stride">Steps between windows; the kernel's size when null.</param>
    /// <param name="padding">Zeros at both ends; at most half the kernel.</param>
    /// <param name="ceilMode">Whether an incomplete last window counts.</param>
    /// <param name="countIncludePad">Whether padding counts in the mean's divisor (never the part of a last window beyond the padding).</param>
    /// <returns>[N, C, ⌊(H + 2p - k)/s⌋ + 1, …], rounded up with <paramref name="ceilMode"/>.</returns>
    /// <remarks>Gradient: spread evenly over the window. Source: torch.nn.functional.avg_pool2d.</remarks>
    /// <exception cref="ShapeException">The rank is not 4, or no window fits.</exception>
    /// <exception cref="ArgumentValueException">A kernel or stride below 1, or a padding outside [0, kernel / 2].</exception>
    public static Tensor AvgPool2d(Tensor x, Size2 kernel, Size2? stride = null, Size2? padding = null, bool ceilMode = false, bool countIncludePad = true) =>
        Pool("avg_pool2d", PoolKind.Average, x, kernel, stride ?? kernel, padding ?? 0, ceilMode, countIncludePad);

    /// <summary>Average over a grid of bins: output[n, c, i, j] = the mean of rows [⌊i·H/size⌋, ⌈(i + 1)·H/size⌉) and columns alike.</summary>
    /// <param name="x">[N, C, H, W], H and W at least 1.</param>
    /// <param name="size">The number of bins.</param>
    /// <returns>[N, C, size.Height, size.Width].</returns>
    /// <remarks>Bins overlap where the size does not divide. Gradient: spread evenly over each bin. Source: torch.nn.functional.adaptive_avg_pool2d.</remarks>
    /// <exception cref="ShapeException">The rank is not 4, or the image or the size is empty.</exception>
    public static Tensor AdaptiveAvgPool2d(Tensor x, Size2 size)
    {
        const string op = "adaptive_avg_pool2d";
        CheckImage(op, x);
        if (size.Height < 1 || size.Width < 1) throw new ShapeException($"{op}: size", "must be at least 1x1", size.ToString());
        return Op.Apply(new Pool2dOp(op, new Pool2dArgs(PoolKind.Average, PoolAxis.Adaptive(x.Shape[2], size.Height), PoolAxis.Adaptive(x.Shape[3], size.Width))), x);
    }

    private static Tensor Pool(string op, PoolKind kind, Tensor x, Size2 kernel, Size2 stride, Size2 padding, bool ceil, bool countPadding)
    {
        CheckImage(op, x);
        Check.That(kernel.Height >= 1 && kernel.Width >= 1, $"{op}: kernel must be at least 1x1, got {kernel}.");
        Check.That(stride.Height >= 1 && stride.Width >= 1, $"{op}: stride must be at least 1x1, got {stride}.");
        Check.That(padding.Height >= 0 && padding.Width >= 0 && padding.Height <= kernel.Height / 2 && padding.Width <= kernel.Width / 2,
            $"{op}: padding must be between 0 and half the kernel {kernel}, got {padding}. Pad the input with F.Pad first.");
        var rows = PoolAxis.Sliding(x.Shape[2], kernel.Height, stride.Height, padding.Height, ceil, countPadding);
        var columns = PoolAxis.Sliding(x.Shape[3], kernel.Width, stride.Width, padding.Width, ceil, countPadding);
        if (rows.Count == 0 || columns.Count == 0)
            throw new ShapeException($"{op}: input", $"must hold at least one {kernel} window with padding {padding}", x.Shape.ToString());
        return Op.Apply(new Pool2dOp(op, new Pool2dArgs(kind, rows, columns)), x);
    }

    private static void CheckImage(string op, Tensor x)
    {
        Check.Floating($"{op}: input", x.DType);
        Check.Rank($"{op}: input", x.Shape, 4);
        if (x.Shape[2] == 0 || x.Shape[3] == 0) throw new ShapeException($"{op}: input", "must have at least one row and one column", x.Shape.ToString());
    }
}

internal sealed class Pool2dOp(string name, Pool2dArgs args) : Op(name)
{
    // An adaptive pool has no kernel: its bins follow from the sizes.
    protected internal override OpAttributes Attributes => args.Rows.Kernel == 0 ? OpAttributes.None : new()
    {
        { "kernel_size", new Size2(args.Rows.Kernel, args.Columns.Kernel) }, { "stride", new Size2(args.Rows.Stride, args.Columns.Stride) },
        { "padding", new Size2(args.Rows.Padding, args.Columns.Padding) }, { "count_include_pad", args.Rows.CountsPadding },
    };

    protected override bool TakesHalves(ReadOnlySpan<Tensor> inputs) => inputs[0].Backend.Kernel<IPool2dKernel>() is ITakesHalves && !Records(inputs);

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var input = inputs[0].Contiguous();
        var output = Tensor.Empty([input.Shape[0], input.Shape[1], args.Rows.Count, args.Columns.Count], input);
        input.Backend.Kernel<IPool2dKernel>().Forward(args, input.View, output.View);
        if (args.Kind == PoolKind.Max) Save(input);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is not { } dInput) return;
        var input = args.Kind == PoolKind.Max ? Saved(0) : null;
        dOutput.Backend.Kernel<IPool2dKernel>().Backward(args, input?.View, dOutput.Contiguous().View, dInput.View);
    }
}
