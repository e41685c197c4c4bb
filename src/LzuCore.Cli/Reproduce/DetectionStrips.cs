using LzuCore.Cli.Pictures;
using LzuCore.Vision.Data;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Scenes;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Warping;

namespace LzuCore.Cli.Reproduce;

/// <summary>Boxes in pictures.</summary>
internal sealed class DetectionStrips : Strips
{
    private const float LeastScore = 0.3f;
    private const double LeastIou = 0.5;

    private readonly DeskScenes _scenes;
    private readonly (DetectionExperiment Network, DeskPictures<DetectionSample, DenseTruth> Pictures)[] _both;

    public DetectionStrips(Laboratory laboratory, Trial uniform, Trial zoomed)
    {
        _scenes = laboratory.Setup.ScenesOf(uniform);
        _both = [.. new[] { uniform, zoomed }.Select(t => laboratory.Trained(t, laboratory.Setup.Detection(t))).Select(n => (n, n.Pictures(_scenes.Detection.Test)))];
    }

    /// <inheritdoc/>
    public override string Measure => "F1 at IoU 0.5";

    /// <inheritdoc/>
    public override int Count => _scenes.Detection.Test.Count;

    /// <inheritdoc/>
    public override (FixedSaliency Saliency, SaliencyToGridOptions Warp) Look => (_scenes.BoxesSaliency, TrialSetup.DetectionWarp);

    /// <inheritdoc/>
    public override double ScoreOf(bool zoomed, int index)
    {
        var truth = TruthOf(index);
        var found = Seen(zoomed, index).Where(d => !truth.Ignored.Any(o => Boxes.Iou(o, d.Box) >= LeastIou)).OrderByDescending(d => d.Score).ToList();
        return F1(truth.Boxes.Length, found, (i, one) => truth.Labels[i] == one.Label && Boxes.Iou(truth.Boxes[i], one.Box) is var iou && iou >= LeastIou ? -iou : null);
    }

    /// <inheritdoc/>
    public override Image Truth(int index, Image display) => BoxPictures.Draw(display, TruthOf(index).Boxes, TruthOf(index).Labels, SceneClasses.Objects, _scenes.Picture);

    /// <inheritdoc/>
    public override Image Found(bool zoomed, int index, Image display)
    {
        var found = Seen(zoomed, index);
        return BoxPictures.Draw(display, [.. found.Select(d => d.Box)], [.. found.Select(d => d.Label)], SceneClasses.Objects, _scenes.Picture);
    }

    private DenseTruth TruthOf(int index) => _both[0].Pictures.Load(index, Reader).Truth;

    private List<DenseDetection> Seen(bool zoomed, int index)
    {
        var (network, pictures) = _both[zoomed ? 1 : 0];
        return [.. network.Detect([pictures.Load(index, Reader)], null)[0].Where(d => d.Score >= LeastScore)];
    }
}
