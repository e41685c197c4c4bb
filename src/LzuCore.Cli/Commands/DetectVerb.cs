using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
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
    private readonly Argument<string[]> _images = new("IMAGE") { Description = "JPEG, PNG or WebP files, or image:SEED@HxW", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _weights = Opt.Text("--weights", "FILE", "a checkpoint, or random:SEED for the deterministic weights (8 classes)", required: true);
    private readonly Option<string> _model = Opt.Choice("--model", "the network", "retinanet");
    private readonly Option<string> _layout = Opt.Choice("--layout", "whose anchors and decoding; auto is the checkpoint's own", "auto", "mmdet", "torchvision");
    private readonly Option<string> _style = Opt.Choice("--style", "where a bottleneck's stride is, which no checkpoint tells", "pytorch", "caffe");
    private readonly Option<double?> _eps = Opt.Number("--norm-eps", "eps of the batch norms (default 1e-5; 0 for torchvision's published COCO_V1)", 0, 1);
    private readonly Option<string> _unwarp = Opt.Choice("--unwarp", "what comes back from the zoomed picture: the features (LZU) or the boxes (FOVEA)", "features", "boxes");
    private readonly Option<double?> _score = Opt.Number("--score", "least score that is reported (default 0.3)", 0, 1, 0.3);
    private readonly Option<string?> _out = Opt.Text("--out", "DIR", "folder for pictures with the boxes drawn in");
    private readonly ZoomChoice _zoom = new();

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_images);
        foreach (var option in new Option[] { _weights, _model, _layout, _style, _eps, _unwarp, _score, _out }) command.Add(option);
        _zoom.AddTo(command);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        _zoom.Check(parsed);
        var inputs = InputImage.Named(parsed.GetRequiredValue(_images));
        RetinaNet? model = null;
        Detector? detector = null;
        var results = new List<DetectedImage>();
        using var outputs = new OutputFiles(session.Cancellation);
        session.ForEach("detecting", inputs, input =>
        {
            var clock = Stopwatch.StartNew();
            var image = input.Image.Load();
            var load = clock.Elapsed.TotalMilliseconds;
            var style = parsed.GetValue(_style) == "caffe" ? ResNetStyle.Caffe : ResNetStyle.Pytorch;
            var options = _zoom.Into(parsed, new DetectorOptions { Score = (float)parsed.GetValue(_score)!.Value, Unwarp = parsed.GetValue(_unwarp) == "boxes" ? Unwarp.Boxes : Unwarp.Features }, image);
            model ??= NetworkChoice.RetinaNet(parsed.GetValue(_weights)!, parsed.GetValue(_layout)!, style, parsed.GetValue(_eps), session.Device);
            detector ??= new Detector(model, options);
            var found = detector.Detect(image);
            var files = new List<string>();
            if (parsed.GetValue(_out) is { } folder)
            {
                var file = Path.Combine(folder, $"{input.Name}.detections.png");
                files.Add(outputs.Add(file, p => File.WriteAllBytes(p, ImageCodec.Encode(Annotate(image, found, model.Options.Classes), file))));
            }
            results.Add(Describe(input.Image.Source, load, found, model.Options.Classes, files));
        });
        outputs.Commit();
        foreach (var result in results) Show(session, result);
        session.Document(new DetectDocument("lzu.detect/1", parsed.GetValue(_model)!, _zoom.Kind(parsed), results), CliJson.Default.DetectDocument);
        return ExitCode.Done;
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
