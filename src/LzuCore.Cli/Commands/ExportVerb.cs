using System.CommandLine;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Onnx;
using LzuCore.Vision.Tasks;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Tasks.Detection3d;
using LzuCore.Vision.Tasks.Segmentation;
using LzuCore.Warping;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu export --json</c> writes.</summary>
internal sealed record ExportDocument(string Schema, string Model, string Warp, int[] Size, string File, int Nodes, long Bytes);

/// <summary><c>lzu export onnx</c>: a model as one file that ONNX Runtime runs to the same answer.</summary>
internal sealed class ExportVerb() : Verb("export", "a model as one ONNX file (opset 16), with its fixed zoom and unzoom inside")
{
    private readonly Argument<string> _what = new("WHAT") { Description = "onnx" };
    private readonly Option<string> _model = Opt.Choice("--model", "the network", "retinanet", "resnet50", "pspnet", "fcos3d");
    private readonly Option<string?> _weights = Opt.Text("--weights", "FILE", "a checkpoint, or random:SEED for the deterministic weights", required: true);
    private readonly Option<string> _layout = Opt.Choice("--layout", "whose retinanet it is; auto is the checkpoint's own", "auto", "mmdet", "torchvision");
    private readonly Option<Size2?> _size = Opt.Size("--size", "the picture's size, before zooming", 32, 16384);
    private readonly Option<string?> _out = Opt.Text("--out", "FILE.onnx", "the file to write", required: true);
    private readonly Option<string> _kind = Opt.Choice("--warp", "the zoom before the backbone, which becomes part of the graph", "none", "fixed");
    private readonly Option<string?> _saliency = Opt.Text("--saliency", "FILE", "the map of --warp fixed (default: a road scene's prior)");
    private readonly WarpChoice _warp = new();

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_what);
        foreach (var option in new Option[] { _model, _weights, _layout, _size, _out, _kind, _saliency }) command.Add(option);
        _warp.AddFixedTo(command);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        if (parsed.GetRequiredValue(_what) is var what && what != "onnx") throw new UsageException($"export: '{what}' is nothing to export to; choose onnx.");
        var (model, kind, file) = (parsed.GetValue(_model)!, parsed.GetValue(_kind)!, parsed.GetValue(_out)!);
        var size = parsed.GetValue(_size) ?? throw new UsageException("export: --size HxW is missing: a graph is for pictures of one size.");
        if ((long)size.Height * size.Width > Image.MaxPixels) throw new UsageException($"export: --size must be at most 268 megapixels, got {size}.");
        if (parsed.GetValue(_saliency) is not null && kind != "fixed") throw new UsageException("--saliency is the map of --warp fixed; add --warp fixed.");
        if (model == "resnet50" && (kind != "none" || _warp.Scale(parsed) is not null)) throw new UsageException("export: resnet50 classifies whole pictures and has nothing to unzoom; leave out --warp and --scale.");

        var graph = Graph(parsed, model, kind, size);
        session.Cancellation.ThrowIfCancellationRequested();
        using var outputs = new OutputFiles(session.Cancellation);
        long bytes = 0;
        outputs.Add(file, path => bytes = graph.Write(path));
        outputs.Commit();
        session.Print($"{file}: {model} for {size}, {(kind == "none" ? "" : "with a fixed zoom, ")}{graph.NodeCount} nodes, {bytes} bytes");
        session.Document(new ExportDocument("lzu.export/1", model, kind, [size.Height, size.Width], file, graph.NodeCount, bytes), CliJson.Default.ExportDocument);
        return ExitCode.Done;
    }

    // On the CPU whatever the device: the graph is the same, and weights have to come there.
    private OnnxGraph Graph(ParseResult parsed, string model, string kind, Size2 size)
    {
        var weights = parsed.GetValue(_weights)!;
        var options = new ZoomOptions
        {
            Scale = _warp.Scale(parsed) ?? 1,
            Saliency = kind == "fixed" ? (ISaliency?)(parsed.GetValue(_saliency) is { } map ? SaliencyFile.Read(map) : null) ?? new RoadPriorSaliency(_warp.Grid(parsed)) : null,
            Warp = _warp.Warp(parsed),
        };
        return model switch
        {
            "resnet50" => OnnxModels.Of(NetworkChoice.ResNet50(weights, Device.Cpu), size),
            "pspnet" => OnnxModels.Of(new Segmenter(NetworkChoice.PspNet(weights, Device.Cpu), new SegmenterOptions { Scale = options.Scale, Saliency = options.Saliency, Warp = options.Warp }), size),
            "fcos3d" => OnnxModels.Of(new Detector3d(NetworkChoice.Fcos3d(weights, ResNetStyle.Caffe, Device.Cpu), new Detector3dOptions { Scale = options.Scale, Saliency = options.Saliency, Warp = options.Warp }), size),
            _ => OnnxModels.Of(new Detector(NetworkChoice.RetinaNet(weights, parsed.GetValue(_layout)!, ResNetStyle.Pytorch, null, Device.Cpu),
                new DetectorOptions { Scale = options.Scale, Saliency = options.Saliency, Warp = options.Warp }), size),
        };
    }
}
