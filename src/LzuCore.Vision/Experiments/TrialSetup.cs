using LzuCore.Memory;
using LzuCore.Vision.Scenes;
using LzuCore.Warping;

namespace LzuCore.Vision.Experiments;

/// <summary>What trials are made of: streets, ways of showing them, experiments. Streets are remembered, for all trials on the same ones.</summary>
public sealed class TrialSetup
{
    private readonly Dictionary<(DeskWorld, int, int), DeskScenes> _scenes = [];

    /// <summary>How saliency becomes a warp for detection in pictures and in space: attraction over 16 cells, which doubles the rows at the horizon.</summary>
    public static SaliencyToGridOptions DetectionWarp { get; } = new() { AttractionFwhm = 16 };

    /// <summary>The weaker warp of segmentation: attraction over 10 cells.</summary>
    public static SaliencyToGridOptions GentleWarp { get; } = new() { AttractionFwhm = 10 };

    /// <summary>The streets of a trial; shared by all trials on the same ones.</summary>
    public DeskScenes ScenesOf(Trial trial)
    {
        lock (_scenes)
        {
            var key = (trial.World, trial.Training, trial.Test);
            return _scenes.TryGetValue(key, out var known) ? known : _scenes[key] = new DeskScenes(trial.World, trial.Training, trial.Test);
        }
    }

    /// <summary>How a trial shows pictures to its network.</summary>
    /// <param name="trial">Which.</param>
    /// <param name="camera">The camera's share of the pictures' sides: they are shrunk to it first. Methods with one warp for all pictures know lesser cameras than 1.</param>
    /// <exception cref="ArgumentValueException">The method is not one of the task's, or not one for a lesser camera.</exception>
    public Sampling SamplingOf(Trial trial, double camera = 1)
    {
        var scenes = ScenesOf(trial);
        var sampling = SamplingOf(trial.Task, trial.Method, scenes, trial.InputOf(scenes.Picture), camera: camera);
        return camera == 1 || sampling is FixedSampling ? sampling : throw new ArgumentValueException($"laboratory: a lesser camera is for methods with one warp for all pictures, got {Trial.Title(trial.Method)}.");
    }

    /// <summary>How a method shows pictures of streets to its network.</summary>
    /// <param name="task">What is learned.</param>
    /// <param name="method">How pictures are shown.</param>
    /// <param name="scenes">The streets.</param>
    /// <param name="input">The network's size.</param>
    /// <param name="warp">How saliency becomes a warp; the task's own when not given.</param>
    /// <param name="camera">The camera's share of the pictures' sides, for methods with one warp for all pictures.</param>
    /// <exception cref="ArgumentValueException">The method is not one of the task's.</exception>
    public static Sampling SamplingOf(DeskTask task, ZoomMethod method, DeskScenes scenes, Size2 input, SaliencyToGridOptions? warp = null, double camera = 1)
    {
        var picture = scenes.Picture;
        warp ??= task == DeskTask.Segmentation ? GentleWarp : DetectionWarp;
        FixedSampling Fixed(ISaliency? saliency, bool unzooms = true) =>
            new(picture, input, saliency, warp, unzooms) { Camera = camera == 1 ? null : new Size2((int)(camera * picture.Height), (int)(camera * picture.Width)) };
        KernelDensitySaliency FromBoxes() => new(DeskScenes.Grid, bandwidth: scenes.Bandwidth, floor: DeskScenes.Floor);
        return (task, method) switch
        {
            (_, ZoomMethod.Uniform) => Fixed(null),
            (_, ZoomMethod.UniformAveraged) => new AveragedSampling(picture, input),
            (DeskTask.Detection or DeskTask.Detection3d, ZoomMethod.LzuFixed) => Fixed(scenes.BoxesSaliency),
            (DeskTask.Segmentation, ZoomMethod.LzuFixed) => Fixed(scenes.BoundariesSaliency),
            (DeskTask.Detection, ZoomMethod.Fovea) => Fixed(scenes.BoxesSaliency, unzooms: false),
            (DeskTask.Detection, ZoomMethod.LzuAdaptive or ZoomMethod.LzuAdaptiveNoCascade) => new AdaptiveSampling(picture, input, FromBoxes(), warp),
            (DeskTask.Detection, ZoomMethod.LzuLearned) => new AdaptiveSampling(picture, input, new LearnedKernelDensitySaliency(DeskScenes.Grid, bandwidth: scenes.Bandwidth, floor: DeskScenes.Floor), warp),
            (DeskTask.Segmentation, ZoomMethod.Lds) => new LearnedDownsampling(picture, input),
            (DeskTask.Segmentation, ZoomMethod.EdgeSampling) => new BoundaryDownsampling(picture, input),
            _ => throw new ArgumentValueException($"laboratory: {Trial.Title(method)} is not a method of {Trial.Word(task)}."),
        };
    }

    /// <summary>A trial's detector, with first weights.</summary>
    /// <param name="trial">Of 2-D detection.</param>
    /// <param name="camera">As <see cref="SamplingOf(Trial, double)"/> takes it.</param>
    public DetectionExperiment Detection(Trial trial, double camera = 1)
    {
        var sampling = SamplingOf(trial, camera);
        return new(SceneClasses.Objects, sampling, ScenesOf(trial).Detection.Test, new PreviousFrame(sampling.Original) { Cascades = trial.Method == ZoomMethod.LzuAdaptive, Seed = trial.Seed });
    }

    /// <summary>A trial's 3-D detector, with first weights.</summary>
    /// <param name="trial">Of 3-D detection.</param>
    /// <param name="camera">As <see cref="SamplingOf(Trial, double)"/> takes it.</param>
    public Mono3dExperiment Detection3d(Trial trial, double camera = 1) => new(SceneSpace.Classes, SamplingOf(trial, camera), ScenesOf(trial).Detection3d.Test);

    /// <summary>A trial's segmentation network, with first weights.</summary>
    /// <param name="trial">Of segmentation.</param>
    /// <param name="camera">As <see cref="SamplingOf(Trial, double)"/> takes it.</param>
    public SegmentationExperiment Segmentation(Trial trial, double camera = 1) =>
        new(SceneClasses.Labels, ScenesOf(trial).ClassWeights, SamplingOf(trial, camera), ScenesOf(trial).Segmentation.Test);

    /// <summary>A trial's network and method.</summary>
    public IZoomedNetwork NetworkOf(Trial trial) => trial.Task switch
    {
        DeskTask.Detection => Detection(trial),
        DeskTask.Detection3d => Detection3d(trial),
        _ => Segmentation(trial),
    };
}
