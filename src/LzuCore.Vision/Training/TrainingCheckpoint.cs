using System.Globalization;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Optim;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Training;

/// <summary>One safetensors file from which a training goes on: <c>model/KEY</c>, <c>average/KEY</c>, <c>optimizer/NUMBER.NAME</c>, and the progress in its metadata.</summary>
/// <remarks>Written whole or not at all, and flushed to the disk. Being a file with a table <c>model/</c>, it opens as the model's weights, too.</remarks>
internal static class TrainingCheckpoint
{
    /// <summary>Its name in a training's folder.</summary>
    public const string FileName = "checkpoint.safetensors";

    private const string Format = "lzu.training/1";

    /// <summary>Writes everything.</summary>
    public static void Save(string path, TrainingProgress progress, Module model, Optimizer optimizer, WeightAverage? average, string fingerprint)
    {
        using var scope = new TensorScope();
        var tensors = Under("model/", model.StateDict()).Concat(Under("average/", average?.State() ?? [])).Concat(Under("optimizer/", optimizer.State()));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        Safetensors.Write(path, tensors, new Dictionary<string, string>
        {
            ["format"] = Format,
            ["fingerprint"] = fingerprint,
            ["step"] = Text(progress.Step),
            ["epoch"] = Text(progress.Next.Epoch),
            ["batch"] = Text(progress.Next.Batch),
            ["evaluated"] = Text(progress.Evaluated),
            ["best"] = progress.Best.ToString("R", CultureInfo.InvariantCulture),
            ["best_step"] = Text(progress.BestStep),
        });
    }

    /// <summary>Writes the weights alone, as <c>ModelCheckpoint</c> and other libraries read them.</summary>
    public static void SaveWeights(string path, Module model, int step)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        Safetensors.Write(path, model.StateDict(), new Dictionary<string, string> { ["format"] = "pt", ["step"] = Text(step) });
    }

    /// <summary>Reads everything, checks it, then writes it into its places.</summary>
    /// <exception cref="FileFormatException">The file is missing, damaged, no checkpoint of a training, or of another one.</exception>
    public static TrainingProgress Load(string path, Module model, Optimizer optimizer, WeightAverage? average, string fingerprint)
    {
        using var file = Safetensors.Read(path);
        if (file.Metadata.GetValueOrDefault("format") != Format) throw new FileFormatException($"resume {path}: holds no training's state (format must be '{Format}'). Name the {FileName} that a training wrote.");
        if (file.Metadata.GetValueOrDefault("fingerprint") != fingerprint)
            throw new FileFormatException($"resume {path}: was written by a training with another configuration. Resume with the configuration it was begun with, or train into another folder.");
        var best = file.Metadata.GetValueOrDefault("best");
        var progress = new TrainingProgress(Number("step"), new LoaderPosition(Number("epoch"), Number("batch")), Number("evaluated"),
            double.TryParse(best, NumberStyles.Float, CultureInfo.InvariantCulture, out var score) ? score : throw Bad("best", best), Number("best_step"));

        var device = model.Parameters.FirstOrDefault()?.Value.Device ?? Device.Cpu;
        StateDict weights = Table("model/"), averages = Table("average/"), state = Table("optimizer/");
        if ((average is null) != (averages.Count == 0) && progress.Step > 0)
            throw new FileFormatException($"resume {path}: {(average is null ? "holds an average of the weights, which this training does not keep" : "holds no average of the weights, which this training keeps")}. Resume with the configuration it was begun with.");
        var before = model.StateDict();
        try
        {
            model.LoadStateDict(weights);
            average?.LoadState(averages);
            optimizer.LoadState(state);
        }
        catch (LzuException fault) when (fault is StateDictException or ArgumentValueException)
        {
            model.LoadStateDict(before, strict: false);
            throw new FileFormatException($"resume {path}: {fault.Message}", fault);
        }
        return progress;

        StateDict Table(string prefix) => new(file.Tensors.Where(t => t.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(t => KeyValuePair.Create(t.Name[prefix.Length..], t.ToTensor().To(device))));
        int Number(string key) => int.TryParse(file.Metadata.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw Bad(key, file.Metadata.GetValueOrDefault(key));
        FileFormatException Bad(string key, string? value) => new($"resume {path}: its metadata's '{key}' must be a number, got '{value}'. The file was changed: begin anew, or from its weights.");
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Under(string prefix, StateDict state) => state.Select(s => KeyValuePair.Create(prefix + s.Key, s.Value));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
