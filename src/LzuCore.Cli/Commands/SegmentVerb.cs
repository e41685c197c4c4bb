using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Cli.Pictures;
using LzuCore.Memory;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Segmentation;

namespace LzuCore.Cli.Commands;

/// <summary>How much of a picture one class covers.</summary>
internal sealed record LabelShare(int Label, [property: JsonPropertyName("class")] string ClassName, double Share);

/// <summary>The labels of one picture.</summary>
internal sealed record SegmentedImage(string File, int[] Size, int[] NetworkSize, string? LabelsPng, IReadOnlyList<LabelShare> Classes, StageMs Ms, IReadOnlyList<string> Files);

/// <summary>What <c>lzu segment --json</c> writes.</summary>
internal sealed record SegmentDocument(string Schema, string Model, string Warp, string Ids, IReadOnlyList<SegmentedImage> Images);

/// <summary><c>lzu segment</c>: a class for every pixel, with or without zooming before the backbone.</summary>
internal sealed class SegmentVerb() : Verb("segment", "labels every pixel of pictures: PSPNet, with no, a fixed or an adaptive zoom before its backbone")
{
    private const int CityscapesCount = 19;

    private readonly Argument<string[]> _images = new("IMAGE") { Description = "JPEG, PNG or WebP files, or image:SEED@HxW", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _weights = Opt.Text("--weights", "FILE", "a checkpoint, or random:SEED for the deterministic weights (19 classes)", required: true);
    private readonly Option<string> _model = Opt.Choice("--model", "the network", "pspnet");
    private readonly Option<string> _ids = Opt.Choice("--ids", "what the label PNGs hold: Cityscapes' label ids, as its server scores them, or the network's own train ids", "label", "train");
    private readonly Option<string?> _out = Opt.Text("--out", "DIR", "folder for label PNGs, and pictures with the labels painted in");
    private readonly Option<string?> _cityscapes = Opt.Text("--cityscapes", "DIR", "instead of pictures: a split of Cityscapes, whose labels score the result");
    private readonly Option<string> _split = Opt.Choice("--split", "which split of it", "val", "train", "test");
    private readonly Option<string?> _results = Opt.Text("--results", "DIR", "folder for a PNG of label ids for each of its pictures, as others score them");
    private readonly ZoomChoice _zoom = new();

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_images);
        foreach (var option in new Option[] { _weights, _model, _ids, _out, _cityscapes, _split, _results }) command.Add(option);
        _zoom.AddTo(command);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        _zoom.Check(parsed);
        if (parsed.GetValue(_cityscapes) is { } root) return RunDataset(parsed, session, root);
        var inputs = InputImage.Required(parsed.GetValue(_images), "--cityscapes DIR --results DIR");
        PspNet? model = null;
        Segmenter? segmenter = null;
        var ids = parsed.GetValue(_ids)!;
        var results = new List<SegmentedImage>();
        using var outputs = new OutputFiles(session.Cancellation);
        InputImage.ForEach(session, "segmenting", inputs, input =>
        {
            var image = input.Image;
            var options = Options(parsed, image.Size);
            model ??= NetworkChoice.PspNet(parsed.GetValue(_weights)!, session.Device);
            if (ids == "label" && model.Options.Classes != CityscapesCount) ids = "train";
            segmenter ??= new Segmenter(model, options);
            var found = segmenter.Segment(image);
            var files = new List<string>();
            if (parsed.GetValue(_out) is { } folder)
            {
                files.Add(outputs.Add(Path.Combine(folder, $"{input.Name}.labels.png"), p => File.WriteAllBytes(p, (ids == "label" ? SegmentationEvaluator.LabelIds(found.Labels) : found.Labels).Encode())));
                files.Add(outputs.Add(Path.Combine(folder, $"{input.Name}.segments.png"), LabelPictures.Paint(image, found.Labels, model.Options.Classes)));
            }
            results.Add(new SegmentedImage(input.Source, [found.Image.Height, found.Image.Width], [found.Network.Height, found.Network.Width], files.FirstOrDefault(),
                Shares(found.Labels, model.Options.Classes), StageMs.Of(input.LoadMs, found.Milliseconds), files));
        });
        outputs.Commit();
        foreach (var result in results) Show(session, result);
        session.Document(new SegmentDocument("lzu.segment/1", parsed.GetValue(_model)!, _zoom.Kind(parsed), ids, results), CliJson.Default.SegmentDocument);
        return ExitCode.Done;
    }

    private SegmenterOptions Options(ParseResult parsed, Size2 image)
    {
        var follow = _zoom.Kind(parsed) == "adaptive";
        var options = _zoom.Into(parsed, new SegmenterOptions { FollowBoundaries = follow, BoundaryGrid = _zoom.Grid(parsed) }, image);
        return follow ? options with { Saliency = null } : options;
    }

    private int RunDataset(ParseResult parsed, Session session, string root)
    {
        if (parsed.GetValue(_results) is not { } results || parsed.GetValue(_images) is { Length: > 0 }) throw new UsageException("segment: a data set needs --cityscapes DIR and --results DIR, and no pictures by name.");
        if (_zoom.Kind(parsed) == "adaptive") throw new UsageException("segment: the pictures of a data set are no sequence, so there is nothing to follow; choose --warp none or fixed.");
        var processes = session.Processes;
        var data = new CityscapesDataset(root, parsed.GetValue(_split)!);
        var segmenter = new Segmenter(NetworkChoice.PspNet(parsed.GetValue(_weights)!, session.Device), Options(parsed, data.Count > 0 ? data.SizeOf(0) : new Size2(1, 1)));
        if (segmenter.Classes != CityscapesCount) throw new UsageException($"segment: Cityscapes has {CityscapesCount} classes, the network {segmenter.Classes}.");
        var run = session.Track("segmenting", data.Count, report => SegmentationEvaluator.Run(segmenter, data, new SegmentationEvaluatorOptions { Progress = report, PredictionsFolder = results, Processes = processes }, session.Cancellation));
        var metrics = new Dictionary<string, double> { ["mIoU"] = run.Score.Mean, ["mAcc"] = run.Score.MeanAccuracy, ["aAcc"] = run.Score.OverallAccuracy };
        return DatasetDocument.Show(session, "lzu.segment/1", parsed.GetValue(_model)!, _zoom.Kind(parsed), results, run.Cost.Images, metrics, run.Cost);
    }

    private static List<LabelShare> Shares(LabelMap labels, int classes)
    {
        var counts = new long[256];
        foreach (var label in labels.Labels) counts[label]++;
        return [.. Enumerable.Range(0, 256).Where(i => counts[i] > 0).OrderByDescending(i => counts[i]).Select(i => new LabelShare(i, LabelPictures.NameOf(i, classes), counts[i] / (double)labels.Labels.Length))];
    }

    private static void Show(Session session, SegmentedImage image)
    {
        session.Print(string.Create(CultureInfo.InvariantCulture, $"{image.File}  {image.Size[0]}x{image.Size[1]}, network at {image.NetworkSize[0]}x{image.NetworkSize[1]}: {image.Classes.Count} classes"));
        foreach (var one in image.Classes) session.Print(string.Create(CultureInfo.InvariantCulture, $"  {100 * one.Share,5:0.0} %  {one.ClassName}"));
        session.Print($"  {image.Ms}");
        foreach (var file in image.Files) session.Print("  " + file);
    }
}
