using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Nn;

/// <summary>Convolution, norm, residual, activation: the block that networks are made of, and the only place that knows folding.</summary>
public static class ConvNormAct
{
    /// <summary><c>activation(norm(conv(x)) + residual)</c>.</summary>
    /// <remarks>With gradients on, or a norm that takes batch statistics, these are separate ops. Under <see cref="Grad.Off"/> with a norm that is fixed
    /// (batch norm in evaluation, frozen batch norm, or none), the norm is folded into weight and bias, which are kept until one of them is written,
    /// and everything is one kernel call (a deformable convolution finds its offsets before). Both agree to 1e-5. A group norm, whose
    /// statistics are each image's own, cannot be folded; under <see cref="Grad.Off"/> it activates in its own pass.</remarks>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="conv">The convolution, plain or deformable.</param>
    /// <param name="norm">The norm after it, or null.</param>
    /// <param name="activation">Applied last.</param>
    /// <param name="residual">Added before the activation; the output's shape.</param>
    /// <param name="residualEnds">Whether the module that calls this reads the residual no more. Under <see cref="Grad.Off"/> the output is then written over it where nobody else can, and the kernel is able to
    /// (<see cref="IConv2dKernel.OverwritesResidual"/>): where the module made it, or got it from a <see cref="Sequential"/> as the result of a layer before. Reading it afterwards is refused.</param>
    public static Tensor Apply(Tensor x, ConvLayer conv, Layer? norm, Activation activation, Tensor? residual = null, bool residualEnds = false)
    {
        if (Folds(x, conv, norm))
        {
            var folded = FoldedConv.Of(conv, norm as IFixedNorm, x.DType);
            if (GraphCapture.IsOpen) folded.Call(conv);
            return conv.Fused(x, folded.Weight, folded.Bias, residual, residualEnds, activation);
        }
        var y = conv.Call(x);
        if (!Grad.IsOn && residual is null && norm is GroupNorm group) return group.Fused(y, activation);
        if (norm is not null) y = norm.Call(y);
        if (residual is not null) y += residual;
        return activation == Activation.Relu ? y.Relu() : y;
    }

    /// <summary><c>activation(norm(conv(x)))</c> of several maps through the same layers, as a head has them for the levels of a pyramid. Each result is that of the map alone, to 1e-5: what is one kernel call for one
    /// map is one for all of them, and small maps share the reading of weights with large ones.</summary>
    /// <param name="maps">[N, C, H, W] each, of any sizes.</param>
    /// <param name="conv">The convolution, plain or deformable.</param>
    /// <param name="norm">The norm after it, or null.</param>
    /// <param name="activation">Applied last.</param>
    public static Tensor[] Apply(Tensor[] maps, ConvLayer conv, Layer? norm, Activation activation)
    {
        if (maps.All(x => Folds(x, conv, norm) && x.DType == maps[0].DType) && maps.Length > 0 && !GraphCapture.IsOpen)
        {
            var folded = FoldedConv.Of(conv, norm as IFixedNorm, maps[0].DType);
            return conv.FusedEach(maps, folded.Weight, folded.Bias, activation);
        }
        if (Grad.IsOn || norm is not GroupNorm group) return [.. maps.Select(x => Apply(x, conv, norm, activation))];
        var sums = Apply(maps, conv, null, Activation.None);
        var results = new Tensor[maps.Length];
        for (var i = 0; i < maps.Length; i++)
        {
            results[i] = group.Fused(sums[i], activation);
            TensorScope.ReleaseEarly(sums[i]);
        }
        return results;
    }

    private static bool Folds(Tensor x, ConvLayer conv, Layer? norm) =>
        !Grad.IsOn && norm is null or IFixedNorm { IsFixed: true } && (x.DType == conv.Weight.Value.DType || (x.DType.IsHalf() && conv.Weight.Value.DType == DType.Float32));
}

/// <summary>A convolution's weight and bias with a norm folded in, and the versions they were made from.</summary>
internal sealed class FoldedConv
{
    private readonly IFixedNorm? _norm;
    private readonly DType _dtype;
    private readonly (int, int, int, int, int, int) _versions;

    private FoldedConv(ConvLayer conv, IFixedNorm? norm, DType dtype, (int, int, int, int, int, int) versions)
    {
        (_norm, _dtype, _versions) = (norm, dtype, versions);
        var weight = conv.Weight.Value;
        var outputs = weight.Shape[0];
        if (norm is null)
        {
            (Weight, Bias) = (Stored(weight), Stored(conv.Bias?.Value ?? Vector(new double[outputs], weight)));
            return;
        }
        var bias = Values(conv.Bias, outputs, 0);
        double[] scale = Values(norm.Weight, outputs, 1), shift = Values(norm.Bias, outputs, 0), mean = Values(norm.RunningMean, outputs, 0), variance = Values(norm.RunningVar, outputs, 1);
        for (var o = 0; o < outputs; o++)
        {
            scale[o] /= Math.Sqrt(variance[o] + norm.Eps);
            bias[o] = (bias[o] - mean[o]) * scale[o] + shift[o];
        }
        var factors = Vector(scale, weight);
        (Weight, Bias) = (weight.Device == Device.Cpu && weight.DType == _dtype ? Tensor.Computed(weight.Shape, _dtype, Fold) : Stored(Folded()), Stored(Vector(bias, weight)));

        void Fold(TensorView to)
        {
            weight.Storage.Lend(() => weight.Backend.Kernel<IZipKernel>().Forward(default(Multiply), weight.View, factors.View.With(new Layout([outputs, 1, 1, 1], [1, 1, 1, 1])), to));
            GC.KeepAlive(factors);
        }

        Tensor Folded()
        {
            var folded = Tensor.Empty(weight.Shape, weight).Persist();
            Fold(folded.View);
            return folded;
        }
    }

    // Folded in the weights' own precision, then rounded once to the activations'.
    private Tensor Stored(Tensor value) => value.DType == _dtype ? value : value.To(_dtype).Persist();

    public Tensor Weight { get; }

    public Tensor Bias { get; }

    // In a graph folded weights are called as those of the convolution.
    public void Call(ConvLayer conv)
    {
        GraphCapture.Call(Weight, conv.Weight.Key);
        GraphCapture.Call(Bias, conv.Bias?.Key ?? conv.Weight.Key[..^"weight".Length] + "bias");
    }

    public static FoldedConv Of(ConvLayer conv, IFixedNorm? norm, DType dtype)
    {
        // The values first: a cell that has none yet makes its first one, which is a write.
        _ = (conv.Weight.Value, conv.Bias?.Value, norm?.Weight?.Value, norm?.Bias?.Value, norm?.RunningMean.Value, norm?.RunningVar.Value);
        var versions = (conv.Weight.Version, conv.Bias?.Version ?? 0, norm?.Weight?.Version ?? 0, norm?.Bias?.Version ?? 0, norm?.RunningMean.Version ?? 0, norm?.RunningVar.Version ?? 0);
        if (conv.Folded is { } kept && ReferenceEquals(kept._norm, norm) && kept._dtype == dtype && kept._versions == versions) return kept;
        return conv.Folded = new FoldedConv(conv, norm, dtype, versions);
    }

    private static double[] Values(Cell? cell, int count, double otherwise)
    {
        if (cell is not null) return cell.Value.To(DType.Float64).ToArray<double>();
        var values = new double[count];
        Array.Fill(values, otherwise);
        return values;
    }

    private static Tensor Vector(double[] values, Tensor like) => Tensor.From(values, [values.Length]).To(like.DType).To(like.Device).Persist();
}
