using System.Globalization;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Vision.Models;
using LzuCore.Warping;

namespace LzuCore.Vision.Experiments;

/// <summary>A trained small detector in a file of its own: float16 weights, where it looks, and what made it.</summary>
/// <remarks>One safetensors file: the model's keys, <c>saliency_map</c> [h, w] where there is a fixed zoom, and in its metadata the method, the command and the scores.</remarks>
public sealed class DeskWeights
{
    private const string MapKey = "saliency_map";

    private DeskWeights(ZoomMethod method, double scale, StateDict state, FixedSaliency? saliency, IReadOnlyDictionary<string, string> origin) =>
        (Method, Scale, State, Saliency, Origin) = (method, scale, state, saliency, origin);

    /// <summary>How it is shown pictures.</summary>
    public ZoomMethod Method { get; }

    /// <summary>The network's share of the picture's sides.</summary>
    public double Scale { get; }

    /// <summary>Parameters and buffers.</summary>
    public StateDict State { get; }

    /// <summary>Where it looks; null everywhere alike.</summary>
    public FixedSaliency? Saliency { get; }

    /// <summary>What made it, as text: command, seed, scores.</summary>
    public IReadOnlyDictionary<string, string> Origin { get; }

    /// <summary>How it is shown pictures of a size.</summary>
    public Sampling SamplingFor(Size2 picture)
    {
        var input = new Trial(DeskTask.Detection, Method) { Scale = Scale }.InputOf(picture);
        return Method == ZoomMethod.UniformAveraged ? new AveragedSampling(picture, input) : new FixedSampling(picture, input, Saliency, TrialSetup.DetectionWarp, unzooms: Method != ZoomMethod.Fovea);
    }

    /// <summary>Writes a made trial's weights.</summary>
    /// <param name="path">The file.</param>
    /// <param name="laboratory">Where the trial was made.</param>
    /// <param name="trial">A detection trial with one warp for all pictures.</param>
    /// <param name="command">What to type to make it again.</param>
    /// <exception cref="ArgumentValueException">The trial was not made, or looks elsewhere in every picture.</exception>
    public static void Save(string path, Laboratory laboratory, Trial trial, string command)
    {
        var result = laboratory.Find(trial) ?? throw new ArgumentValueException($"weights: {trial.Name} was not made yet. Make it first.");
        Check.That(trial.Task == DeskTask.Detection && laboratory.Setup.SamplingOf(trial) is not AdaptiveSampling, $"weights: only detectors with one warp for all pictures are bundled, got {trial.Name}.");
        using var file = Safetensors.Read(laboratory.WeightsOf(trial));
        var tensors = file.ToStateDict().Where(t => t.Value.DType.IsFloating()).Select(t => KeyValuePair.Create(t.Key, t.Value.To(DType.Float16))).ToList();
        if (trial.Method is ZoomMethod.LzuFixed or ZoomMethod.Fovea)
            tensors.Add(new(MapKey, laboratory.Setup.ScenesOf(trial).BoxesSaliency.Map(new SaliencyContext(1, 1)).Reshape(DeskScenes.Grid.Height, DeskScenes.Grid.Width).To(DType.Float16)));
        var origin = new Dictionary<string, string>
        {
            ["method"] = Trial.Word(trial.Method),
            ["scale"] = trial.Scale.ToString(CultureInfo.InvariantCulture),
            ["trial"] = trial.Name,
            ["version"] = Laboratory.VersionOf(trial.Task),
            ["command"] = command,
        };
        foreach (var (name, value) in result.Stills) origin[name] = value.ToString("0.00", CultureInfo.InvariantCulture);
        Safetensors.Write(path, tensors, origin);
    }

    /// <summary>Reads a file that <see cref="Save"/> wrote.</summary>
    /// <exception cref="FileFormatException">The file is missing, damaged, or holds something else.</exception>
    public static DeskWeights Load(string path)
    {
        using var file = Safetensors.Read(path);
        var method = Enum.GetValues<ZoomMethod>().Select(m => (ZoomMethod?)m).FirstOrDefault(m => file.Metadata.TryGetValue("method", out var word) && Trial.Word(m!.Value) == word)
            ?? throw new FileFormatException($"{path}: does not say which method it was trained under. Give a file that lzu reproduce --bundle wrote.");
        if (!file.Metadata.TryGetValue("scale", out var text) || !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var scale) || !(scale is > 0 and <= 4))
            throw new FileFormatException($"{path}: its scale must be a number above 0, got '{text}'. Give a file that lzu reproduce --bundle wrote.");
        var state = file.ToStateDict();
        var saliency = state.TryGet(MapKey, out var map) ? new FixedSaliency(map.To(DType.Float32)) : null;
        return new DeskWeights(method, scale, new StateDict(state.Where(s => s.Key != MapKey)), saliency, file.Metadata);
    }

    /// <summary>The detector with these weights, for evaluation.</summary>
    /// <param name="classes">Object classes.</param>
    public DeskDetector ToDetector(int classes)
    {
        var model = new DeskDetector(classes);
        model.LoadStateDict(State);
        model.Eval();
        return model;
    }
}
