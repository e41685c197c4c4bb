using System.Globalization;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Vision.Models;

namespace LzuCore.Cli.Inputs;

/// <summary>What <c>--weights</c> names: a checkpoint, or <c>random:SEED</c> for the deterministic weights.</summary>
internal static class WeightsFile
{
    private const string Random = "random:";

    /// <summary>The seed of <c>random:SEED</c>; null for a file.</summary>
    /// <exception cref="UsageException">The seed is no whole number.</exception>
    public static int? Seed(string weights)
    {
        if (!weights.StartsWith(Random, StringComparison.Ordinal)) return null;
        return int.TryParse(weights[Random.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed
            : throw new UsageException($"--weights must be a file or random:SEED with a whole number, got '{weights}'.");
    }

    /// <summary>A checkpoint's tensors under current keys.</summary>
    /// <exception cref="FileFormatException">The file is no checkpoint.</exception>
    public static StateDict Read(string path)
    {
        using var file = Checkpoint.Open(path);
        return file.ToStateDict().Rename(CheckpointKeys.Current);
    }

    /// <summary>Puts weights into a model, on a device, and sets it to evaluation.</summary>
    public static T Into<T>(T model, StateDict state, Device device) where T : Module
    {
        model.LoadStateDict(device == Device.Cpu ? state : new StateDict(state.Select(s => KeyValuePair.Create(s.Key, s.Value.To(device)))));
        model.Eval();
        return model;
    }
}
