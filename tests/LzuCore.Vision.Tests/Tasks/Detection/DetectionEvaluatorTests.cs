using LzuCore.Memory;
using LzuCore.Testing;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Tests.Data;
using LzuCore.Vision.Tests.Models;
using LzuCore.Warping;

namespace LzuCore.Vision.Tests.Tasks;

public sealed class DetectionEvaluatorTests
{
    private static readonly CocoCategory[] Classes = [.. ClassNames.ArgoverseHd.Select((name, i) => new CocoCategory(i + 10, name))];
    private RetinaNet _model = null!;
    private PictureFolder _folder = null!;

    [OneTimeSetUp]
    public void Make()
    {
        _model = RetinaNetTests.Make(CheckpointLayout.Mmdet);
        _folder = new PictureFolder();
        for (var i = 0; i < 3; i++) _folder.Picture($"{i}.png", (64, 96), i);
        _folder.Picture("a.jpg", (128, 192));
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [TestCase(0), TestCase(2)]
    public void Detections_AreThoseOfEachPictureWithTheFilesIds(int workers)
    {
        var data = new CocoDataset(new CocoAnnotations([.. Enumerable.Range(0, 3).Select(i => new CocoImage(100 - i, $"{i}.png", 96, 64))], [], Classes), _folder.Root);
        var progress = new List<(int, int)>();
        var run = DetectionEvaluator.Run(new Detector(_model, new() { Score = 0 }), data, new() { Workers = workers, Progress = (done, all) => progress.Add((done, all)) });
        var expected = new List<CocoDetection>();
        for (var i = 0; i < 3; i++)
            foreach (var one in new Detector(_model, new() { Score = 0 }).Detect(DeterministicImage.Make(i, (64, 96))).Detections)
                expected.Add(new CocoDetection(100 - i, one.Label + 10, CocoBox.From(one.Box), one.Score));
        Assert.That(run.Detections, Is.EqualTo(expected).And.Not.Empty);
        Assert.That(progress, Is.EqualTo(new[] { (1, 3), (2, 3), (3, 3) }));
        Assert.That((run.Cost.Images, run.Cost.WallSeconds > 0, run.Cost.CpuSeconds > 0, run.Cost.Milliseconds.Backbone > 0), Is.EqualTo((3, true, true, true)));
    }

    [Test]
    public void Sequences_ComeInOrderAndStartAfresh()
    {
        // Two sequences of two frames, mixed up in the file. Every frame is the same picture, so equal results tell which frames had none before them.
        var images = new (int Id, int Sequence, int Frame)[] { (1, 1, 1), (2, 0, 1), (3, 1, 0), (4, 0, 0) }.Select(i => new CocoImage(i.Id, "0.png", 96, 64, i.Sequence, i.Frame)).ToList();
        var path = _folder.Text("sequences.json", $$"""
            {"images": [{{string.Join(",", images.Select(i => $$"""{"id": {{i.Id}}, "name": "0.png", "sid": {{i.Sequence}}, "fid": {{i.Frame}}, "width": 96, "height": 64}"""))}}],
             "categories": [{{string.Join(",", Classes.Select(c => $$"""{"id": {{c.Id}}, "name": "{{c.Name}}"}"""))}}], "annotations": [], "sequences": ["a", "b"], "seq_dirs": [".", "."]}
            """);
        var detector = new Detector(_model, new() { Score = 0, Saliency = new KernelDensitySaliency((31, 51), bandwidth: 64.0 * 96 / 1920) });
        var run = DetectionEvaluator.Run(detector, CocoDataset.Load(path, _folder.Root));
        Assert.That(run.Detections.Select(d => d.ImageId).Distinct(), Is.EqualTo(new[] { 4, 2, 3, 1 }));
        IEnumerable<CocoDetection> Of(long id) => run.Detections.Where(d => d.ImageId == id).Select(d => d with { ImageId = 0 });
        Assert.That(Of(3), Is.EqualTo(Of(4)));
        Assert.That(Of(1), Is.EqualTo(Of(2)));
        Assert.That(Of(2), Is.Not.EqualTo(Of(4)), "the second frame is zoomed on the first one's boxes");
    }

    [TestCase(2), TestCase(3)]
    public void Processes_FindTogetherWhatOneFinds_InItsOrder(int world)
    {
        var data = new CocoDataset(new CocoAnnotations([.. Enumerable.Range(0, 3).Select(i => new CocoImage(100 - i, $"{i}.png", 96, 64))], [], Classes), _folder.Root);
        var alone = DetectionEvaluator.Run(new Detector(_model, new() { Score = 0 }), data);
        foreach (var run in ThreadedProcesses.Run(world, group => DetectionEvaluator.Run(new Detector(RetinaNetTests.Make(CheckpointLayout.Mmdet), new() { Score = 0 }), data, new() { Workers = 0, Processes = group })))
        {
            Assert.That(run.Detections, Is.EqualTo(alone.Detections).And.Not.Empty);
            Assert.That((run.Cost.Images, run.Cost.Milliseconds.Backbone > 0), Is.EqualTo((3, true)));
        }
    }

    [Test]
    public void Processes_DoNotCutSequences()
    {
        var path = _folder.Text("three.json", $$"""
            {"images": [{{string.Join(",", Enumerable.Range(0, 4).Select(i => $$"""{"id": {{i}}, "name": "0.png", "sid": {{(i == 0 ? 0 : 1)}}, "fid": {{(i == 0 ? 0 : i - 1)}}, "width": 96, "height": 64}"""))}}],
             "categories": [{{string.Join(",", Classes.Select(c => $$"""{"id": {{c.Id}}, "name": "{{c.Name}}"}"""))}}], "annotations": [], "sequences": ["a", "b"], "seq_dirs": [".", "."]}
            """);
        DetectionEvaluation Run(RetinaNet model, EvaluatorOptions options) => DetectionEvaluator.Run(
            new Detector(model, new() { Score = 0, Saliency = new KernelDensitySaliency((31, 51), bandwidth: 64.0 * 96 / 1920) }), CocoDataset.Load(path, _folder.Root), new() { Workers = 0, Processes = options.Processes });
        var alone = Run(_model, new());
        // The middle of four frames lies in the second sequence: it is left to the first process whole.
        var runs = ThreadedProcesses.Run(2, group => Run(RetinaNetTests.Make(CheckpointLayout.Mmdet), new() { Processes = group }));
        Assert.That(runs[1].Detections, Is.EqualTo(alone.Detections).And.Not.Empty);
    }

    [Test]
    public void ReducedDecoding_GivesBoxesOfTheWholePicture()
    {
        var data = new CocoDataset(new CocoAnnotations([new CocoImage(1, "a.jpg", 192, 128)], [], Classes), _folder.Root);
        var reduced = DetectionEvaluator.Run(new Detector(_model, new() { Score = 0, Scale = 0.5 }), data, new() { ReducedDecoding = true }).Detections;
        var half = new Detector(_model, new() { Score = 0 }).Detect(ImageCodec.Load(_folder["a.jpg"], new Size2(64, 96))).Detections;
        Assert.That(reduced.Select(d => d.Box), Is.EqualTo(half.Select(d => CocoBox.From(d.Box.Scale(2, 2)))).And.Not.Empty);
    }

    [Test]
    public void OwnDetectionsAsTruth_ScorePerfectly_AndTheFileHoldsThem()
    {
        var images = Enumerable.Range(0, 3).Select(i => new CocoImage(i + 1, $"{i}.png", 96, 64)).ToList();
        var run = DetectionEvaluator.Run(new Detector(_model, new() { Score = 0 }), new CocoDataset(new CocoAnnotations(images, [], Classes), _folder.Root));
        // Boxes beyond the border are clipped to nothing, and nothing overlaps nothing.
        run = run with { Detections = [.. run.Detections.Where(d => d.Box is { Width: > 0, Height: > 0 })] };
        var truth = new CocoAnnotations(images, [.. run.Detections.Select((d, i) => new CocoAnnotation(i + 1, d.ImageId, d.CategoryId, d.Box, d.Box.Width * d.Box.Height))], Classes);
        Assert.That(run.Score(truth).AP, Is.EqualTo(1).Within(1e-9));
        run.Save(_folder["found.json"]);
        Assert.That(CocoDetections.Load(_folder["found.json"]), Is.EqualTo(run.Detections));
        Assert.That(() => run.Save(_folder["no/such/folder.json"]), Throws.TypeOf<LzuException>().With.Message.Contains("cannot be written"));
        Assert.That(Directory.GetFiles(_folder.Root, "*.partial"), Is.Empty);
    }

    [Test]
    public void WrongSetUp_IsSaid()
    {
        var data = new CocoDataset(new CocoAnnotations([], [], [new CocoCategory(1, "car")]), _folder.Root);
        Assert.That(() => DetectionEvaluator.Run(new Detector(_model), data), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("Score = 0"));
        Assert.That(() => DetectionEvaluator.Run(new Detector(_model, new() { Score = 0 }), data), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("8 classes, the data set 1"));
        var adaptive = new Detector(_model, new() { Score = 0, Saliency = new KernelDensitySaliency((31, 51)) });
        Assert.That(() => DetectionEvaluator.Run(adaptive, data, new() { CategoryOf = l => l, ReducedDecoding = true }), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("ReducedDecoding = false"));
        Assert.That(DetectionEvaluator.Run(adaptive, data, new() { CategoryOf = l => l }).Cost.Images, Is.Zero);
    }

    [Test]
    public void Cancelled_ItStops()
    {
        using var cancel = new CancellationTokenSource();
        var data = new CocoDataset(new CocoAnnotations([.. Enumerable.Range(1, 50).Select(i => new CocoImage(i, "0.png", 96, 64))], [], Classes), _folder.Root);
        var seen = 0;
        Assert.That(() => DetectionEvaluator.Run(new Detector(_model, new() { Score = 0 }), data, new() { Progress = (_, _) => { seen++; cancel.Cancel(); } }, cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(seen, Is.LessThan(10));
    }
}
