using System.Globalization;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Vision.Models;

namespace LzuCore.Cli.Inputs;

/// <summary>A detector from what the command line says about it.</summary>
internal static class DetectorChoice
{
    private const string Random = "random:";
    private const int RandomClasses = 8;

    /// <summary>Makes RetinaNet with weights from a file, or the deterministic ones of <c>random:SEED</c>.</summary>
    /// <param name="weights">A file or <c>random:SEED</c>.</param>
    /// <param name="layout"><c>mmdet</c> or <c>torchvision</c>.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="LzuException">The file is not a checkpoint of this model.</exception>
    public static RetinaNet RetinaNet(string weights, string layout, Device device)
    {
        var kind = layout == "torchvision" ? CheckpointLayout.Torchvision : CheckpointLayout.Mmdet;
        StateDict state;
        RetinaNet model;
        if (weights.StartsWith(Random, StringComparison.Ordinal))
        {
            if (!int.TryParse(weights[Random.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var seed))
                throw new UsageException($"--weights must be a file or random:SEED with a whole number, got '{weights}'.");
            model = new RetinaNet(new RetinaNetOptions { Classes = RandomClasses, Layout = kind });
            state = DeterministicWeights.Make(model.Keys, seed);
        }
        else
        {
            using var file = Checkpoint.Open(weights);
            state = file.ToStateDict().Rename(CheckpointKeys.Current);
            var given = CheckpointKeys.AreMmdet(state.Select(s => s.Key)) ? CheckpointLayout.Mmdet : CheckpointLayout.Torchvision;
            if (given != kind) state = state.Rename(k => kind == CheckpointLayout.Mmdet ? CheckpointKeys.ToMmdet(k) : CheckpointKeys.ToTorchvision(k));
            var head = kind == CheckpointLayout.Mmdet ? "bbox_head.retina_cls.weight" : "head.classification_head.cls_logits.weight";
            if (!state.TryGet(head, out var classifier) || classifier.Rank != 4)
                throw new FileFormatException($"weights {weights}: it has no {head}, so it is no RetinaNet in the {layout} layout. Look at it with 'lzu inspect', or try --layout {(layout == "mmdet" ? "torchvision" : "mmdet")}.");
            model = new RetinaNet(new RetinaNetOptions { Classes = classifier.Shape[0] / Vision.Models.RetinaNet.AnchorsPerCell, Layout = kind });
        }
        model.LoadStateDict(device == Device.Cpu ? state : new StateDict(state.Select(s => KeyValuePair.Create(s.Key, s.Value.To(device)))));
        model.Eval();
        return model;
    }
}
