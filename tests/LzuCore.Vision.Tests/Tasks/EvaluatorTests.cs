using CsCheck;
using LzuCore.Memory;
using LzuCore.Testing;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Metrics;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Tasks.Detection3d;
using LzuCore.Vision.Tasks.Segmentation;
using LzuCore.Vision.Tests.Data;
using LzuCore.Vision.Tests.Models;

namespace LzuCore.Vision.Tests.Tasks;

public sealed class EvaluatorTests
{
    private PictureFolder _folder = null!;
    private PspNet _pspNet = null!;

    [OneTimeSetUp]
    public void Make()
    {
        _folder = new PictureFolder();
        _pspNet = PspNetTests.Make(PspNetForm.Pyramid);
        for (var i = 0; i < 3; i++)
        {
            _folder.Picture($"leftImg8bit/val/ulm/ulm_00000{i}_000019_leftImg8bit.png", (64, 96), i);
            _folder.Grey($"gtFine/val/ulm/ulm_00000{i}_000019_gtFine_labelIds.png", (64, 96), (y, x) => (byte)(x < 48 ? 7 : 8 + y / 32));
        }
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [TestCase(0), TestCase(2)]
    public void Segmentation_IsScoredOverAllPictures(int workers)
    {
        var data = new CityscapesDataset(_folder.Root, "val");
        var to = _folder[$"predictions{workers}"];
        var run = SegmentationEvaluator.Run(new Segmenter(_pspNet), data, new() { Workers = workers, PredictionsFolder = to });
        var expected = new MeanIou(19);
        for (var i = 0; i < 3; i++)
        {
            var labels = new Segmenter(_pspNet).Segment(DeterministicImage.Make(i, (64, 96))).Labels;
            expected.Add(data.Load(i, new PictureReader()).Labels.Labels, labels.Labels);
            // What was written is what the official scripts translate back.
            var written = LabelMap.Load(Path.Combine(to, $"ulm_00000{i}_000019_pred_labelIds.png"));
            Assert.That(written.Labels.ToArray().Select(id => CityscapesClasses.TrainIds[id]), Is.EqualTo(labels.Labels.ToArray()));
        }
        Assert.That((run.Score.OverallAccuracy, run.Score.Mean), Is.EqualTo((expected.OverallAccuracy, expected.Mean)));
        Assert.That(run.Cost.Images, Is.EqualTo(3));
    }

    [TestCase(2), TestCase(4)]
    public void Processes_CountTogetherWhatOneCounts(int world)
    {
        var data = new CityscapesDataset(_folder.Root, "val");
        var alone = SegmentationEvaluator.Run(new Segmenter(_pspNet), data).Score;
        foreach (var run in ThreadedProcesses.Run(world, group => SegmentationEvaluator.Run(new Segmenter(PspNetTests.Make(PspNetForm.Pyramid)), data, new() { Workers = 0, Processes = group })))
        {
            for (var label = 0; label < 19; label++)
                for (var prediction = 0; prediction < 19; prediction++) Assert.That(run.Score.Confusion(label, prediction), Is.EqualTo(alone.Confusion(label, prediction)));
            Assert.That((run.Score.Mean, run.Score.MeanAccuracy, run.Cost.Images), Is.EqualTo((alone.Mean, alone.MeanAccuracy, 3)));
        }
    }

    [Test]
    public void Processes_DoNotCutMoments_AndTheirBoxesComeWhole()
    {
        var data = Moments(["s0", "s0", "s0", "s1"]).Data;
        var alone = Detection3dEvaluator.Run(new Detector3d(Fcos3dTests.Make(), new Detector3dOptions { Score = 0 }), data).Results.Samples;
        foreach (var run in ThreadedProcesses.Run(2, group => Detection3dEvaluator.Run(new Detector3d(Fcos3dTests.Make(), new Detector3dOptions { Score = 0 }), data, new() { Workers = 0, Processes = group })))
        {
            Assert.That(run.Results.Samples.Select(s => s.SampleToken), Is.EqualTo(new[] { "s0", "s1" }));
            foreach (var (one, other) in run.Results.Samples.Zip(alone)) Assert.That(one.Boxes, Is.EqualTo(other.Boxes).And.Not.Empty);
        }
        // Where two processes each see a part of a moment, nobody saw the fault alone.
        Assert.That(() => ThreadedProcesses.Run(2, group => Detection3dEvaluator.Run(new Detector3d(Fcos3dTests.Make(), new Detector3dOptions { Score = 0, Scale = 0.4 }), Moments(["s0", "s1", "s1", "s0"]).Data, new() { Workers = 0, Processes = group })),
            Throws.TypeOf<ArgumentValueException>().With.Message.Contains("'s0'"));
    }

    [Test]
    public void Stretches_CoverAll_InOrder_AndBeginWhereTheyMay() => Gen.Select(Gen.Int[0, 30], Gen.Int[1, 6], Gen.Int[1, 4]).Sample((count, world, run) =>
    {
        var stretches = Enumerable.Range(0, world).Select(r => Evaluation.Stretch(count, r, world, at => at % run == 0)).ToList();
        Assert.That(stretches[0].First, Is.Zero);
        Assert.That(stretches[^1].End, Is.EqualTo(count));
        foreach (var (one, next) in stretches.Zip(stretches.Skip(1))) Assert.That(next.First, Is.EqualTo(one.End));
        foreach (var (first, end) in stretches)
        {
            Assert.That(end, Is.GreaterThanOrEqualTo(first));
            if (first < count) Assert.That(first % run, Is.Zero);
        }
    });

    [Test]
    public void SixCameras_BecomeOneMomentsResults()
    {
        var (file, data) = Moments(["s0", "s0", "s1"]);
        var detector = new Detector3d(Fcos3dTests.Make(), new Detector3dOptions { Score = 0 });
        var run = Detection3dEvaluator.Run(detector, data);
        Assert.That(run.Results.Samples.Select(s => s.SampleToken), Is.EqualTo(new[] { "s0", "s1" }));
        var each = Enumerable.Range(0, 3).Select(i => detector.Detect(DeterministicImage.Make(5, (90, 160)), file.Images[i].Camera).Detections).ToList();
        Assert.That(run.Results.Samples[0].Boxes, Is.EqualTo(NuScenesExport.Merge([file.Images[0], file.Images[1]], [each[0], each[1]]).Boxes).And.Not.Empty);
        run.Save(_folder["results.json"]);
        Assert.That(NuScenesResults.Load(_folder["results.json"]).Samples[1].Boxes, Has.Count.EqualTo(run.Results.Samples[1].Boxes.Count));
        Assert.That(() => run.Save(_folder["no/such/folder/x.json"]), Throws.InstanceOf<LzuException>().With.Message.Contains("x.json"));
    }

    [Test]
    public void WrongDetectorsAndOrders_AreSaid()
    {
        var model = Fcos3dTests.Make();
        Assert.That(() => Detection3dEvaluator.Run(new Detector3d(model), Moments(["s0"]).Data), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("Score = 0"));
        Assert.That(() => Detection3dEvaluator.Run(new Detector3d(model, new Detector3dOptions { Score = 0, Scale = 0.4 }), Moments(["s0", "s1", "s0"]).Data), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("'s0'"));
    }

    [Test]
    public void Samples_BecomeTruths()
    {
        var sample = Moments(["s0"]).Data.Load(0, new PictureReader());
        var truth = Detection3dTruth.Of(sample);
        Assert.That((truth.Boxes.Single().Z, truth.Labels.Single(), truth.Attributes.Single(), truth.Centers.Single().X), Is.EqualTo((30.0, 7, 2, 84.2f)));
        Assert.That(truth.Boxes2d.Single(), Is.EqualTo(new Box(10, 20, 40, 60)));
        var flat = DetectionTruth.Of(new DetectionSample { ImageId = 1, File = "a", Image = sample.Image, Original = sample.Original, Boxes = [new(1, 2, 3, 4)], Labels = [5] });
        Assert.That((flat.Boxes.Single(), flat.Labels.Single()), Is.EqualTo((new Box(1, 2, 3, 4), 5)));
        var labels = new LabelMap((2, 3));
        labels[1, 2] = 7;
        Assert.That(labels.ToTensor().Shape.ToArray(), Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(labels.ToTensor().ToArray<byte>(), Is.EqualTo(new byte[] { 0, 0, 0, 0, 0, 7 }));
    }

    private (Mono3dAnnotations File, Mono3dDataset Data) Moments(string[] samples)
    {
        _folder.Picture("samples/CAM_FRONT/a.png", (90, 160), 5);
        var pose = new Pose(Rotation3d.FromMatrix([0, 0, 1, -1, 0, 0, 0, -1, 0]), new Point3d(1, 2, 1.5));
        var file = new Mono3dAnnotations(
            [.. samples.Select((s, i) => new Mono3dImage($"i{i}", "samples/CAM_FRONT/a.png", s, pose, new Pose(Rotation3d.Identity, new Point3d(100, 50, 0)), new Camera(126, 126, 80, 45), 160, 90))],
            [new(0, "i0", 7, new(10, 20, 30, 40), 1200, new CameraBox3d(1, 2, 30, .7, 1.7, .8, .1, 0, 0), 84.2, 53.4, 30, 2)]);
        return (file, new Mono3dDataset(file, _folder.Root));
    }
}
