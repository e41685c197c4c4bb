using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Training;

/// <summary>A part of a step's loss.</summary>
/// <param name="Name">As the task calls it.</param>
/// <param name="Value">The mean over the step's batches.</param>
public readonly record struct LossValue(string Name, double Value);

/// <summary>How far a training came: all that a resume needs beside the weights and the optimiser's state.</summary>
/// <param name="Step">Steps made.</param>
/// <param name="Next">The batch that comes next.</param>
/// <param name="Evaluated">Steps made before the last evaluation.</param>
/// <param name="Best">The best first score so far; NaN before there is one.</param>
/// <param name="BestStep">Steps made before it.</param>
public readonly record struct TrainingProgress(int Step, LoaderPosition Next, int Evaluated, double Best, int BestStep)
{
    /// <summary>Before the first step.</summary>
    public static TrainingProgress Start => new(0, default, 0, double.NaN, 0);
}

/// <summary>A step that was made.</summary>
/// <param name="Step">Its number, from 1: steps made so far.</param>
/// <param name="Steps">How many there will be.</param>
/// <param name="Epoch">Times that the data set was seen before, from 0.</param>
/// <param name="Losses">The parts of the loss.</param>
/// <param name="LearningRate">Before the groups' factors.</param>
/// <param name="GradientNorm">L2, before clipping.</param>
/// <param name="PicturesPerSecond">Lately, evaluations and checkpoints not counted.</param>
/// <param name="Remaining">Time to the last step at that pace.</param>
public sealed record TrainingStep(
    int Step, int Steps, int Epoch, IReadOnlyList<LossValue> Losses, double LearningRate, double GradientNorm, double PicturesPerSecond, TimeSpan Remaining)
{
    /// <summary>The sum of the parts.</summary>
    public double Loss => Losses.Sum(l => l.Value);
}

/// <summary>An evaluation that was made.</summary>
/// <param name="Step">Steps made before it.</param>
/// <param name="Scores">What came out.</param>
/// <param name="IsBest">Whether the first score is above all before.</param>
public sealed record TrainingEvaluation(int Step, IReadOnlyList<Score> Scores, bool IsBest);

/// <summary>How a training ended.</summary>
/// <param name="IsInterrupted">It was asked to stop before its last step; a checkpoint of the last step made was written.</param>
/// <param name="Progress">How far it came.</param>
/// <param name="Last">The last step of this run; null when it made none.</param>
/// <param name="Evaluation">The last evaluation of this run; null when there was none.</param>
public sealed record TrainingResult(bool IsInterrupted, TrainingProgress Progress, TrainingStep? Last, TrainingEvaluation? Evaluation);
