using System.Globalization;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Distributed;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Configuration;

/// <summary>A training as a configuration file describes it: everything is read, checked and made; nothing has begun.</summary>
public abstract class TrainingRun
{
    private protected TrainingRun(TrainConfig config, Module model, TrainerOptions options) => (Config, Model, Options) = (config, model, options);

    /// <summary>What it was made from.</summary>
    public TrainConfig Config { get; }

    /// <summary>What is trained.</summary>
    public Module Model { get; }

    /// <summary>How long, and what it leaves on the disk.</summary>
    public TrainerOptions Options { get; }

    /// <summary>Whether the configuration names something to evaluate on.</summary>
    public abstract bool HasValidation { get; }

    /// <summary>Told after each step.</summary>
    public event Action<TrainingStep>? Stepped;

    /// <summary>Told after each evaluation.</summary>
    public event Action<TrainingEvaluation>? Evaluated;

    /// <summary>Told during an evaluation: pictures done, and of how many.</summary>
    public event Action<int, int>? Evaluating;

    /// <summary>Makes everything that a configuration describes. No data set is read further than its annotations.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="processes">The processes that share it, each with batches of the configured size; null for this one alone.</param>
    /// <exception cref="FileFormatException">A file is missing or does not fit; one line, with the place in the configuration.</exception>
    public static TrainingRun Create(TrainConfig config, Device device, ProcessGroup? processes = null)
    {
        try
        {
            return config.Kind.Build(new RunPlan(config, device, processes ?? ProcessGroup.Alone));
        }
        catch (ArgumentValueException fault)
        {
            throw new FileFormatException($"{config.Root.Place.File}: {fault.Message}", fault);
        }
    }

    /// <summary>Trains.</summary>
    /// <param name="resume">Goes on from the checkpoint in the folder, which must be there; without it the folder must hold none.</param>
    /// <param name="cancellation">Asks it to stop: see <see cref="Trainer{TItem}.Run"/>.</param>
    /// <exception cref="FileFormatException">There is no checkpoint to resume, one that does not fit, or one that would be lost.</exception>
    public abstract TrainingResult Run(bool resume, CancellationToken cancellation = default);

    /// <summary>Scores of weights on what the configuration evaluates on.</summary>
    /// <param name="weights">A checkpoint: of the weights, or of a training.</param>
    /// <param name="cancellation">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="FileFormatException">The file is missing or of another network, or nothing is evaluated on.</exception>
    public abstract IReadOnlyList<Score> Evaluate(string weights, CancellationToken cancellation = default);

    /// <summary>Steps made before some weights were written, which files of a training tell; null for others.</summary>
    /// <exception cref="FileFormatException">The file is missing or is no checkpoint.</exception>
    public static int? StepOf(string weights)
    {
        using var file = Checkpoint.Open(weights);
        return int.TryParse(file.Metadata.GetValueOrDefault("step"), NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : null;
    }

    internal static TrainingRun Of<TSample, TItem>(RunPlan plan, TrainingTask<TItem> task, DataLoader<TSample, TItem> loader) => new Whole<TItem>(plan, task, loader.From, loader.BatchesPerEpoch);

    private protected void Follow<TItem>(Trainer<TItem> trainer)
    {
        trainer.Stepped += step => Stepped?.Invoke(step);
        trainer.Evaluated += evaluation => Evaluated?.Invoke(evaluation);
        trainer.Evaluating += ReportEvaluating;
    }

    private protected void ReportEvaluating(int done, int of) => Evaluating?.Invoke(done, of);

    private sealed class Whole<TItem> : TrainingRun
    {
        private readonly TrainingTask<TItem> _task;
        private readonly Trainer<TItem> _trainer;

        public Whole(RunPlan plan, TrainingTask<TItem> task, BatchStream<TItem> batches, int batchesPerEpoch)
            : base(plan.Config, task.Model, OptionsOf(plan, batchesPerEpoch))
        {
            (_task, HasValidation) = (task, plan.HasValidation);
            DataParallel.SynchronizeNorms(task.Model, plan.Processes);
            var optimizer = plan.Root.Section("optimizer");
            var epochs = plan.Training.Has("epochs");
            _trainer = new Trainer<TItem>(task, batches, OptimizerSection.Of(optimizer, task.Model),
                OptimizerSection.ScheduleOf(plan.Root.Section("schedule"), optimizer.Number("learning_rate"), Options.Steps, epochs ? batchesPerEpoch / (double)Options.Accumulation : 1), Options);
            Follow(_trainer);
        }

        public override bool HasValidation { get; }

        public override TrainingResult Run(bool resume, CancellationToken cancellation = default)
        {
            var checkpoint = Path.Combine(Config.Folder, TrainingCheckpoint.FileName);
            if (resume) _trainer.Resume(checkpoint);
            else if (File.Exists(checkpoint)) throw new FileFormatException($"{Config.Root.Place.File}: folder {Config.Folder} holds the checkpoint of a training. Go on from it with --resume, or name another folder.");
            return _trainer.Run(cancellation);
        }

        public override IReadOnlyList<Score> Evaluate(string weights, CancellationToken cancellation = default)
        {
            if (!HasValidation) throw new FileFormatException($"{Config.Root.Place.File}: data must say what is evaluated on: {Config.Kind.ValidationKey}.");
            var device = Model.Parameters.First().Value.Device;
            using (var file = Checkpoint.Open(weights))
            {
                try
                {
                    // A training's checkpoint holds the average beside the weights; what was evaluated is the average.
                    const string average = "average/";
                    var state = file.Tensors.Any(t => t.Name.StartsWith(average, StringComparison.Ordinal)) && Options.AverageDecay is not null
                        ? new StateDict(file.ToStateDict().Select(w => KeyValuePair.Create(w.Key, file.Tensors.FirstOrDefault(t => t.Name == average + w.Key)?.ToTensor() ?? w.Value)))
                        : file.ToStateDict();
                    Model.LoadStateDict(state);
                }
                catch (StateDictException fault)
                {
                    throw new FileFormatException($"weights {weights}: {fault.Message}", fault);
                }
            }
            Model.To(device);
            return _task.Evaluate(ReportEvaluating, cancellation);
        }

        private static TrainerOptions OptionsOf(RunPlan plan, int batchesPerEpoch)
        {
            var (config, training) = (plan.Config, plan.Training);
            if (training.Has("steps") == training.Has("epochs")) throw training.Place.Bad("must have one of 'steps' and 'epochs'");
            if (training.Whole("evaluate_every") > 0 && !plan.HasValidation) throw training.Bad("evaluate_every", $"needs something to evaluate on: data.{config.Kind.ValidationKey}");
            return new TrainerOptions
            {
                Steps = training.Has("steps") ? training.Whole("steps") : Math.Max(1, (int)Math.Min(int.MaxValue, Math.Round(training.Number("epochs") * batchesPerEpoch / training.Whole("accumulation")))),
                Accumulation = training.Whole("accumulation"),
                ClipNorm = training.Has("clip_norm") ? training.Number("clip_norm") : null,
                AverageDecay = training.Has("average_decay") ? training.Number("average_decay") : null,
                EvaluateEvery = training.Whole("evaluate_every"),
                CheckpointEvery = training.Whole("checkpoint_every"),
                CheckpointInterval = TimeSpan.FromMinutes(training.Number("checkpoint_minutes")),
                Folder = config.Folder,
                Fingerprint = config.Fingerprint,
                Processes = plan.Processes,
            };
        }
    }
}
