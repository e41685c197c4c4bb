using LzuCore.Vision.Training;

namespace LzuCore.Vision.Experiments;

/// <summary>Makes trials and remembers what came out of them.</summary>
public interface ITrials
{
    /// <summary>What came out of a trial that was made before; null for others.</summary>
    TrialResult? Find(Trial trial);

    /// <summary>What came out of it under lesser cameras; null where that was not tested.</summary>
    TrialResult? FindResampled(Trial trial);

    /// <summary>What its method costs; null where that is not measured.</summary>
    MethodCost? CostOf(Trial trial);

    /// <summary>Whether a trial was made.</summary>
    /// <param name="trial">Which.</param>
    /// <param name="withWeights">Whether its weights are wanted besides its scores.</param>
    bool IsMade(Trial trial, bool withWeights = false);

    /// <summary>Steps of a trial's training.</summary>
    int StepsOf(Trial trial);

    /// <summary>Makes trials; those made before are not made again, and those that were stopped go on.</summary>
    /// <param name="trials">Which.</param>
    /// <param name="progress">Told after each step, by several threads: a trial and how far it is.</param>
    /// <param name="withWeights">Whether those are made again whose weights are gone.</param>
    /// <param name="cancellation">Stops all of them; they go on from there next time, and <see cref="OperationCanceledException"/> is thrown.</param>
    void MakeAll(IReadOnlyList<Trial> trials, Action<Trial, TrainingStep>? progress = null, bool withWeights = false, CancellationToken cancellation = default);
}
