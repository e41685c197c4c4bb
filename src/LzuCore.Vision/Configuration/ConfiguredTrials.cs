using System.Text.Json.Nodes;
using LzuCore.Memory;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Configuration;

/// <summary>Trials of a training's configuration: the paper's own networks on one's own data. A trial is the configuration with its method's zoom, its scale and its seed, in a folder of its own;
/// everything else is the same for all.</summary>
/// <remarks>The scores are those of the configuration's validation data after the last step. Adaptive zooms are told the frame before, as <c>lzu eval</c> tells them.</remarks>
public sealed class ConfiguredTrials : ITrials
{
    private static readonly string[] OfTheMethod = ["saliency", "map", "unwarp", "resize", "scale", "size"];

    private readonly string _path, _folder;
    private readonly Device _device;
    private readonly int? _steps;

    /// <summary>Reads and checks the configuration.</summary>
    /// <param name="path">The configuration's file.</param>
    /// <param name="folder">Where trials are kept, each in a folder of its own name.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="steps">Steps in place of the configuration's own steps or epochs; null for those.</param>
    /// <exception cref="FileFormatException">Something in it is not as it must be, or it evaluates on nothing.</exception>
    public ConfiguredTrials(string path, string folder, Device device, int? steps = null)
    {
        (_path, _folder, _device, _steps) = (path, Path.GetFullPath(folder), device, steps);
        var run = TrainingRun.Create(TrainConfig.Read(path), device);
        if (!run.HasValidation) throw new FileFormatException($"{path}: data must say what is evaluated on: trials are compared by their scores.");
        Task = run.Config.Task switch { "detection" => DeskTask.Detection, "segmentation" => DeskTask.Segmentation, _ => DeskTask.Detection3d };
    }

    /// <summary>What the configuration trains.</summary>
    public DeskTask Task { get; }

    /// <inheritdoc/>
    public TrialResult? Find(Trial trial) => TrialResult.Load(ResultOf(trial), ConfigOf(trial).Fingerprint);

    /// <inheritdoc/>
    public TrialResult? FindResampled(Trial trial) => null;

    /// <inheritdoc/>
    public MethodCost? CostOf(Trial trial) => null;

    /// <inheritdoc/>
    public bool IsMade(Trial trial, bool withWeights = false) => Find(trial) is not null && (!withWeights || File.Exists(Path.Combine(FolderOf(trial), "last.safetensors")));

    /// <inheritdoc/>
    public int StepsOf(Trial trial) => TrainingRun.Create(ConfigOf(trial), _device).Options.Steps;

    /// <inheritdoc/>
    public void MakeAll(IReadOnlyList<Trial> trials, Action<Trial, TrainingStep>? progress = null, bool withWeights = false, CancellationToken cancellation = default)
    {
        foreach (var trial in trials)
            if (!IsMade(trial, withWeights)) Make(trial, step => progress?.Invoke(trial, step), cancellation);
    }

    private void Make(Trial trial, Action<TrainingStep> stepped, CancellationToken cancellation)
    {
        var config = ConfigOf(trial);
        var run = TrainingRun.Create(config, _device);
        run.Stepped += stepped;
        var trained = run.Run(resume: File.Exists(Path.Combine(FolderOf(trial), TrainingCheckpoint.FileName)), cancellation);
        if (trained.IsInterrupted) throw new OperationCanceledException(cancellation);
        var scores = trained.Evaluation?.Scores ?? run.Evaluate(Path.Combine(FolderOf(trial), "last.safetensors"), cancellation);
        new TrialResult(NameOf(trial), config.Fingerprint, TrialResult.Named(scores), TrialResult.Named([]), new Dictionary<string, double>(), new Dictionary<string, int[]>(), 0, double.NaN).Save(ResultOf(trial));
    }

    private TrainConfig ConfigOf(Trial trial)
    {
        Check.That(trial.Task == Task, $"{_path}: trains {Trial.Word(Task)}, and {Trial.Word(trial.Task)} was asked for.");
        return TrainConfig.Read(_path, root =>
        {
            root["folder"] = FolderOf(trial);
            root["seed"] = (long)trial.Seed;
            var zoom = root["zoom"] as JsonObject ?? [];
            root["zoom"] = zoom;
            foreach (var key in OfTheMethod) zoom.Remove(key);
            zoom["scale"] = trial.Scale;
            var saliency = trial.Method switch
            {
                ZoomMethod.Uniform => null,
                ZoomMethod.LzuFixed or ZoomMethod.Fovea => "training_set",
                ZoomMethod.LzuAdaptive when Task == DeskTask.Detection => "adaptive",
                _ => throw new ArgumentValueException($"{_path}: {Trial.Title(trial.Method)} is not a method that a configuration of {Trial.Word(Task)} knows."),
            };
            if (saliency is not null) zoom["saliency"] = saliency;
            if (trial.Method == ZoomMethod.Fovea) zoom["unwarp"] = "boxes";
            if (_steps is { } steps && root["training"] is JsonObject training)
            {
                training.Remove("epochs");
                training["steps"] = steps;
            }
        });
    }

    private static string NameOf(Trial trial) => FormattableString.Invariant($"{Trial.Word(trial.Task)}-{Trial.Word(trial.Method)}-{trial.Scale:0.00}-seed{trial.Seed}");

    private string FolderOf(Trial trial) => Path.Combine(_folder, NameOf(trial));

    private string ResultOf(Trial trial) => Path.Combine(FolderOf(trial), "result.json");
}
