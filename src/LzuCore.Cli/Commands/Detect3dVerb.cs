using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Cli.Pictures;
using LzuCore.Memory;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks;
using LzuCore.Vision.Tasks.Detection3d;

namespace LzuCore.Cli.Commands;

/// <summary>One box in space that was found: camera's frame (x right, y down, z forward), gravity centre, metres, radians.</summary>
internal sealed record FoundBox3d(double[] Center, double[] Size, double Yaw, double[] Velocity, double Score, int Label, [property: JsonPropertyName("class")] string ClassName, string Attribute);

/// <summary>What was found in one picture.</summary>
internal sealed record Detected3dImage(string File, int[] Size, int[] NetworkSize, double[] Intrinsics, [property: JsonPropertyName("boxes3d")] IReadOnlyList<FoundBox3d> Boxes3d, int TruthBoxes, StageMs Ms, IReadOnlyList<string> Files);

/// <summary>What <c>lzu detect3d --json</c> writes.</summary>
internal sealed record Detect3dDocument(string Schema, string Model, string Warp, string Geometry, IReadOnlyList<Detected3dImage> Images);

/// <summary><c>lzu detect3d</c>: boxes in space from one camera, with or without zooming before the backbone.</summary>
internal sealed class Detect3dVerb() : Verb("detect3d", "finds boxes in space in one camera's pictures: FCOS3D, with no, a fixed or an adaptive zoom before its backbone")
{
    private readonly Argument<string[]> _images = new("IMAGE") { Description = "JPEG, PNG or WebP files, or image:SEED@HxW", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _weights = Opt.Text("--weights", "FILE", "a checkpoint, or random:SEED for the deterministic weights (10 classes)", required: true);
    private readonly Option<string> _model = Opt.Choice("--model", "the network", "fcos3d");
    private readonly Option<string> _style = Opt.Choice("--style", "where a bottleneck's stride is, which no checkpoint tells", "caffe", "pytorch");
    private readonly Option<string?> _intrinsics = Opt.Text("--intrinsics", "fx,fy,cx,cy", "the camera of every picture, in its pixels");
    private readonly Option<string?> _annotations = Opt.Text("--annotations", "FILE", "a mono-3D annotation file that knows the pictures' cameras; its boxes are drawn, too");
    private readonly Option<string> _geometry = Opt.Choice("--geometry", "the frame of the warp: exact, or as the method's own networks were trained", "exact", "reference");
    private readonly Option<double?> _score = Opt.Number("--score", "least score that is reported (default 0.3)", 0, 1, 0.3);
    private readonly Option<string?> _out = Opt.Text("--out", "DIR", "folder for pictures with the boxes drawn in, beside a view from above");
    private readonly Option<string?> _folder = Opt.Text("--images", "DIR", "instead of pictures: all that --annotations names, from the data set's folder");
    private readonly Option<string?> _results = Opt.Text("--results", "FILE.json", "every box of the data set as others score them: nuScenes' submission format, cameras merged");
    private readonly ZoomChoice _zoom = new();

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_images);
        foreach (var option in new Option[] { _weights, _model, _style, _intrinsics, _annotations, _geometry, _score, _out, _folder, _results }) command.Add(option);
        _zoom.AddTo(command);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        _zoom.Check(parsed);
        if (parsed.GetValue(_folder) is { } folder) return RunDataset(parsed, session, folder);
        var cameras = new CameraChoice(parsed.GetValue(_intrinsics), parsed.GetValue(_annotations));
        var inputs = InputImage.Required(parsed.GetValue(_images), "--annotations FILE --images DIR --results FILE");
        Fcos3d? model = null;
        Detector3d? detector = null;
        var results = new List<Detected3dImage>();
        using var outputs = new OutputFiles(session.Cancellation);
        InputImage.ForEach(session, "detecting", inputs, input =>
        {
            var image = input.Image;
            var camera = cameras.Of(input.Source, image.Size);
            var options = Options(parsed, (float)parsed.GetValue(_score)!.Value, image.Size);
            model ??= Model(parsed, session);
            detector ??= new Detector3d(model, options);
            var found = detector.Detect(image, camera);
            var truth = cameras.TruthOf(input.Source);
            var files = new List<string>();
            if (parsed.GetValue(_out) is { } folder)
            {
                Add("detections3d", [.. found.Detections.Select(d => new LabelledBox3d(d.Box, d.Label, string.Create(CultureInfo.InvariantCulture, $"{NameOf(d.Label, model)} {d.Score:0.00}")))]);
                if (truth.Count > 0) Add("truth3d", [.. truth.Select(t => new LabelledBox3d(t.Box3d, t.Label, NuScenesClasses.Names[t.Label]))]);

                void Add(string kind, IReadOnlyList<LabelledBox3d> boxes) => files.Add(outputs.Add(Path.Combine(folder, $"{input.Name}.{kind}.png"), SpacePictures.Draw(image, camera, boxes)));
            }
            results.Add(Describe(input.Source, camera, input.LoadMs, found, truth.Count, model, files));
        });
        outputs.Commit();
        foreach (var result in results) Show(session, result);
        session.Document(new Detect3dDocument("lzu.detect3d/1", parsed.GetValue(_model)!, _zoom.Kind(parsed), parsed.GetValue(_geometry)!, results), CliJson.Default.Detect3dDocument);
        return ExitCode.Done;
    }

    private Fcos3d Model(ParseResult parsed, Session session) =>
        NetworkChoice.Fcos3d(parsed.GetValue(_weights)!, parsed.GetValue(_style) == "pytorch" ? ResNetStyle.Pytorch : ResNetStyle.Caffe, session.Device);

    private Detector3dOptions Options(ParseResult parsed, float score, Size2 image) =>
        _zoom.Into(parsed, new Detector3dOptions { Score = score, Geometry = parsed.GetValue(_geometry) == "reference" ? WarpGeometry.Reference : WarpGeometry.Exact }, image);

    private int RunDataset(ParseResult parsed, Session session, string folder)
    {
        if (parsed.GetValue(_annotations) is not { } annotations || parsed.GetValue(_results) is not { } results || parsed.GetValue(_images) is { Length: > 0 })
            throw new UsageException("detect3d: a data set needs --annotations FILE, --images DIR and --results FILE, and no pictures by name.");
        if (_zoom.Kind(parsed) == "adaptive") throw new UsageException("detect3d: six cameras at one moment are no sequence, so there is nothing to follow; choose --warp none or fixed.");
        var processes = session.Processes;
        var data = Mono3dDataset.Load(annotations, folder);
        var detector = new Detector3d(Model(parsed, session), Options(parsed, 0, data.Count > 0 ? data.SizeOf(0) : new Size2(1, 1)));
        var run = session.Track("detecting", data.Count, report => Detection3dEvaluator.Run(detector, data, new EvaluatorOptions { Progress = report, Processes = processes }, session.Cancellation));
        if (!processes.IsFirst) return ExitCode.Done;
        using var outputs = new OutputFiles(session.Cancellation);
        outputs.Add(results, run.Save);
        outputs.Commit();
        session.Say($"score it with 'lzu score nuscenes --data DIR --version V --results {results}': the metric needs the tables.");
        return DatasetDocument.Show(session, "lzu.detect3d/1", parsed.GetValue(_model)!, _zoom.Kind(parsed), results, run.Results.Samples.Sum(s => s.Boxes.Count), new Dictionary<string, double>(), run.Cost);
    }

    private static string NameOf(int label, Fcos3d model) => model.Options.Classes == NuScenesClasses.Names.Count ? NuScenesClasses.Names[label] : $"class {label}";

    private static string AttributeOf(Detection3d one, Fcos3d model) =>
        model.Options.Classes == NuScenesClasses.Names.Count && model.Options.Attributes == NuScenesClasses.Attributes.Count ? NuScenesClasses.AttributeFor(one.Label, one.Attribute) : $"attribute {one.Attribute}";

    private static Detected3dImage Describe(string source, Camera camera, double load, Detection3dResult found, int truth, Fcos3d model, List<string> files) =>
        new(source, [found.Image.Height, found.Image.Width], [found.Network.Height, found.Network.Width], [camera.Fx, camera.Fy, camera.Cx, camera.Cy],
            [.. found.Detections.Select(d => new FoundBox3d([d.Box.X, d.Box.Y, d.Box.Z], [d.Box.Length, d.Box.Height, d.Box.Width], Math.IEEERemainder(d.Box.Yaw, 2 * Math.PI),
                [d.Box.VelocityX, d.Box.VelocityZ], d.Score, d.Label, NameOf(d.Label, model), AttributeOf(d, model)))],
            truth, StageMs.Of(load, found.Milliseconds), files);

    private static void Show(Session session, Detected3dImage image)
    {
        session.Print(string.Create(CultureInfo.InvariantCulture, $"{image.File}  {image.Size[0]}x{image.Size[1]}, network at {image.NetworkSize[0]}x{image.NetworkSize[1]}: {image.Boxes3d.Count} boxes{(image.TruthBoxes > 0 ? $", {image.TruthBoxes} in the annotations" : "")}"));
        foreach (var one in image.Boxes3d.Take(20))
            session.Print(string.Create(CultureInfo.InvariantCulture, $"  {one.Score:0.000}  {one.ClassName,-20} at {one.Center[0],7:0.0} {one.Center[1],6:0.0} {one.Center[2],6:0.0} m, {one.Size[0]:0.0} x {one.Size[1]:0.0} x {one.Size[2]:0.0} m, yaw {one.Yaw * 180 / Math.PI,4:0} deg"));
        if (image.Boxes3d.Count > 20) session.Print($"  … {image.Boxes3d.Count - 20} more");
        session.Print($"  {image.Ms}");
        foreach (var file in image.Files) session.Print("  " + file);
    }
}
