using LzuCore.Cli.Pictures;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Metrics;
using LzuCore.Vision.Scenes;
using LzuCore.Warping;

namespace LzuCore.Cli.Reproduce;

/// <summary>Label maps.</summary>
internal sealed class SegmentationStrips : Strips
{
    private readonly DeskScenes _scenes;
    private readonly (SegmentationExperiment Network, DeskPictures<SegmentationSample, LabelMap> Pictures)[] _both;

    public SegmentationStrips(Laboratory laboratory, Trial uniform, Trial zoomed)
    {
        _scenes = laboratory.Setup.ScenesOf(uniform);
        _both = [.. new[] { uniform, zoomed }.Select(t => laboratory.Trained(t, laboratory.Setup.Segmentation(t))).Select(n => (n, n.Pictures(_scenes.Segmentation.Test)))];
    }

    /// <inheritdoc/>
    public override string Measure => "mean IoU";

    /// <inheritdoc/>
    public override int Count => _scenes.Segmentation.Test.Count;

    /// <inheritdoc/>
    public override (FixedSaliency Saliency, SaliencyToGridOptions Warp) Look => (_scenes.BoundariesSaliency, TrialSetup.GentleWarp);

    /// <inheritdoc/>
    public override double ScoreOf(bool zoomed, int index)
    {
        var iou = new MeanIou(SceneClasses.Labels.Count, LabelMaps.Ignore);
        iou.Add(TruthOf(index).Labels, Seen(zoomed, index).Labels);
        return iou.Mean;
    }

    /// <inheritdoc/>
    public override Image Truth(int index, Image display) => Paint(display, TruthOf(index));

    /// <inheritdoc/>
    public override Image Found(bool zoomed, int index, Image display) => Paint(display, Seen(zoomed, index));

    // In Cityscapes' colours, which people know.
    private static Image Paint(Image display, LabelMap labels) =>
        LabelPictures.Paint(display.To(labels.Size), SceneAnnotations.CityscapesTrainIds(labels), CityscapesClasses.Names.Count);

    private LabelMap TruthOf(int index) => _both[0].Pictures.Load(index, Reader).Truth;

    private LabelMap Seen(bool zoomed, int index)
    {
        var (network, pictures) = _both[zoomed ? 1 : 0];
        return network.Segment([pictures.Load(index, Reader)])[0];
    }
}
