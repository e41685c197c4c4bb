using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Samples images bilinearly where x depends on the column only and y on the row only:
    /// output[n, :, i, j] = input[n, :, ys[n, i], xs[n, j]] interpolated. <see cref="GridSample"/> without the dense grid.</summary>
    /// <param name="input">[N, C, H, W], H and W at least 1.</param>
    /// <param name="xs">[W_out], or [N, W_out] with one row for each image; in input pixels: 0 is the centre of the first column, W - 1 of the last.</param>
    /// <param name="ys">[H_out] or [N, H_out], in input pixels.</param>
    /// <param name="padding">Zeros: neighbours outside are 0. Border: coordinates are clamped. Reflection is not offered.</param>
    /// <returns>[N, C, H_out, W_out].</returns>
    /// <remarks>Gradients: to the input, the weights scattered; to the coordinates, the slope of the bilinear surface summed over their column or row (0 where clamped, limits included).
    /// NaN gives 0 with zeros padding and pixel 0 with border, with no gradient. Same values as <see cref="GridSample"/> up to rounding.</remarks>
    /// <exception cref="ShapeException">A rank or the batch does not fit, or the image is empty.</exception>
    /// <exception cref="DTypeException">The dtypes differ or are not floating.</exception>
    /// <exception cref="ArgumentValueException">Reflection padding.</exception>
    public static Tensor SeparableSample(Tensor input, Tensor xs, Tensor ys, PaddingMode padding)
    {
        const string op = "separable_sample";
        CheckImage(op, input);
        Check.Parameter(op, input.DType, xs.DType);
        Check.Parameter(op, input.DType, ys.DType);
        CheckPadding(op, padding);
        return Op.Apply(new SeparableSampleOp(padding), input, Rows(op, "xs", xs, input.Shape[0]), Rows(op, "ys", ys, input.Shape[0]));
    }

    /// <summary>As <see cref="SeparableSample(Tensor, Tensor, Tensor, PaddingMode)"/>, straight from a picture's bytes, normalised on the way: (value - mean) / std. Not differentiable.</summary>
    /// <param name="pixels">[H, W, 3] uint8.</param>
    /// <param name="xs">[W_out] float32, in input pixels.</param>
    /// <param name="ys">[H_out] float32, in input pixels.</param>
    /// <param name="padding">Zeros (after normalisation) or border.</param>
    /// <param name="mean">Three means, in the pixels' units (0 to 255).</param>
    /// <param name="std">Three standard deviations, in the pixels' units.</param>
    /// <returns>[1, 3, H_out, W_out] float32.</returns>
    /// <exception cref="ShapeException">A shape does not fit.</exception>
    /// <exception cref="DTypeException">Pixels are not uint8, or coordinates not float32.</exception>
    /// <exception cref="ArgumentValueException">Reflection padding, not three means or deviations, a deviation of 0, or a gradient is wanted.</exception>
    public static Tensor SeparableSample(Tensor pixels, Tensor xs, Tensor ys, PaddingMode padding, ReadOnlySpan<float> mean, ReadOnlySpan<float> std)
    {
        const string op = "separable_sample";
        Check.Shape($"{op}: pixels", pixels.Shape, [Check.Any, Check.Any, 3]);
        if (pixels.DType != DType.UInt8) throw new DTypeException($"{op}: pixels must be uint8, got {pixels.DType.Name()}. Sample float images with the overload without mean and std.");
        if (pixels.Shape.Count == 0) throw new ShapeException($"{op}: pixels", "must have at least one row and one column", pixels.Shape.ToString());
        Check.SameDType(op, DType.Float32, xs.DType);
        Check.SameDType(op, DType.Float32, ys.DType);
        CheckPadding(op, padding);
        Check.That(mean.Length == 3 && std.Length == 3, $"{op}: mean and std must have 3 values, got {mean.Length} and {std.Length}.");
        Check.That(std[0] != 0 && std[1] != 0 && std[2] != 0, $"{op}: std must not be 0, got {std[0]}, {std[1]}, {std[2]}.");
        Check.That(!Grad.IsOn || !(xs.RequiresGrad || ys.RequiresGrad), $"{op}: sampling bytes is not differentiable, got coordinates that require a gradient. Convert the picture to float32 [1, 3, H, W] first.");
        float[] scale = [1 / std[0], 1 / std[1], 1 / std[2]], shift = [-mean[0] / std[0], -mean[1] / std[1], -mean[2] / std[2]];
        return Op.Apply(new SeparableBytesOp(padding, scale, shift), pixels, Rows(op, "xs", xs, 1), Rows(op, "ys", ys, 1));
    }

    /// <summary><see cref="SeparableSample(Tensor, Tensor, Tensor, PaddingMode)"/> of every level of a pyramid at once. The results share one buffer.</summary>
    /// <param name="inputs">One [N, C, H, W] a level, all of one dtype and on one device.</param>
    /// <param name="xs">One [N, W_out] a level, in that level's pixels.</param>
    /// <param name="ys">One [N, H_out] a level.</param>
    /// <param name="padding">Zeros or border.</param>
    internal static Tensor[] SeparableSample(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> xs, IReadOnlyList<Tensor> ys, PaddingMode padding)
    {
        const string op = "separable_sample";
        for (var i = 0; i < inputs.Count; i++)
        {
            CheckImage(op, inputs[i]);
            Check.SameDType(op, inputs[0].DType, inputs[i].DType);
            Check.Parameter(op, inputs[0].DType, xs[i].DType);
            Check.Parameter(op, inputs[0].DType, ys[i].DType);
        }
        CheckPadding(op, padding);
        // One buffer with every level in it is for speed; a graph says one op a level.
        if (GraphCapture.IsOpen) return [.. inputs.Select((x, i) => SeparableSample(x, xs[i], ys[i], padding))];
        var shapes = inputs.Select((x, i) => new Shape([x.Shape[0], x.Shape[1], ys[i].Shape[1], xs[i].Shape[1]])).ToArray();
        var all = Op.Apply(new SeparableLevelsOp(padding, shapes), [.. inputs, .. xs.Select(Wide), .. ys.Select(Wide)]);
        long at = 0;
        var levels = new Tensor[shapes.Length];
        for (var i = 0; i < shapes.Length; at += SeparableLevelsOp.Room(shapes[i++]))
            levels[i] = all.Narrow(0, checked((int)at), checked((int)shapes[i].Count)).Reshape(shapes[i][0], shapes[i][2], shapes[i][3], shapes[i][1]).Permute(0, 3, 1, 2);
        return levels;

        static Tensor Wide(Tensor x) => x.DType.IsHalf() ? x.To(DType.Float32) : x;
    }

    private static void CheckPadding(string op, PaddingMode padding) =>
        Check.That(padding != PaddingMode.Reflection, $"{op}: padding must be zeros or border, got reflection. Use grid_sample.");

    // [count] or [N, count] to [N, count].
    private static Tensor Rows(string op, string what, Tensor coordinates, int batch)
    {
        // 8 bits of mantissa cannot say where a pixel is, but whoever gives them gets what they say.
        if (coordinates.DType.IsHalf()) coordinates = coordinates.To(DType.Float32);
        if (coordinates.Rank == 1) return coordinates.Expand(batch, coordinates.Shape[0]);
        Check.Shape($"{op}: {what}", coordinates.Shape, [batch, Check.Any], "Give one row of coordinates for each image, or one for all.");
        return coordinates;
    }
}

internal sealed class SeparableSampleOp(PaddingMode padding) : Op("separable_sample")
{
    protected internal override OpAttributes Attributes => new() { { "padding_mode", padding.ToString() } };

    protected override bool TakesHalves(ReadOnlySpan<Tensor> inputs) => inputs[0].Backend.Kernel<ISeparableSampleKernel>() is ITakesHalves && !Records(inputs);

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        Tensor input = inputs[0].Contiguous(), xs = inputs[1], ys = inputs[2];
        var output = Tensor.Empty([input.Shape[0], input.Shape[1], ys.Shape[1], xs.Shape[1]], input);
        input.Backend.Kernel<ISeparableSampleKernel>().Forward(padding, input.View, xs.View, ys.View, output.View);
        Save(input, xs, ys);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink) =>
        dOutput.Backend.Kernel<ISeparableSampleKernel>().Backward(padding, Saved(0).View, Saved(1).View, Saved(2).View, dOutput.Contiguous().View,
            sink.Empty(0)?.View, sink.Empty(1)?.View, sink.Empty(2)?.View);
}

internal sealed class SeparableBytesOp(PaddingMode padding, float[] scale, float[] shift) : Op("separable_sample_bytes")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        Tensor pixels = inputs[0].Contiguous(), xs = inputs[1], ys = inputs[2];
        var output = Tensor.Empty([1, 3, ys.Shape[1], xs.Shape[1]], xs);
        pixels.Backend.Kernel<ISeparableSampleKernel>().ForwardFromBytes(padding, pixels.View, xs.View, ys.View, scale, shift, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink) =>
        throw new ArgumentValueException("separable_sample: sampling bytes is not differentiable. Convert the picture to float32 first.");
}

/// <summary>All levels of a pyramid in one buffer, one behind the other: an op has one output.</summary>
internal sealed class SeparableLevelsOp(PaddingMode padding, Shape[] shapes) : Op("separable_sample")
{
    protected override bool TakesHalves(ReadOnlySpan<Tensor> inputs) => inputs[0].Backend.Kernel<ISeparableSampleKernel>() is ITakesHalves && !Records(inputs);

    // Elements: every level starts on a cache line.
    private const int Step = 64;

    /// <summary>Elements that a level takes.</summary>
    public static long Room(Shape shape) => (shape.Count + Step - 1) / Step * Step;

    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var count = shapes.Length;
        var output = Tensor.Empty([checked((int)shapes.Sum(Room))], inputs[0]);
        var kept = new Tensor[inputs.Length];
        for (var i = 0; i < kept.Length; i++) kept[i] = i < count ? inputs[i].Contiguous() : inputs[i];
        var levels = new SampleLevel[count];
        for (var i = 0; i < count; i++) levels[i] = new SampleLevel(kept[i].View, kept[count + i].View, kept[2 * count + i].View, Level(output, i));
        output.Backend.Kernel<ISeparableSampleKernel>().ForwardLevels(padding, levels);
        Save(kept);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        var (count, kernel, upstream) = (shapes.Length, dOutput.Backend.Kernel<ISeparableSampleKernel>(), dOutput.Contiguous());
        for (var i = 0; i < count; i++)
            kernel.Backward(padding, Saved(i).View, Saved(count + i).View, Saved(2 * count + i).View, Level(upstream, i), sink.Empty(i)?.View, sink.Empty(count + i)?.View, sink.Empty(2 * count + i)?.View);
    }

    private TensorView Level(Tensor all, int index)
    {
        var layout = Layout.Default(shapes[index]);
        return all.View.With(new Layout(layout.Shape, layout.Strides, all.View.Layout.Offset + shapes.Take(index).Sum(Room)));
    }
}
