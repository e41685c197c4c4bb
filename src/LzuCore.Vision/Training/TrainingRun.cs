using System.Globalization;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Distributed;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Augment;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Training.Config;
using LzuCore.Vision.Training.Networks;

namespace LzuCore.Vision.Training;

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
            return config.Kind.Build(config, device, processes ?? ProcessGroup.Alone);
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

    internal static TrainingRun Of<TSample>(TrainConfig config, TrainingTask<TrainingPicture<TSample>> task, IDataset<TSample> data, IAugment<TSample> augment,
        Func<TSample, TrainingPicture<TSample>> prepare, bool hasValidation, ProcessGroup processes) => new Whole<TSample>(config, task, data, augment, prepare, hasValidation, processes);

    private protected void Follow<TItem>(Trainer<TItem> trainer)
    {
        trainer.Stepped += step => Stepped?.Invoke(step);
        trainer.Evaluated += evaluation => Evaluated?.Invoke(evaluation);
        trainer.Evaluating += ReportEvaluating;
    }

    private protected void ReportEvaluating(int done, int of) => Evaluating?.Invoke(done, of);

    private sealed class Whole<TSample> : TrainingRun
    {
        private readonly TrainingTask<TrainingPicture<TSample>> _task;
        private readonly Trainer<TrainingPicture<TSample>> _trainer;

        public Whole(TrainConfig config, TrainingTask<TrainingPicture<TSample>> task, IDataset<TSample> data, IAugment<TSample> augment, Func<TSample, TrainingPicture<TSample>> prepare, bool hasValidation, ProcessGroup processes)
            : this(config, task, Loader(config, data, augment, prepare, processes), hasValidation, processes) { }

        private Whole(TrainConfig config, TrainingTask<TrainingPicture<TSample>> task, DataLoader<TSample, TrainingPicture<TSample>> loader, bool hasValidation, ProcessGroup processes)
            : base(config, task.Model, OptionsOf(config, loader.BatchesPerEpoch, hasValidation, processes))
        {
            (_task, HasValidation) = (task, hasValidation);
            DataParallel.SynchronizeNorms(task.Model, processes);
            var optimizer = config.Root.Section("optimizer");
            var epochs = config.Root.Section("training").Has("epochs");
            _trainer = new Trainer<TrainingPicture<TSample>>(task, loader.From, OptimizerSection.Of(optimizer, task.Model),
                OptimizerSection.ScheduleOf(config.Root.Section("schedule"), optimizer.Number("learning_rate"), Options.Steps, epochs ? loader.BatchesPerEpoch / (double)Options.Accumulation : 1), Options);
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
            if (!HasValidation) throw new FileFormatException($"{Config.Root.Place.File}: data must say what is evaluated on: validation_annotations or validation_split.");
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

        private static DataLoader<TSample, TrainingPicture<TSample>> Loader(TrainConfig config, IDataset<TSample> data, IAugment<TSample> augment, Func<TSample, TrainingPicture<TSample>> prepare, ProcessGroup processes)
        {
            var training = config.Root.Section("training");
            return new(data, (sample, draws) => prepare(augment.Apply(sample, draws)),
                new LoaderOptions { BatchSize = training.Whole("batch"), Shuffle = true, GroupByAspect = true, Seed = config.Root.Seed("seed"), Workers = training.Whole("workers"), Rank = processes.Rank, World = processes.World });
        }

        private static TrainerOptions OptionsOf(TrainConfig config, int batchesPerEpoch, bool hasValidation, ProcessGroup processes)
        {
            var training = config.Root.Section("training");
            if (training.Has("steps") == training.Has("epochs")) throw training.Place.Bad("must have one of 'steps' and 'epochs'");
            if (training.Whole("evaluate_every") > 0 && !hasValidation) throw training.Bad("evaluate_every", "needs something to evaluate on: data.validation_annotations or data.validation_split");
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
                Processes = processes,
            };
        }
    }
}
