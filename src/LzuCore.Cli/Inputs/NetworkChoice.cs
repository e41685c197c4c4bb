using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Vision.Models;

namespace LzuCore.Cli.Inputs;

/// <summary>The networks other than detectors, from what the command line says about them. What the options of a network are, its checkpoint's shapes say.</summary>
internal static class NetworkChoice
{
    /// <summary>ResNet-50 with torchvision's keys: with a classifier if the file has one; <c>random:SEED</c> has 1000 classes.</summary>
    /// <exception cref="LzuException">The file is not a checkpoint of this model.</exception>
    public static ResNet ResNet50(string weights, Device device)
    {
        if (WeightsFile.Seed(weights) is { } seed) return Random(new ResNet(new ResNetOptions { Classes = 1000 }), seed, device);
        var state = WeightsFile.Read(weights);
        return WeightsFile.Into(new ResNet(new ResNetOptions { Classes = state.TryGet("fc.weight", out var classifier) && classifier.Rank == 2 ? classifier.Shape[0] : 0 }), state, device);
    }

    /// <summary>PSPNet with mmsegmentation's keys, in the form that the file has; <c>random:SEED</c> is the dilated one with 19 classes.</summary>
    /// <exception cref="LzuException">The file is not a checkpoint of this model.</exception>
    public static PspNet PspNet(string weights, Device device)
    {
        if (WeightsFile.Seed(weights) is { } seed) return Random(new PspNet(new PspNetOptions()), seed, device);
        var state = WeightsFile.Read(weights);
        if (!state.TryGet("decode_head.conv_seg.weight", out var classifier) || classifier.Rank != 4)
            throw new FileFormatException($"weights {weights}: it has no decode_head.conv_seg.weight, so it is no PSPNet. Look at it with 'lzu inspect'.");
        return WeightsFile.Into(new PspNet(new PspNetOptions
        {
            Classes = classifier.Shape[0],
            Channels = classifier.Shape[1],
            Form = state.Any(s => s.Key.StartsWith("neck.", StringComparison.Ordinal)) ? PspNetForm.Pyramid : PspNetForm.Dilated,
        }), state, device);
    }

    private static T Random<T>(T model, int seed, Device device) where T : Module
    {
        DeterministicWeights.Fill(model, seed, device);
        model.Eval();
        return model;
    }
}
