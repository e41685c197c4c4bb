using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using LzuCore.Memory;
using LzuCore.Nn.Optim;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Scenes;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Experiments;

/// <summary>Makes trials: trains, tests, remembers. A trial that was made is not made again; one that was stopped goes on where it was.</summary>
/// <remarks>The recipe: AdamW with weight decay 0.01, one cycle up to 0.002 with a tenth of warm-up, gradients clipped to norm 5. Parameters of a learned saliency have no decay and 0.005 of the rate.</remarks>
/// <param name="folder">Where trials are kept, each in a folder of its own name.</param>
public sealed class Laboratory(string folder) : ITrials
{
    /// <summary>Of everything that a task's results depend on besides their trials; raised when scenes, networks or recipe change.</summary>
    public static string VersionOf(DeskTask task) => task == DeskTask.Detection3d ? "desk/2" : "desk/1";

    /// <summary>The cameras of <see cref="Resample"/>, as shares of the pictures' sides.</summary>
    public static IReadOnlyList<double> Cameras { get; } = [0.25, 0.5, 0.75, 1];

    private const double Rate = 2e-3, WarmUp = 0.1, Decay = 0.01, Clip = 5, SaliencyRate = 0.005;
    private const int LossWindow = 50;

    private readonly Dictionary<(DeskTask, double, int, int), MethodCost.Baseline> _baselines = [];

    /// <summary>What trials are made of.</summary>
    public TrialSetup Setup { get; } = new();

    /// <summary>What came out of a trial that was made before; null for others.</summary>
    /// <exception cref="FileFormatException">The file is damaged.</exception>
    public TrialResult? Find(Trial trial) => TrialResult.Load(ResultOf(trial), VersionOf(trial.Task));

    /// <summary>What came out of a trial under lesser cameras; null where <see cref="Resample"/> was not called.</summary>
    /// <exception cref="FileFormatException">The file is damaged.</exception>
    public TrialResult? FindResampled(Trial trial) => TrialResult.Load(ResampledOf(trial), VersionOf(trial.Task));

    /// <summary>The trained weights of a trial that was made.</summary>
    public string WeightsOf(Trial trial) => Path.Combine(folder, trial.Name, "last.safetensors");

    /// <inheritdoc/>
    public int StepsOf(Trial trial) => trial.Steps;

    /// <inheritdoc/>
    public bool IsMade(Trial trial, bool withWeights = false) => Find(trial) is not null && (!withWeights || File.Exists(WeightsOf(trial)));

    /// <summary>Makes a trial, or tells what came out when it was made.</summary>
    /// <param name="trial">Which.</param>
    /// <param name="stepped">Told after each step of training.</param>
    /// <param name="withWeights">Whether it is made again where its weights are gone.</param>
    /// <param name="cancellation">Stops it: the training goes on from there next time, and <see cref="OperationCanceledException"/> is thrown.</param>
    public TrialResult Make(Trial trial, Action<TrainingStep>? stepped = null, bool withWeights = false, CancellationToken cancellation = default)
    {
        if (IsMade(trial, withWeights)) return Find(trial)!;
        var place = Path.Combine(folder, trial.Name);
        Directory.CreateDirectory(place);
        var result = trial.Task switch
        {
            DeskTask.Detection => MakeDetection(trial, place, stepped, cancellation),
            DeskTask.Detection3d => MakeDetection3d(trial, place, stepped, cancellation),
            _ => MakeSegmentation(trial, place, stepped, cancellation),
        };
        result.Save(ResultOf(trial));
        File.Delete(Path.Combine(place, TrainingCheckpoint.FileName));
        return result;
    }

    /// <summary>Makes trials, several at a time, each on a thread of its own: small networks gain less from two threads than two trainings do.</summary>
    /// <param name="trials">Which; those made before are not made again.</param>
    /// <param name="progress">Told by several threads: a trial and how far it is.</param>
    /// <param name="withWeights">Whether those are made again whose weights are gone.</param>
    /// <param name="cancellation">Stops all of them; they go on from there next time.</param>
    public void MakeAll(IReadOnlyList<Trial> trials, Action<Trial, TrainingStep>? progress = null, bool withWeights = false, CancellationToken cancellation = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var faults = new ConcurrentQueue<Exception>();
        var next = -1;
        Thread[] threads = [.. Enumerable.Range(0, Math.Min(ParallelRows.Threads, trials.Count)).Select(i => new Thread(Work) { Name = $"lzu trial {i}" })];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        if (faults.TryDequeue(out var fault)) ExceptionDispatchInfo.Throw(fault);

        void Work()
        {
            ParallelRows.WorkAlone();
            while (!stop.IsCancellationRequested && Interlocked.Increment(ref next) is var i && i < trials.Count)
            {
                try
                {
                    Make(trials[i], step => progress?.Invoke(trials[i], step), withWeights, stop.Token);
                }
                catch (Exception fault)
                {
                    faults.Enqueue(fault);
                    stop.Cancel();
                }
            }
        }
    }

    /// <summary>Tests what was trained on the pictures of lesser cameras: evenly shrunk to a quarter, a half, three quarters of their sides, and as they are.</summary>
    /// <param name="trial">A trial of detection that was made, of a method with one warp for all pictures.</param>
    /// <param name="cancellation">Stops it; nothing is kept.</param>
    /// <returns>The first score by camera, as <see cref="CameraColumn"/> names them.</returns>
    /// <exception cref="ArgumentValueException">The trial is another's, or its weights are not there.</exception>
    public TrialResult Resample(Trial trial, CancellationToken cancellation = default)
    {
        if (FindResampled(trial) is { } made) return made;
        Check.That(trial.Task is DeskTask.Detection or DeskTask.Detection3d, $"laboratory: lesser cameras are for detection, got {Trial.Word(trial.Task)}.");
        var scores = Cameras.ToDictionary(CameraColumn, camera => (trial.Task == DeskTask.Detection3d
            ? Trained(trial, Setup.Detection3d(trial, camera)).Evaluate(cancellation: cancellation)
            : Trained(trial, Setup.Detection(trial, camera)).Evaluate(cancellation: cancellation))[0].Value);
        var result = new TrialResult(trial.Name, VersionOf(trial.Task), scores, TrialResult.Named([]), new Dictionary<string, double>(), new Dictionary<string, int[]>(), 0, double.NaN);
        result.Save(ResampledOf(trial));
        return result;
    }

    /// <summary>How <see cref="Resample"/> calls a camera.</summary>
    public static string CameraColumn(double camera) => string.Create(CultureInfo.InvariantCulture, $"from {camera}x");

    /// <summary>Gives an experiment the weights that its trial was trained to.</summary>
    /// <exception cref="ArgumentValueException">They are not there.</exception>
    public TExperiment Trained<TExperiment>(Trial trial, TExperiment experiment) where TExperiment : IZoomedNetwork
    {
        if (!File.Exists(WeightsOf(trial))) throw new ArgumentValueException($"laboratory: {WeightsOf(trial)} is not there; make the trial first.");
        using var file = Safetensors.Read(WeightsOf(trial));
        experiment.Model.LoadStateDict(file.ToStateDict());
        return experiment;
    }

    /// <summary>What a trial's method costs on the first test picture. The baseline is measured once for all methods of a task and scale.</summary>
    public MethodCost? CostOf(Trial trial)
    {
        trial = trial with { Seed = 0, World = DeskWorld.Steady };
        var sample = Setup.ScenesOf(trial).Detection.Test.Load(0, new PictureReader());
        var key = (trial.Task, trial.Scale, trial.Training, trial.Test);
        if (!_baselines.TryGetValue(key, out var baseline)) _baselines[key] = baseline = new(Setup.NetworkOf(trial with { Method = ZoomMethod.Uniform }), sample.Image, sample.Boxes);
        return baseline.Of(Setup.NetworkOf(trial));
    }

    private TrialResult MakeDetection(Trial trial, string place, Action<TrainingStep>? stepped, CancellationToken cancellation)
    {
        var scenes = Setup.ScenesOf(trial);
        var experiment = Setup.Detection(trial);
        var (seconds, loss) = Train(trial, experiment, experiment.Loader(scenes.Detection.Training, LoaderOf(trial)).From, place, stepped, cancellation);
        var stills = experiment.Sampling.NeedsBoxes ? null : experiment.Score(experiment.Pictures(scenes.Detection.Test), cancellation: cancellation);
        var sequences = experiment.Score(experiment.Pictures(scenes.Sequences), DeskScenes.Frames, cancellation: cancellation);
        var shown = stills ?? sequences;
        return new TrialResult(trial.Name, VersionOf(trial.Task), TrialResult.Named(stills?.Scores ?? []), TrialResult.Named(sequences.Scores),
            ByName(experiment.Classes, shown.PerClass), ByName(experiment.Classes, [.. shown.Counts.Select(c => new[] { c.Small, c.Medium, c.Large })]), seconds, loss);
    }

    private TrialResult MakeDetection3d(Trial trial, string place, Action<TrainingStep>? stepped, CancellationToken cancellation)
    {
        var scenes = Setup.ScenesOf(trial);
        var experiment = Setup.Detection3d(trial);
        var (seconds, loss) = Train(trial, experiment, experiment.Loader(scenes.Detection3d.Training, LoaderOf(trial)).From, place, stepped, cancellation);
        var scores = experiment.Score(experiment.Pictures(scenes.Detection3d.Test), cancellation: cancellation);
        return new TrialResult(trial.Name, VersionOf(trial.Task), TrialResult.Named(scores.Scores), TrialResult.Named([]),
            ByName(SceneClasses.Objects, scores.PerClass), ByName(SceneClasses.Objects, [.. scores.Counts.Select(c => new[] { c.Near, c.Far })]), seconds, loss);
    }

    private TrialResult MakeSegmentation(Trial trial, string place, Action<TrainingStep>? stepped, CancellationToken cancellation)
    {
        var scenes = Setup.ScenesOf(trial);
        var experiment = Setup.Segmentation(trial);
        var (seconds, loss) = Train(trial, experiment, experiment.Loader(scenes.Segmentation.Training, LoaderOf(trial)).From, place, stepped, cancellation);
        var scores = experiment.Score(experiment.Pictures(scenes.Segmentation.Test), cancellation: cancellation);
        return new TrialResult(trial.Name, VersionOf(trial.Task), TrialResult.Named(scores.Scores), TrialResult.Named([]),
            ByName(SceneClasses.Labels, scores.PerClass), new Dictionary<string, int[]>(), seconds, loss);
    }

    private static Dictionary<string, T> ByName<T>(IReadOnlyList<string> names, IReadOnlyList<T> values) => names.Zip(values).ToDictionary(p => p.First, p => p.Second);

    private static LoaderOptions LoaderOf(Trial trial) => new() { BatchSize = trial.Batch, Shuffle = true, DropLast = true, Seed = trial.Seed, Workers = 1 };

    private static (double Seconds, double Loss) Train<TItem>(
        Trial trial, TrainingTask<TItem> task, BatchStream<TItem> batches, string place, Action<TrainingStep>? stepped, CancellationToken cancellation)
    {
        var model = task.Model;
        model.Reset(trial.Seed);
        var learned = model.Parameters.Where(p => p.Key.StartsWith("saliency.theta", StringComparison.Ordinal)).ToArray();
        var optimizer = new AdamW([new ParameterGroup([.. model.Parameters.Except(learned)]), new ParameterGroup(learned, SaliencyRate, WeightDecay: 0)], Rate, weightDecay: Decay);
        var options = new TrainerOptions
        {
            Steps = trial.Steps,
            ClipNorm = Clip,
            CheckpointInterval = TimeSpan.FromSeconds(30),
            Folder = place,
            Fingerprint = string.Create(CultureInfo.InvariantCulture, $"{VersionOf(trial.Task)} {trial}"),
        };
        var trainer = new Trainer<TItem>(task, batches, optimizer, Schedules.OneCycle(Rate, trial.Steps, WarmUp), options);
        var checkpoint = Path.Combine(place, TrainingCheckpoint.FileName);
        if (File.Exists(checkpoint)) trainer.Resume(checkpoint);
        var losses = new Queue<double>();
        trainer.Stepped += step =>
        {
            losses.Enqueue(step.Loss);
            if (losses.Count > LossWindow) losses.Dequeue();
            stepped?.Invoke(step);
        };
        var clock = Stopwatch.StartNew();
        if (trainer.Run(cancellation).IsInterrupted) throw new OperationCanceledException(cancellation);
        return (clock.Elapsed.TotalSeconds, losses.DefaultIfEmpty(double.NaN).Average());
    }

    private string ResampledOf(Trial trial) => Path.Combine(folder, trial.Name, "cameras.json");

    private string ResultOf(Trial trial) => Path.Combine(folder, trial.Name, "result.json");
}
