using System.CommandLine;
using System.Globalization;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Tasks.Segmentation;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu saliency --json</c> writes: how many boxes, or how many label maps, the map is from.</summary>
internal sealed record SaliencyDocument(string Schema, string File, int[] Shape, double Min, double Max, int Boxes, int Maps);

/// <summary><c>lzu saliency</c>: one fixed map for a data set, from all of its boxes or all of its label maps.</summary>
internal sealed class SaliencyVerb() : Verb("saliency", "a fixed saliency map from a training set's boxes or label maps, for zoom --saliency and --warp fixed")
{
    private readonly Option<string?> _annotations = Opt.Text("--annotations", "FILE", "COCO-style JSON, a mono-3D file of nuScenes (its 2-D boxes), or x1,y1,x2,y2 lines");
    private readonly Option<string?> _labels = Opt.Text("--labels", "DIR", "a folder of Cityscapes' label maps, searched to its depths: the map is where labels change");
    private readonly Option<string?> _out = Opt.Text("--out", "FILE.npy", "the map", required: true);
    private readonly Option<Size2?> _image = Opt.Size("--image", "size of the images that the boxes are in (default: the largest that the annotations name)", 1, 65535);
    private readonly WarpChoice _warp = new();

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        foreach (var option in new Option[] { _annotations, _labels, _out, _image }) command.Add(option);
        _warp.AddSaliencyTo(command);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var to = parsed.GetValue(_out)!;
        if (Path.GetExtension(to).ToLowerInvariant() != ".npy") throw new UsageException($"--out must end in .npy, got '{to}'.");
        var (map, boxes, maps, from) = (parsed.GetValue(_annotations), parsed.GetValue(_labels)) switch
        {
            ({ } file, null) => FromBoxes(parsed, file),
            (null, { } folder) => FromLabels(parsed, folder, session),
            (null, null) => throw new UsageException("saliency: name --annotations FILE or --labels DIR; the map is made from them."),
            _ => throw new UsageException("saliency: --annotations and --labels were both given; a map is made from one of them."),
        };
        using var outputs = new OutputFiles(session.Cancellation);
        outputs.Add(to, path => Npy.Write(path, map));
        outputs.Commit();
        var values = map.To(DType.Float64).ToArray<double>();
        var document = new SaliencyDocument("lzu.saliency/1", to, map.Shape.ToArray(), values.Min(), values.Max(), boxes, maps);
        session.Print(string.Create(CultureInfo.InvariantCulture, $"{to}: {map.Shape} from {from}, {document.Min * values.Length:0.00} to {document.Max * values.Length:0.00} times uniform"));
        session.Document(document, CliJson.Default.SaliencyDocument);
        return ExitCode.Done;
    }

    private (Tensor Map, int Boxes, int Maps, string From) FromBoxes(ParseResult parsed, string file)
    {
        var annotated = AnnotatedBoxes.Read(file);
        if (annotated.Boxes.Length == 0) throw new UsageException($"saliency {file}: there are no boxes, so there is nothing to look at.");
        var image = parsed.GetValue(_image) ?? annotated.Image ?? throw new UsageException($"saliency {file}: it does not say how large the images are; add --image HxW.");
        var grid = _warp.Grid(parsed);
        var map = _warp.FromBoxes(parsed, image.Width).Map(Boxes.ToTensor(annotated.Boxes), image).Reshape(1, 1, grid.Height, grid.Width);
        return (map, annotated.Boxes.Length, 0, $"{annotated.Boxes.Length} {(annotated.Boxes.Length == 1 ? "box" : "boxes")} in {image.Height}x{image.Width}");
    }

    private (Tensor Map, int Boxes, int Maps, string From) FromLabels(ParseResult parsed, string folder, Session session)
    {
        if (parsed.GetValue(_image) is not null) throw new UsageException("--image is the size that boxes are in; label maps have their own.");
        var files = LabelMapFolder.Find(folder);
        var saliency = new BoundarySaliency(_warp.Grid(parsed));
        session.ForEach("label maps", files, file => saliency.Add(LabelMapFolder.Load(file)));
        return (saliency.Map(), 0, files.Count, $"{files.Count} label {(files.Count == 1 ? "map" : "maps")}");
    }
}
