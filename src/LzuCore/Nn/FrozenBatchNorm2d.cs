using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>Batch norm whose statistics and affine parameters are constants: <c>(x - running_mean) / √(running_var + eps) · weight + bias</c>, in training too.
/// Keys: <c>weight</c>, <c>bias</c>, <c>running_mean</c>, <c>running_var</c> [C], all of them buffers, as in torchvision's detection models.</summary>
public sealed class FrozenBatchNorm2d : Layer, IFixedNorm
{
    /// <summary>Makes the layer: the identity up to eps, until a checkpoint is loaded.</summary>
    /// <param name="features">Channels.</param>
    /// <param name="eps">Added to the variance; 0 in some published checkpoints.</param>
    public FrozenBatchNorm2d(int features, double eps = 1e-5)
    {
        Eps = eps;
        Weight = State("weight", [features], static (shape, _) => Tensor.Ones(shape));
        Bias = State("bias", [features], static (shape, _) => Tensor.Zeros(shape));
        RunningMean = State("running_mean", [features], static (shape, _) => Tensor.Zeros(shape));
        RunningVar = State("running_var", [features], static (shape, _) => Tensor.Ones(shape));
        Drops("num_batches_tracked");
    }

    /// <summary>Scale [C].</summary>
    public Buffer Weight { get; }

    /// <summary>Shift [C].</summary>
    public Buffer Bias { get; }

    /// <summary>Mean [C].</summary>
    public Buffer RunningMean { get; }

    /// <summary>Variance [C].</summary>
    public Buffer RunningVar { get; }

    /// <summary>Added to the variance.</summary>
    public double Eps { get; }

    bool IFixedNorm.IsFixed => true;
    Cell IFixedNorm.Weight => Weight;
    Cell IFixedNorm.Bias => Bias;
    Cell IFixedNorm.RunningMean => RunningMean;
    Cell IFixedNorm.RunningVar => RunningVar;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) =>
        F.BatchNorm(input, RunningMean.Value, RunningVar.Value, Weight.Value, Bias.Value, training: false, eps: Eps);
}
