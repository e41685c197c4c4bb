using LzuCore.Memory;
using LzuCore.Vision.Models;

namespace LzuCore.Cli.Inputs;

/// <summary>A detector from what the command line says about it.</summary>
internal static class DetectorChoice
{
    private const int RandomClasses = 8;

    /// <summary>Makes RetinaNet with weights from a file, or the deterministic ones of <c>random:SEED</c>.</summary>
    /// <param name="weights">A file or <c>random:SEED</c>.</param>
    /// <param name="layout"><c>mmdet</c> or <c>torchvision</c>.</param>
    /// <param name="device">Where to compute.</param>
    /// <exception cref="LzuException">The file is not a checkpoint of this model.</exception>
    public static RetinaNet RetinaNet(string weights, string layout, Device device)
    {
        var kind = layout == "torchvision" ? CheckpointLayout.Torchvision : CheckpointLayout.Mmdet;
        if (WeightsFile.Seed(weights) is { } seed)
        {
            var random = new RetinaNet(new RetinaNetOptions { Classes = RandomClasses, Layout = kind });
            return WeightsFile.Into(random, DeterministicWeights.Make(random.Keys, seed), device);
        }
        var state = WeightsFile.Read(weights);
        var given = CheckpointKeys.AreMmdet(state.Select(s => s.Key)) ? CheckpointLayout.Mmdet : CheckpointLayout.Torchvision;
        if (given != kind) state = state.Rename(k => kind == CheckpointLayout.Mmdet ? CheckpointKeys.ToMmdet(k) : CheckpointKeys.ToTorchvision(k));
        var head = kind == CheckpointLayout.Mmdet ? "bbox_head.retina_cls.weight" : "head.classification_head.cls_logits.weight";
        if (!state.TryGet(head, out var classifier) || classifier.Rank != 4)
            throw new FileFormatException($"weights {weights}: it has no {head}, so it is no RetinaNet in the {layout} layout. Look at it with 'lzu inspect', or try --layout {(layout == "mmdet" ? "torchvision" : "mmdet")}.");
        return WeightsFile.Into(new RetinaNet(new RetinaNetOptions { Classes = classifier.Shape[0] / Vision.Models.RetinaNet.AnchorsPerCell, Layout = kind }), state, device);
    }
}
