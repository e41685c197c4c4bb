using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>Batch norm of [N, C, H, W]. Keys: <c>weight</c>, <c>bias</c>, <c>running_mean</c>, <c>running_var</c> [C], and the count <c>num_batches_tracked</c>, which old
/// checkpoints lack. In training it normalises by the batch and moves the running statistics; in evaluation it uses them. See <see cref="F.BatchNorm"/>.</summary>
public sealed class BatchNorm2d : Layer, IFixedNorm
{
    private readonly double _momentum;
    private readonly Buffer _batches;

    /// <summary>Makes the layer: weight 1, bias 0, running mean 0 and variance 1.</summary>
    /// <param name="features">Channels.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="momentum">Share of each batch in the running statistics.</param>
    public BatchNorm2d(int features, double eps = 1e-5, double momentum = 0.1)
    {
        (Eps, _momentum) = (eps, momentum);
        Weight = Param("weight", [features], static (shape, _) => Tensor.Ones(shape));
        Bias = Param("bias", [features], static (shape, _) => Tensor.Zeros(shape));
        RunningMean = State("running_mean", [features], static (shape, _) => Tensor.Zeros(shape));
        RunningVar = State("running_var", [features], static (shape, _) => Tensor.Ones(shape));
        _batches = State("num_batches_tracked", [], static (shape, _) => Tensor.Zeros(shape, DType.Int64), optional: true);
    }

    /// <summary>Scale [C].</summary>
    public Parameter Weight { get; }

    /// <summary>Shift [C].</summary>
    public Parameter Bias { get; }

    /// <summary>Moving average of batch means [C].</summary>
    public Buffer RunningMean { get; }

    /// <summary>Moving average of unbiased batch variances [C].</summary>
    public Buffer RunningVar { get; }

    /// <summary>Added to the variance.</summary>
    public double Eps { get; }

    /// <summary>In training, the processes over whose batches the statistics are taken; null for this process's batch alone. See <see cref="Distributed.DataParallel.SynchronizeNorms"/>.</summary>
    public ProcessGroup? Across { get; set; }

    bool IFixedNorm.IsFixed => !IsTraining;
    Cell IFixedNorm.Weight => Weight;
    Cell IFixedNorm.Bias => Bias;
    Cell IFixedNorm.RunningMean => RunningMean;
    Cell IFixedNorm.RunningVar => RunningVar;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input)
    {
        Check.Rank("batch_norm: input", input.Shape, 4);
        var output = IsTraining && Across is { World: > 1 } processes
            ? F.SyncBatchNorm(input, processes, RunningMean.Value, RunningVar.Value, Weight.Value, Bias.Value, _momentum, Eps, Update)
            : F.BatchNorm(input, RunningMean.Value, RunningVar.Value, Weight.Value, Bias.Value, IsTraining, _momentum, Eps, Update);
        if (IsTraining) _batches.Value = Tensor.From([_batches.Value.ToArray<long>()[0] + 1], []);
        return output;

        void Update(Tensor mean, Tensor variance)
        {
            RunningMean.Value = mean;
            RunningVar.Value = variance;
        }
    }
}
