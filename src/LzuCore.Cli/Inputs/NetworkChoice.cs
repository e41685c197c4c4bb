using System.Globalization;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Models;

namespace LzuCore.Cli.Inputs;

/// <summary>Networks from what the command line says about them: a checkpoint of any family, or <c>random:SEED</c> for the deterministic weights. What a checkpoint's shapes tell need not be said.</summary>
internal static class NetworkChoice
{
    private const string Random = "random:";
    private const int RandomDetectorClasses = 8, RandomClassifierClasses = 1000;

    /// <summary>ResNet-50, with a classifier if the file has one.</summary>
    /// <exception cref="LzuException">The file is not a checkpoint of this network.</exception>
    public static ResNet ResNet50(string weights, Device device) =>
        Load(weights, device, () => new ResNet(new ResNetOptions { Classes = RandomClassifierClasses }), state => ModelCheckpoint.ResNet(state));

    /// <summary>RetinaNet.</summary>
    /// <param name="weights">A file or <c>random:SEED</c>.</param>
    /// <param name="layout"><c>mmdet</c>, <c>torchvision</c>, or <c>auto</c> for the file's own (mmdet for random weights).</param>
    /// <param name="style">Where a bottleneck's stride is.</param>
    /// <param name="normEps">The batch norms' eps; null for what the file seems to want.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="LzuException">The file is not a checkpoint of this network.</exception>
    public static RetinaNet RetinaNet(string weights, string layout, ResNetStyle style, double? normEps, Device device)
    {
        CheckpointLayout? kind = layout switch { "torchvision" => CheckpointLayout.Torchvision, "mmdet" => CheckpointLayout.Mmdet, _ => null };
        return Load(weights, device,
            () => new RetinaNet(new RetinaNetOptions { Classes = RandomDetectorClasses, Layout = kind ?? CheckpointLayout.Mmdet, Style = style, NormEps = normEps ?? 1e-5 }),
            state => ModelCheckpoint.RetinaNet(state, kind, style, normEps));
    }

    /// <summary>PSPNet, in the form that the file has; random weights are the dilated one with 19 classes.</summary>
    /// <exception cref="LzuException">The file is not a checkpoint of this network.</exception>
    public static PspNet PspNet(string weights, Device device) => Load(weights, device, () => new PspNet(new PspNetOptions()), ModelCheckpoint.PspNet);

    /// <summary>FCOS3D.</summary>
    /// <exception cref="LzuException">The file is not a checkpoint of this network.</exception>
    public static Fcos3d Fcos3d(string weights, ResNetStyle style, Device device) =>
        Load(weights, device, () => new Fcos3d(new Fcos3dOptions { Style = style }), state => ModelCheckpoint.Fcos3d(state, style));

    private static T Load<T>(string weights, Device device, Func<T> random, Func<StateDict, T> read) where T : Module
    {
        T model;
        if (weights.StartsWith(Random, StringComparison.Ordinal))
        {
            if (!int.TryParse(weights[Random.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var seed))
                throw new UsageException($"--weights must be a file or random:SEED with a whole number, got '{weights}'.");
            model = random();
            DeterministicWeights.Fill(model, seed, device);
        }
        else
        {
            // Stays open: on the CPU weights are forgotten once they are packed, and read again if another size of picture wants them packed otherwise.
            var file = Checkpoint.Open(weights);
            try
            {
                model = read(device == Device.Cpu ? file.ToStateDictInFile() : file.ToStateDict());
            }
            catch (LzuException fault) when (fault is FileFormatException or StateDictException or ArgumentValueException)
            {
                file.Dispose();
                throw new FileFormatException($"weights {weights}: {fault.Message}", fault);
            }
            model.To(device);
        }
        model.Eval();
        return model;
    }
}
