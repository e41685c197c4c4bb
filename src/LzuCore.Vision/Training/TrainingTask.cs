using LzuCore.Kernels;
using LzuCore.Nn;
using LzuCore.Tensors;
using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Training;

/// <summary>A part of a loss.</summary>
/// <param name="Name">As the log calls it, such as <c>classes</c>.</param>
/// <param name="Value">A scalar that gradients flow from; parts are summed, weights are multiplied in.</param>
public readonly record struct LossTerm(string Name, Tensor Value);

/// <summary>A number of an evaluation.</summary>
/// <param name="Name">As tables call it, such as <c>AP</c>.</param>
/// <param name="Value">NaN where it is not defined.</param>
public readonly record struct Score(string Name, double Value);

/// <summary>How far a training is.</summary>
/// <param name="Step">The optimiser's step that is being made, from 0.</param>
/// <param name="Steps">How many there will be.</param>
/// <param name="Epoch">Times that the data set was seen before, from 0.</param>
public readonly record struct TrainingMoment(int Step, int Steps, int Epoch);

/// <summary>What is trained: a network, what is wrong with its answers, and how good they are.</summary>
/// <remarks>A loss depends on the batch, the moment and the parameters alone, never on what was computed before: that is what lets a training be resumed with equal bits.</remarks>
/// <typeparam name="TItem">A sample, prepared on a loader's thread.</typeparam>
public abstract class TrainingTask<TItem>
{
    /// <summary>Everything that is trained and saved, under the checkpoint's keys.</summary>
    public abstract Module Model { get; }

    /// <summary>The processes that share the training: counts that a loss divides by are of all their batches, and an evaluation is in stretches. Set by the trainer.</summary>
    public ProcessGroup Processes { get; internal set; } = ProcessGroup.Alone;

    /// <summary>The parts of a batch's loss.</summary>
    public abstract IReadOnlyList<LossTerm> Loss(Batch<TItem> batch, TrainingMoment moment);

    /// <summary>Scores on the pictures kept for that; the first is what the best model is chosen by, the more the better.</summary>
    /// <param name="progress">Told how many pictures are done, and of how many.</param>
    /// <param name="cancellation">Ends it with <see cref="OperationCanceledException"/>.</param>
    public abstract IReadOnlyList<Score> Evaluate(Action<int, int>? progress = null, CancellationToken cancellation = default);
}
