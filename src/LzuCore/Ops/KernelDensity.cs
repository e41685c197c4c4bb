using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Boxes [m, 4 or more] to a saliency map [h, w] of sum 1. Documented at <c>Warping.KernelDensitySaliency</c>. Gradient: to amplitude and bandwidth.</summary>
    internal static Tensor KernelDensity(Tensor boxes, Tensor amplitude, Tensor bandwidth, Size2 grid, Size2 image, double floor)
    {
        foreach (var (name, value) in (ReadOnlySpan<(string, double)>)[("amplitude", amplitude.Item()), ("bandwidth", bandwidth.Item())])
            Check.That(value > 0 && double.IsFinite(value), $"kde_saliency: {name} must be positive and finite, got {value}.");
        return Density(boxes, amplitude, bandwidth, grid, image, floor);
    }

    /// <summary>As the other, of numbers that are positive and finite: nothing is asked of the device.</summary>
    internal static Tensor KernelDensity(Tensor boxes, double amplitude, double bandwidth, Size2 grid, Size2 image, double floor) =>
        Density(boxes, Tensor.Full([], amplitude, boxes.DType, boxes.Device), Tensor.Full([], bandwidth, boxes.DType, boxes.Device), grid, image, floor);

    private static Tensor Density(Tensor boxes, Tensor amplitude, Tensor bandwidth, Size2 grid, Size2 image, double floor)
    {
        const string op = "kde_saliency";
        Check.Floating($"{op}: boxes", boxes.DType);
        if (boxes.Rank != 2 || boxes.Shape[1] < 4) throw new ShapeException($"{op}: boxes", "must be [m, 4 or more] (left, top, right, bottom)", boxes.Shape.ToString());
        Check.SameDType(op, boxes.DType, amplitude.DType);
        Check.SameDType(op, boxes.DType, bandwidth.DType);
        Check.That(grid.Height >= 2 && grid.Width >= 2, $"{op}: grid must be at least 2x2, got {grid}.");
        Check.That(image.Height > 0 && image.Width > 0, $"{op}: image must not be empty, got {image}.");
        Check.That(floor >= 0 && double.IsFinite(floor), $"{op}: floor must be finite and not negative, got {floor}.");
        return Op.Apply(new KernelDensityOp(new KernelDensityArgs(image, floor), grid), boxes, amplitude, bandwidth);
    }
}

internal sealed class KernelDensityOp(KernelDensityArgs args, Size2 grid) : Op("kde_saliency")
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var output = Tensor.Empty([grid.Height, grid.Width], inputs[0]);
        var ok = output.Backend.Kernel<IKernelDensityKernel>().Forward(args, inputs[0].View, inputs[1].View, inputs[2].View, output.View);
        Check.That(ok, $"{Name}: box coordinates must be finite, got {inputs[0].Shape} with some that are not. Drop those detections first.");
        Save(inputs[0], inputs[1], inputs[2]);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink) =>
        dOutput.Backend.Kernel<IKernelDensityKernel>().Backward(args, Saved(0).View, Saved(1).View, Saved(2).View, dOutput.View, sink.Empty(1)?.View, sink.Empty(2)?.View);
}
