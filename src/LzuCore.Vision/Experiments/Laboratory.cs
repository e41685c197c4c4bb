using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using LzuCore.Memory;
using LzuCore.Nn.Optim;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Scenes;
using LzuCore.Vision.Training;
using LzuCore.Warping;

namespace LzuCore.Vision.Experiments;

/// <summary>Makes trials: trains, tests, remembers. A trial that was made is not made again; one that was stopped goes on where it was.</summary>
/// <remarks>The recipe: AdamW with weight decay 0.01, one cycle up to 0.002 with a tenth of warm-up, gradients clipped to norm 5. Parameters of a learned saliency have no decay and 0.005 of the rate.</remarks>
/// <param name="folder">Where trials are kept, each in a folder of its own name.</param>
public sealed class Laboratory(string folder)
{
    /// <summary>Of everything that a result depends on besides its trial; raised when scenes, networks or recipe change.</summary>
    public const string Version = "desk/1";

    /// <summary>How saliency becomes a warp for detection: attraction over 16 cells, which doubles the rows at the horizon.</summary>
    public static SaliencyToGridOptions DetectionWarp { get; } = new() { AttractionFwhm = 16 };

    /// <summary>The weaker warp of 3-D detection and segmentation: attraction over 10 cells.</summary>
    public static SaliencyToGridOptions GentleWarp { get; } = new() { AttractionFwhm = 10 };

    private const double Rate = 2e-3, WarmUp = 0.1, Decay = 0.01, Clip = 5, SaliencyRate = 0.005;
    private const int LossWindow = 50;

    private readonly Dictionary<(DeskWorld, int, int), DeskScenes> _scenes = [];

    /// <summary>The streets of a trial; shared by all trials on the same ones.</summary>
    public DeskScenes ScenesOf(Trial trial)
    {
        lock (_scenes)
        {
            var key = (trial.World, trial.Training, trial.Test);
            return _scenes.TryGetValue(key, out var known) ? known : _scenes[key] = new DeskScenes(trial.World, trial.Training, trial.Test);
        }
    }

    /// <summary>What came out of a trial that was made before; null for others.</summary>
    /// <exception cref="FileFormatException">The file is damaged.</exception>
    public TrialResult? Find(Trial trial) => TrialResult.Load(ResultOf(trial), Version);

    /// <summary>The trained weights of a trial that was made.</summary>
    public string WeightsOf(Trial trial) => Path.Combine(folder, trial.Name, "last.safetensors");

    /// <summary>Makes a trial, or tells what came out when it was made.</summary>
    /// <param name="trial">Which.</param>
    /// <param name="stepped">Told after each step of training.</param>
    /// <param name="cancellation">Stops it: the training goes on from there next time, and <see cref="OperationCanceledException"/> is thrown.</param>
    public TrialResult Make(Trial trial, Action<TrainingStep>? stepped = null, CancellationToken cancellation = default)
    {
        if (Find(trial) is { } made) return made;
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
    /// <param name="cancellation">Stops all of them; they go on from there next time.</param>
    public void MakeAll(IReadOnlyList<Trial> trials, Action<Trial, TrainingStep>? progress = null, CancellationToken cancellation = default)
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
                    Make(trials[i], step => progress?.Invoke(trials[i], step), stop.Token);
                }
                catch (Exception fault)
                {
                    faults.Enqueue(fault);
                    stop.Cancel();
                }
            }
        }
    }

    /// <summary>How a trial shows pictures to its network.</summary>
    /// <exception cref="ArgumentValueException">The method is not one of the task's.</exception>
    public Sampling SamplingOf(Trial trial)
    {
        var scenes = ScenesOf(trial);
        return SamplingOf(trial.Task, trial.Method, scenes, trial.InputOf(scenes.Picture));
    }

    /// <summary>How a method shows pictures of streets to its network.</summary>
    /// <param name="task">What is learned.</param>
    /// <param name="method">How pictures are shown.</param>
    /// <param name="scenes">The streets.</param>
    /// <param name="input">The network's size.</param>
    /// <param name="warp">How saliency becomes a warp; the task's own when not given.</param>
    /// <exception cref="ArgumentValueException">The method is not one of the task's.</exception>
    public static Sampling SamplingOf(DeskTask task, ZoomMethod method, DeskScenes scenes, Size2 input, SaliencyToGridOptions? warp = null)
    {
        var picture = scenes.Picture;
        warp ??= task == DeskTask.Detection ? DetectionWarp : GentleWarp;
        KernelDensitySaliency FromBoxes() => new(DeskScenes.Grid, bandwidth: scenes.Bandwidth, floor: DeskScenes.Floor);
        return (task, method) switch
        {
            (_, ZoomMethod.Uniform) => new FixedSampling(picture, input, null),
            (_, ZoomMethod.UniformAveraged) => new AveragedSampling(picture, input),
            (DeskTask.Detection or DeskTask.Detection3d, ZoomMethod.LzuFixed) => new FixedSampling(picture, input, scenes.BoxesSaliency, warp),
            (DeskTask.Segmentation, ZoomMethod.LzuFixed) => new FixedSampling(picture, input, scenes.BoundariesSaliency, warp),
            (DeskTask.Detection, ZoomMethod.Fovea) => new FixedSampling(picture, input, scenes.BoxesSaliency, warp, unzooms: false),
            (DeskTask.Detection, ZoomMethod.LzuAdaptive or ZoomMethod.LzuAdaptiveNoCascade) => new AdaptiveSampling(picture, input, FromBoxes(), warp),
            (DeskTask.Detection, ZoomMethod.LzuLearned) => new AdaptiveSampling(picture, input, new LearnedKernelDensitySaliency(DeskScenes.Grid, bandwidth: scenes.Bandwidth, floor: DeskScenes.Floor), warp),
            (DeskTask.Segmentation, ZoomMethod.Lds) => new LearnedDownsampling(picture, input),
            (DeskTask.Segmentation, ZoomMethod.EdgeSampling) => new BoundaryDownsampling(picture, input),
            _ => throw new ArgumentValueException($"laboratory: {Trial.Title(method)} is not a method of {Trial.Word(task)}."),
        };
    }

    private TrialResult MakeDetection(Trial trial, string place, Action<TrainingStep>? stepped, CancellationToken cancellation)
    {
        var scenes = ScenesOf(trial);
        var sampling = SamplingOf(trial);
        var experiment = new DetectionExperiment(SceneClasses.Objects, sampling, scenes.Detection.Test, new PreviousFrame(scenes.Picture) { Cascades = trial.Method == ZoomMethod.LzuAdaptive, Seed = trial.Seed });
        var (seconds, loss) = Train(trial, experiment, experiment.Loader(scenes.Detection.Training, LoaderOf(trial)).From, place, stepped, cancellation);
        var stills = sampling.NeedsBoxes ? null : experiment.Score(experiment.Pictures(scenes.Detection.Test), cancellation: cancellation);
        var sequences = experiment.Score(experiment.Pictures(scenes.Sequences), DeskScenes.Frames, cancellation: cancellation);
        var shown = stills ?? sequences;
        return new TrialResult(trial.Name, Version, TrialResult.Named(stills?.Scores ?? []), TrialResult.Named(sequences.Scores),
            ByName(experiment.Classes, shown.PerClass), ByName(experiment.Classes, [.. shown.Counts.Select(c => new[] { c.Small, c.Medium, c.Large })]), seconds, loss);
    }

    private TrialResult MakeDetection3d(Trial trial, string place, Action<TrainingStep>? stepped, CancellationToken cancellation)
    {
        var scenes = ScenesOf(trial);
        var experiment = new Mono3dExperiment(SceneSpace.Classes, SamplingOf(trial), scenes.Detection3d.Test);
        var (seconds, loss) = Train(trial, experiment, experiment.Loader(scenes.Detection3d.Training, LoaderOf(trial)).From, place, stepped, cancellation);
        var scores = experiment.Score(experiment.Pictures(scenes.Detection3d.Test), cancellation: cancellation);
        return new TrialResult(trial.Name, Version, TrialResult.Named(scores.Scores), TrialResult.Named([]),
            ByName(SceneClasses.Objects, scores.PerClass), ByName(SceneClasses.Objects, [.. scores.Counts.Select(c => new[] { c.Near, c.Far })]), seconds, loss);
    }

    private TrialResult MakeSegmentation(Trial trial, string place, Action<TrainingStep>? stepped, CancellationToken cancellation)
    {
        var scenes = ScenesOf(trial);
        var experiment = new SegmentationExperiment(SceneClasses.Labels, scenes.ClassWeights, SamplingOf(trial), scenes.Segmentation.Test);
        var (seconds, loss) = Train(trial, experiment, experiment.Loader(scenes.Segmentation.Training, LoaderOf(trial)).From, place, stepped, cancellation);
        var scores = experiment.Score(experiment.Pictures(scenes.Segmentation.Test), cancellation: cancellation);
        return new TrialResult(trial.Name, Version, TrialResult.Named(scores.Scores), TrialResult.Named([]),
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
            Fingerprint = string.Create(CultureInfo.InvariantCulture, $"{Version} {trial}"),
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

    private string ResultOf(Trial trial) => Path.Combine(folder, trial.Name, "result.json");
}
