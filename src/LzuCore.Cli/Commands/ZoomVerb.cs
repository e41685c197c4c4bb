using System.CommandLine;
using System.Globalization;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Cli.Pictures;
using LzuCore.Vision.Imaging;
using LzuCore.Warping;

namespace LzuCore.Cli.Commands;

/// <summary>Least and greatest.</summary>
internal sealed record Span(double Min, double Max);

/// <summary>What was made of one picture. Magnification is of lengths, against plain resizing to the same size.</summary>
internal sealed record ZoomedImage(string File, int[] Size, int[] ZoomedSize, double RoundtripPsnrDb, double MaxRoundtripPx, double MinJacobian, int Folds, Span Magnification, ZoomTimes Ms, IReadOnlyList<string> Files);

/// <summary>What <c>lzu zoom --json</c> writes.</summary>
internal sealed record ZoomDocument(string Schema, IReadOnlyList<ZoomedImage> Images);

/// <summary><c>lzu zoom</c>: zooms pictures into what matters, brings them back, and shows how.</summary>
internal sealed class ZoomVerb() : Verb("zoom", "zooms pictures into what matters and back: zoomed, unzoomed, saliency, grid, magnification")
{
    private const double DefaultScale = 0.5;
    private readonly Argument<string[]> _images = new("IMAGE") { Description = "JPEG, PNG or WebP files, or image:SEED@HxW", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _out = Opt.Text("--out", "DIR", "folder for the pictures", required: true);
    private readonly Option<string?> _boxes = Opt.Text("--boxes", "FILE", "look at these boxes: COCO-style JSON, or x1,y1,x2,y2 lines");
    private readonly Option<string?> _saliency = Opt.Text("--saliency", "FILE", "look where this map says: .npy, .npz or .pkl (default: a road scene's prior)");
    private readonly WarpChoice _warp = new();

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_images);
        command.Add(_out);
        command.Add(_boxes);
        command.Add(_saliency);
        _warp.AddTo(command);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        if (parsed.GetValue(_boxes) is not null && parsed.GetValue(_saliency) is not null) throw new UsageException("--boxes and --saliency were both given; one of them says where to look.");
        var boxesFile = parsed.GetValue(_boxes) is { } boxesPath ? new BoxesFile(boxesPath) : null;
        ISaliency? map = parsed.GetValue(_saliency) is { } mapPath ? SaliencyFile.Read(mapPath) : boxesFile is null ? new RoadPriorSaliency(_warp.Grid(parsed)) : null;
        var folder = parsed.GetValue(_out)!;
        var results = new List<ZoomedImage>();
        using var outputs = new OutputFiles(session.Cancellation);
        session.ForEach("zooming", InputImage.Named(parsed.GetRequiredValue(_images)), input =>
        {
            var image = input.Image.Load();
            var boxes = boxesFile?.Of(input.Image.Source) ?? [];
            var run = new ZoomRun(image, map ?? _warp.FromBoxes(parsed, image.Width), boxes, _warp.Warp(parsed), _warp.Zoomed(parsed, image.Size, DefaultScale), session.Device);
            string Write(string kind, Image picture) => outputs.Add(Path.Combine(folder, $"{input.Name}.{kind}.png"), picture);
            string[] files =
            [
                Write("zoomed", run.Zoomed), Write("unzoomed", run.Unzoomed), Write("saliency", WarpPictures.Saliency(run, boxes)),
                Write("grid", WarpPictures.Grid(run)), Write("magnification", WarpPictures.Magnification(run)),
            ];
            results.Add(Describe(input.Image.Source, run, files));
        });
        outputs.Commit();
        foreach (var result in results) Show(session, result);
        session.Document(new ZoomDocument("lzu.zoom/1", results), CliJson.Default.ZoomDocument);
        return ExitCode.Done;
    }

    private static ZoomedImage Describe(string source, ZoomRun run, string[] files) => new(
        source, [run.Original.Height, run.Original.Width], [run.Zoomed.Height, run.Zoomed.Width], run.Psnr, run.RoundTripPixels, run.Diagnostics.SmallestJacobian, run.Diagnostics.Folds.Count,
        new Span(Math.Sqrt(run.Diagnostics.SmallestMagnification), Math.Sqrt(run.Diagnostics.LargestMagnification)), run.Times, files);

    private static void Show(Session session, ZoomedImage image)
    {
        session.Print(string.Create(CultureInfo.InvariantCulture, $"{image.File}  {image.Size[0]}x{image.Size[1]} -> {image.ZoomedSize[0]}x{image.ZoomedSize[1]}"));
        session.Print(string.Create(CultureInfo.InvariantCulture, $"  unzoomed against original {image.RoundtripPsnrDb:0.0} dB; coordinates come back within {image.MaxRoundtripPx:0.0e+0} px; {image.Folds} folds, smallest Jacobian {image.MinJacobian:0.000}"));
        session.Print(string.Create(CultureInfo.InvariantCulture, $"  lengths {image.Magnification.Min:0.00} to {image.Magnification.Max:0.00} times those of plain resizing"));
        session.Print(string.Create(CultureInfo.InvariantCulture, $"  ms: saliency {image.Ms.Saliency:0.00}, grid {image.Ms.Grid:0.00}, zoom {image.Ms.Zoom:0.00}, inverse {image.Ms.Inverse:0.00}, unzoom {image.Ms.Unzoom:0.00}"));
        foreach (var file in image.Files) session.Print("  " + file);
    }
}
