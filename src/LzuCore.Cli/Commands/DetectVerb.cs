using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;

namespace LzuCore.Cli.Commands;

/// <summary>One box that was found.</summary>
internal sealed record DetectedObject(double[] Box, double Score, int Label, [property: JsonPropertyName("class")] string ClassName);

/// <summary>What was found in one picture.</summary>
internal sealed record DetectedImage(string File, int[] Size, int[] NetworkSize, IReadOnlyList<DetectedObject> Detections, StageMs Ms, IReadOnlyList<string> Files);

/// <summary>What <c>lzu detect --json</c> writes.</summary>
internal sealed record DetectDocument(string Schema, string Model, string Warp, IReadOnlyList<DetectedImage> Images);

/// <summary><c>lzu detect</c>: boxes in pictures, with or without zooming before the backbone.</summary>
internal sealed class DetectVerb() : Verb("detect", "finds boxes in pictures: RetinaNet, with no, a fixed or an adaptive zoom before its backbone")
{
    private readonly Argument<string[]> _images = new("IMAGE") { Description = "JPEG, PNG or WebP files, or image:SEED@HxW", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _weights = Opt.Text("--weights", "FILE", "a checkpoint, or random:SEED for the deterministic weights (8 classes)", required: true);
    private readonly Option<string> _model = Opt.Choice("--model", "the network", "retinanet");
    private readonly Option<string> _layout = Opt.Choice("--layout", "whose anchors and decoding; auto is the checkpoint's own", "auto", "mmdet", "torchvision");
    private readonly Option<string> _style = Opt.Choice("--style", "where a bottleneck's stride is, which no checkpoint tells", "pytorch", "caffe");
    private readonly Option<double?> _eps = Opt.Number("--norm-eps", "eps of the batch norms (default 1e-5; 0 for torchvision's published COCO_V1)", 0, 1);
    private readonly Option<string> _unwarp = Opt.Choice("--unwarp", "what comes back from the zoomed picture: the features (LZU) or the boxes (FOVEA)", "features", "boxes");
    private readonly Option<double?> _score = Opt.Number("--score", "least score that is reported (default 0.3)", 0, 1, 0.3);
    private readonly Option<string?> _out = Opt.Text("--out", "DIR", "folder for pictures with the boxes drawn in");
    private readonly Option<string?> _annotations = Opt.Text("--annotations", "FILE", "instead of pictures: a whole COCO-style data set, whose boxes score the result");
    private readonly Option<string?> _folder = Opt.Text("--images", "DIR", "the folder of the data set's pictures");
    private readonly Option<string?> _results = Opt.Text("--results", "FILE.json", "every box of the data set as others score them: COCO's results format");
    private readonly ZoomChoice _zoom = new();

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_images);
        foreach (var option in new Option[] { _weights, _model, _layout, _style, _eps, _unwarp, _score, _out, _annotations, _folder, _results }) command.Add(option);
        _zoom.AddTo(command);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        _zoom.Check(parsed);
        if (parsed.GetValue(_annotations) is { } annotations) return RunDataset(parsed, session, annotations);
        var inputs = InputImage.Required(parsed.GetValue(_images), "--annotations FILE --images DIR --results FILE");
        RetinaNet? model = null;
        Detector? detector = null;
        var results = new List<DetectedImage>();
        using var outputs = new OutputFiles(session.Cancellation);
        InputImage.ForEach(session, "detecting", inputs, input =>
        {
            var image = input.Image;
            var options = Options(parsed, (float)parsed.GetValue(_score)!.Value, image.Size);
            model ??= Model(parsed, session);
            detector ??= new Detector(model, options);
            var found = detector.Detect(image);
            var files = new List<string>();
            if (parsed.GetValue(_out) is { } folder) files.Add(outputs.Add(Path.Combine(folder, $"{input.Name}.detections.png"), Annotate(image, found, model.Options.Classes)));
            results.Add(Describe(input.Source, input.LoadMs, found, model.Options.Classes, files));
        });
        outputs.Commit();
        foreach (var result in results) Show(session, result);
        session.Document(new DetectDocument("lzu.detect/1", parsed.GetValue(_model)!, _zoom.Kind(parsed), results), CliJson.Default.DetectDocument);
        return ExitCode.Done;
    }

    private RetinaNet Model(ParseResult parsed, Session session) => NetworkChoice.RetinaNet(parsed.GetValue(_weights)!, parsed.GetValue(_layout)!,
        parsed.GetValue(_style) == "caffe" ? ResNetStyle.Caffe : ResNetStyle.Pytorch, parsed.GetValue(_eps), session.Device);

    private DetectorOptions Options(ParseResult parsed, float score, Size2 image) =>
        _zoom.Into(parsed, new DetectorOptions { Score = score, Unwarp = parsed.GetValue(_unwarp) == "boxes" ? Unwarp.Boxes : Unwarp.Features }, image);

    private int RunDataset(ParseResult parsed, Session session, string annotations)
    {
        if (parsed.GetValue(_folder) is not { } folder || parsed.GetValue(_results) is not { } results || parsed.GetValue(_images) is { Length: > 0 })
            throw new UsageException("detect: a data set needs --annotations FILE, --images DIR and --results FILE, and no pictures by name.");
        var processes = session.Processes;
        var data = CocoDataset.Load(annotations, folder);
        var detector = new Detector(Model(parsed, session), Options(parsed, 0, data.Count > 0 ? data.SizeOf(0) : new Size2(1, 1)));
        // All boxes, whatever --score says: precision at high recall lives on the weak ones.
        var found = session.Track("detecting", data.Count, report => DetectionEvaluator.Run(detector, data, new DetectionEvaluatorOptions { Progress = report, Processes = processes }, session.Cancellation));
        if (!processes.IsFirst) return ExitCode.Done;
        using var outputs = new OutputFiles(session.Cancellation);
        outputs.Add(results, found.Save);
        outputs.Commit();
        var truth = CocoAnnotations.Load(annotations);
        var metrics = truth.Annotations.Count == 0 ? [] : found.Score(truth).Summary.ToDictionary(m => m.Name, m => m.Value);
        return DatasetDocument.Show(session, "lzu.detect/1", parsed.GetValue(_model)!, _zoom.Kind(parsed), results, found.Detections.Count, metrics, found.Cost);
    }

    /// <summary>The picture with its boxes, the best on top.</summary>
    internal static Image Annotate(Image image, DetectionResult found, int classes) => Drawing.On(image, d =>
    {
        foreach (var one in found.Detections.Reverse())
            d.Box(one.Box.X1, one.Box.Y1, one.Box.X2, one.Box.Y2, Rgb.OfClass(one.Label), string.Create(CultureInfo.InvariantCulture, $"{ClassNames.Of(one.Label, classes)} {one.Score:0.00}"));
    });

    private static DetectedImage Describe(string source, double load, DetectionResult found, int classes, List<string> files)
    {
        return new DetectedImage(source, [found.Image.Height, found.Image.Width], [found.Network.Height, found.Network.Width],
            [.. found.Detections.Select(d => new DetectedObject([d.Box.X1, d.Box.Y1, d.Box.X2, d.Box.Y2], d.Score, d.Label, ClassNames.Of(d.Label, classes)))],
            StageMs.Of(load, found.Milliseconds), files);
    }

    private static void Show(Session session, DetectedImage image)
    {
        session.Print(string.Create(CultureInfo.InvariantCulture, $"{image.File}  {image.Size[0]}x{image.Size[1]}, network at {image.NetworkSize[0]}x{image.NetworkSize[1]}: {image.Detections.Count} boxes"));
        foreach (var one in image.Detections.Take(20))
            session.Print(string.Create(CultureInfo.InvariantCulture, $"  {one.Score:0.000}  {one.ClassName,-14} {one.Box[0],8:0.0} {one.Box[1],8:0.0} {one.Box[2],8:0.0} {one.Box[3],8:0.0}"));
        if (image.Detections.Count > 20) session.Print($"  … {image.Detections.Count - 20} more");
        session.Print($"  {image.Ms}");
        foreach (var file in image.Files) session.Print("  " + file);
    }
}
