using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Vision.Geometry;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu saliency --json</c> writes.</summary>
internal sealed record SaliencyDocument(string Schema, string File, int[] Shape, double Min, double Max, int Boxes);

/// <summary><c>lzu saliency</c>: one fixed map for a data set, from all of its boxes at once.</summary>
internal sealed class SaliencyVerb() : Verb("saliency", "a fixed saliency map from a training set's boxes, for zoom --saliency and detect --warp fixed")
{
    private readonly Option<string?> _annotations = Opt.Text("--annotations", "FILE", "COCO-style JSON, or x1,y1,x2,y2 lines", required: true);
    private readonly Option<string?> _out = Opt.Text("--out", "FILE.npy", "the map", required: true);
    private readonly Option<Size2?> _image = Opt.Size("--image", "size of the images (default: the largest that the annotations name)", 1, 65535);
    private readonly WarpChoice _warp = new();

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        foreach (var option in new Option[] { _annotations, _out, _image }) command.Add(option);
        _warp.AddSaliencyTo(command);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var (annotations, to) = (parsed.GetValue(_annotations)!, parsed.GetValue(_out)!);
        if (Path.GetExtension(to).ToLowerInvariant() != ".npy") throw new UsageException($"--out must end in .npy, got '{to}'.");
        Box[] boxes = [.. new BoxesFile(annotations).All];
        if (boxes.Length == 0) throw new UsageException($"saliency {annotations}: there are no boxes, so there is nothing to look at.");
        var image = parsed.GetValue(_image) ?? SizeIn(annotations) ?? throw new UsageException($"saliency {annotations}: it does not say how large the images are; add --image HxW.");
        var map = _warp.FromBoxes(parsed, image.Width).Map(Boxes.ToTensor(boxes), image).Reshape(1, 1, _warp.Grid(parsed).Height, _warp.Grid(parsed).Width);
        using var outputs = new OutputFiles(session.Cancellation);
        outputs.Add(to, path => Npy.Write(path, map));
        outputs.Commit();
        var values = map.To(DType.Float64).ToArray<double>();
        var document = new SaliencyDocument("lzu.saliency/1", to, map.Shape.ToArray(), values.Min(), values.Max(), boxes.Length);
        session.Print(string.Create(CultureInfo.InvariantCulture, $"{to}: {map.Shape} from {boxes.Length} boxes in {image.Height}x{image.Width}, {document.Min * values.Length:0.00} to {document.Max * values.Length:0.00} times uniform"));
        session.Document(document, CliJson.Default.SaliencyDocument);
        return ExitCode.Done;
    }

    // The largest height and width of the images of a COCO file.
    private static Size2? SizeIn(string path)
    {
        if (Path.GetExtension(path).ToLowerInvariant() != ".json") return null;
        using var json = LenientJson.Read("saliency", path);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("images", out var images)) return null;
        var (height, width) = (0, 0);
        foreach (var image in images.EnumerateArray())
            if (image.TryGetProperty("height", out var h) && image.TryGetProperty("width", out var w) && h.TryGetInt32(out var rows) && w.TryGetInt32(out var columns))
                (height, width) = (Math.Max(height, rows), Math.Max(width, columns));
        return height > 0 && width > 0 ? new Size2(height, width) : null;
    }
}
