using System.Text.Json;
using System.Text.Json.Serialization;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Experiments;

/// <summary>What came out of a trial.</summary>
/// <param name="Trial">Its name.</param>
/// <param name="Fingerprint">What else it depends on: the version of scenes and recipe.</param>
/// <param name="Stills">Scores on pictures that have nothing to do with each other; empty for methods that need the frame before.</param>
/// <param name="Sequences">Scores on sequences; empty where the task has none.</param>
/// <param name="PerClass">The first score of each class, by name.</param>
/// <param name="Counts">Objects of each class on the stills: small, medium, large.</param>
/// <param name="TrainingSeconds">Wall time of the training, or of its last part where it was stopped; as many trials as threads run side by side.</param>
/// <param name="FinalLoss">The mean of the last 50 steps.</param>
public sealed record TrialResult(
    string Trial, string Fingerprint, IReadOnlyDictionary<string, double> Stills, IReadOnlyDictionary<string, double> Sequences, IReadOnlyDictionary<string, double> PerClass,
    IReadOnlyDictionary<string, int[]> Counts, double TrainingSeconds, double FinalLoss)
{
    /// <summary>Writes it, whole or not at all.</summary>
    public void Save(string path) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, TrialJson.Default.TrialResult));

    /// <summary>Reads what <see cref="Save"/> wrote; null where there is none, or of another fingerprint.</summary>
    /// <exception cref="FileFormatException">The file is damaged.</exception>
    public static TrialResult? Load(string path, string fingerprint)
    {
        if (!File.Exists(path)) return null;
        try
        {
            var result = JsonSerializer.Deserialize(File.ReadAllBytes(path), TrialJson.Default.TrialResult);
            return result?.Fingerprint == fingerprint ? result : null;
        }
        catch (JsonException fault)
        {
            throw new FileFormatException($"{path}: is damaged ({fault.Message.Split('\n')[0]}). Delete it, and the trial is made again.", fault);
        }
    }

    /// <summary>Scores by name.</summary>
    public static IReadOnlyDictionary<string, double> Named(IEnumerable<Score> scores) => scores.ToDictionary(s => s.Name, s => s.Value);
}

/// <summary>Writes and reads results without reflection. NaN is a number here: a score that is not defined.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(TrialResult))]
internal sealed partial class TrialJson : JsonSerializerContext;
