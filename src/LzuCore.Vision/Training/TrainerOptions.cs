using LzuCore.Kernels;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Vision.Training;

/// <summary>How long a training runs, how its steps are made, and what it leaves on the disk.</summary>
public sealed record TrainerOptions
{
    /// <summary>The optimiser's steps in all, those before a resume included.</summary>
    public required int Steps { get; init; }

    /// <summary>Batches whose gradients are averaged into one step.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>Gradients are scaled down to this L2 norm, all of them together; null leaves them.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Decay of the average of the weights, which is then what is evaluated and what <c>best</c> and <c>last</c> hold; null for none.</summary>
    public double? AverageDecay { get; init; }

    /// <summary>Steps from one evaluation to the next; one more comes after the last step. 0 for none.</summary>
    public int EvaluateEvery { get; init; }

    /// <summary>Steps from one checkpoint to the next, beside those at the end and when interrupted. 0 for none.</summary>
    public int CheckpointEvery { get; init; }

    /// <summary>Time from one checkpoint to the next, measured when a step ends; null for none.</summary>
    public TimeSpan? CheckpointInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Where checkpoints and logs go; null writes nothing.</summary>
    public string? Folder { get; init; }

    /// <summary>Names what is trained on what and how. A checkpoint with another fingerprint is refused.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>Gradients of a loss; null walks back, and brings the gradients of all processes to their mean.</summary>
    public Func<Tensor, Gradients>? Backward { get; init; }

    /// <summary>The processes that share the training, each with its batches; the first alone logs and writes checkpoints.</summary>
    public ProcessGroup Processes { get; init; } = ProcessGroup.Alone;

    internal void Check()
    {
        Memory.Check.That(Steps >= 1, $"trainer: steps must be 1 or more, got {Steps}.");
        Memory.Check.That(Accumulation >= 1, $"trainer: accumulation must be 1 or more, got {Accumulation}.");
        Memory.Check.That(ClipNorm is null or > 0, $"trainer: the clip norm must be above 0, got {ClipNorm}.");
        Memory.Check.That(EvaluateEvery >= 0 && CheckpointEvery >= 0, $"trainer: steps between evaluations and checkpoints must be 0 or more, got {EvaluateEvery} and {CheckpointEvery}.");
        Memory.Check.That(CheckpointInterval is null || CheckpointInterval >= TimeSpan.Zero, $"trainer: the time between checkpoints must be 0 or more, got {CheckpointInterval}.");
    }
}
