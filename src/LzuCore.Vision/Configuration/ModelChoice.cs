using System.Globalization;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Configuration;

/// <summary>The section <c>model</c>: what all networks have.</summary>
internal static class ModelChoice
{
    private const string Random = "random:";

    public static int Depth(ConfigSection model) => model.Whole("depth") is 18 or 34 or 50 or 101 or 152
        ? model.Whole("depth") : throw model.Bad("depth", $"must be 18, 34, 50, 101 or 152, got {model.Whole("depth")}");

    public static ResNetStyle Style(ConfigSection model) => model.Text("style") == "caffe" ? ResNetStyle.Caffe : ResNetStyle.Pytorch;

    public static ResNetFreeze Freeze(ConfigSection model) => model.Text("freeze") switch { "mmdet" => ResNetFreeze.Mmdet, "all_norms" => ResNetFreeze.AllNorms, _ => ResNetFreeze.None };

    /// <summary>Gives the network its first weights, and moves it to a device.</summary>
    /// <param name="model">The section.</param>
    /// <param name="network">The network.</param>
    /// <param name="backbone">Its ResNet; null where it has none of its own.</param>
    /// <param name="device">Where to.</param>
    /// <exception cref="FileFormatException">A file is missing, or is not of this network.</exception>
    public static void Fill(ConfigSection model, Module network, ResNet? backbone, Device device)
    {
        if (model.Has("weights") && model.Text("weights") is var weights && weights.StartsWith(Random, StringComparison.Ordinal))
        {
            if (!int.TryParse(weights[Random.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var seed)) throw model.Bad("weights", $"must be a file or random:SEED with a whole number, got \"{weights}\"");
            DeterministicWeights.Fill(network, seed);
        }
        else if (model.Has("weights")) Load(model, "weights", network, "");
        if (backbone is not null && model.Has("backbone")) Load(model, "backbone", backbone, "backbone.");
        network.To(device);
    }

    // A file may hold the whole network where its ResNet is asked for, under one of the usual names.
    private static void Load(ConfigSection model, string key, Module into, string part)
    {
        using var file = Checkpoint.Open(model.Existing(key));
        try
        {
            var state = file.ToStateDict();
            foreach (var prefix in part.Length == 0 ? [] : new[] { part + "body.", part })
                if (state.Any(s => s.Key.StartsWith(prefix, StringComparison.Ordinal)))
                {
                    state = state.Rename(k => k.StartsWith(prefix, StringComparison.Ordinal) ? k[prefix.Length..] : null);
                    break;
                }
            var report = into.LoadStateDict(part.Length == 0 ? state : state.Rename(k => k.StartsWith("fc.", StringComparison.Ordinal) ? null : k), strict: false);
            // Deformable offsets begin at zero and are in no ImageNet checkpoint.
            var missing = report.Missing.Where(m => part.Length == 0 || !m.Key.Contains("conv_offset", StringComparison.Ordinal)).ToList();
            report = report with { Missing = missing };
            if (!report.IsClean) throw new StateDictException(key, report, "Name a checkpoint of this network and layout.");
        }
        catch (LzuException fault) when (fault is FileFormatException or StateDictException or ArgumentValueException)
        {
            throw model.Bad(key, $"does not fit: {fault.Message.TrimEnd('.')}");
        }
    }
}
