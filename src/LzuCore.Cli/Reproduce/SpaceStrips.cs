using LzuCore.Cli.Pictures;
using LzuCore.Vision.Data;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Tasks.Detection3d;
using LzuCore.Warping;

namespace LzuCore.Cli.Reproduce;

/// <summary>Boxes in space.</summary>
internal sealed class SpaceStrips : Strips
{
    private const float LeastScore = 0.3f;
    private const double MostMetres = 2, OnIgnored = 0.5;

    private readonly DeskScenes _scenes;
    private readonly (Mono3dExperiment Network, DeskPictures<Detection3dSample, SpaceTruth> Pictures)[] _both;

    public SpaceStrips(Laboratory laboratory, Trial uniform, Trial zoomed)
    {
        _scenes = laboratory.Setup.ScenesOf(uniform);
        _both = [.. new[] { uniform, zoomed }.Select(t => laboratory.Trained(t, laboratory.Setup.Detection3d(t))).Select(n => (n, n.Pictures(_scenes.Detection3d.Test)))];
    }

    /// <inheritdoc/>
    public override string Measure => "F1 at 2 m";

    /// <inheritdoc/>
    public override int Count => _scenes.Detection3d.Test.Count;

    /// <inheritdoc/>
    public override (FixedSaliency Saliency, SaliencyToGridOptions Warp) Look => (_scenes.BoxesSaliency, TrialSetup.DetectionWarp);

    /// <inheritdoc/>
    public override double ScoreOf(bool zoomed, int index)
    {
        var truth = TruthOf(index);
        var found = Seen(zoomed, index).Where(d => !truth.Seen.Ignored.Any(o => Boxes.Iou(o, d.Seen.Box) >= OnIgnored)).OrderByDescending(d => d.Seen.Score).ToList();
        return F1(truth.Boxes.Length, found, (i, one) => truth.Seen.Labels[i] == one.Seen.Label && Apart(truth.Boxes[i], one.Box) is var metres && metres <= MostMetres ? metres : null);
    }

    /// <inheritdoc/>
    public override Image Truth(int index, Image display) => Draw(index, display, TruthOf(index).Boxes.Zip(TruthOf(index).Seen.Labels));

    /// <inheritdoc/>
    public override Image Found(bool zoomed, int index, Image display) => Draw(index, display, Seen(zoomed, index).Select(d => (d.Box, d.Seen.Label)));

    private Image Draw(int index, Image display, IEnumerable<(CameraBox3d Box, int Label)> boxes)
    {
        var camera = TruthOf(index).Camera.Scaled(display.Width / (double)_scenes.Picture.Width, display.Height / (double)_scenes.Picture.Height);
        return SpacePictures.Draw(display, camera, [.. boxes.Select(b => new LabelledBox3d(b.Box, b.Label, ""))]);
    }

    private SpaceTruth TruthOf(int index) => _both[0].Pictures.Load(index, Reader).Truth;

    private List<DenseSpaceDetection> Seen(bool zoomed, int index)
    {
        var (network, pictures) = _both[zoomed ? 1 : 0];
        return [.. network.Detect([pictures.Load(index, Reader)], null)[0].Where(d => d.Seen.Score >= LeastScore)];
    }

    // Of the middles, on the ground.
    private static double Apart(CameraBox3d a, CameraBox3d b) => Math.Sqrt((a.X - b.X) * (a.X - b.X) + (a.Z - b.Z) * (a.Z - b.Z));
}
