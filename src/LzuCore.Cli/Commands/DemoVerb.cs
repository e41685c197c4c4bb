using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Cli.Pages;
using LzuCore.Cli.Pictures;
using LzuCore.Cli.Scenes;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Warping;

namespace LzuCore.Cli.Commands;

/// <summary>One way of getting a picture to the network. AP is null until there are trained weights.</summary>
internal sealed record DemoRow(string Method, double Scale, [property: JsonPropertyName("AP")] double? Ap, [property: JsonPropertyName("APs")] double? ApSmall, double LatencyMs, StageMs Ms);

/// <summary>How large things at some distance are for the network, in the median.</summary>
internal sealed record DemoSizes(string Metres, int Objects, double UniformPx, double ZoomedPx);

/// <summary>What <c>lzu demo --json</c> writes.</summary>
internal sealed record DemoDocument(string Schema, IReadOnlyList<DemoRow> Rows, IReadOnlyList<DemoSizes> Sizes, double RoundtripPsnrDb, int Folds, IReadOnlyList<string> Files);

/// <summary><c>lzu demo</c>: a street that is made on the spot, zoomed on what was seen in it a frame ago, and what that costs.</summary>
internal sealed class DemoVerb() : Verb("demo", "needs nothing: makes a street, zooms into what matters, brings it back, and measures what that costs; pictures and one page")
{
    private const double Scale = 0.5;
    private readonly Option<string?> _out = Opt.Text("--out", "DIR", "folder for the pictures and the page (default out/demo)");
    private readonly Option<double?> _seconds = Opt.Number("--seconds", "how long each method is timed (default 6)", 0, 600, 6);

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_out);
        command.Add(_seconds);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var folder = parsed.GetValue(_out) ?? Path.Combine("out", "demo");
        using var outputs = new OutputFiles(session.Cancellation);
        var files = new List<string>();
        var device = session.Device;

        session.Say("drawing a street …");
        var scene = new StreetScene(session.Seed);
        var street = scene.Draw();
        var things = scene.Boxes;
        Box[] boxes = [.. things.Select(t => new Box((float)t.Left, (float)t.Top, (float)t.Right, (float)t.Bottom))];

        session.Say("zooming in, and out again …");
        var small = new Size2((int)(street.Height * Scale), (int)(street.Width * Scale));
        var saliency = new KernelDensitySaliency(new Size2(31, 51), amplitude: 1, bandwidth: 64.0 * street.Width / 1920);
        var run = new ZoomRun(street, saliency, boxes, new SaliencyToGridOptions(), small, device);
        Image uniform;
        using (Grad.Off()) uniform = WarpGrid.Identity(new Size2(2, 2)).Zoom(street.ToTensor(Normalization.None), small).ToImage(Normalization.None);
        Box[] inUniform = [.. boxes.Select(b => b.Scale((float)Scale, (float)Scale))];
        var inZoomed = Boxes.From(run.Warp.ToZoomed(Boxes.ToTensor(boxes), street.Size, small).To(DType.Float32));
        var sizes = Sizes(things, inUniform, inZoomed);

        var boxed = Drawing.On(street, d => { foreach (var box in boxes) d.Box(box.X1, box.Y1, box.X2, box.Y2, Rgb.OfClass(0), width: 2); });
        var pictures = new (string Name, Image Picture)[]
        {
            ("street", boxed),
            ("saliency", WarpPictures.Saliency(run, boxes)), ("grid", WarpPictures.Grid(run)), ("uniform", uniform), ("zoomed", run.Zoomed),
            ("far-objects", FarObjects.SideBySide(uniform, run.Zoomed, things, inUniform, inZoomed)), ("unzoomed", run.Unzoomed), ("magnification", WarpPictures.Magnification(run)),
            ("overview", Overview.Sheet(("what was seen a frame ago", boxed), ("how the warp stretches", WarpPictures.Grid(run)), ("what the network sees: half the size, far things whole", run.Zoomed), ("what comes back", run.Unzoomed))),
        };
        foreach (var (name, picture) in pictures) Write($"{name}.png", path => File.WriteAllBytes(path, ImageCodec.Encode(picture, path)));

        session.Say("timing the detector (untrained: its boxes mean nothing, its time does) …");
        var rows = Time(session, ImageCodec.Encode(street, "street.png"), boxes, street.Size, saliency, parsed.GetValue(_seconds)!.Value);
        Write("index.html", path => File.WriteAllText(path, Page(pictures.ToDictionary(p => p.Name, p => p.Picture), run, things.Count, sizes, rows)));
        outputs.Commit();

        Show(session, run, sizes, rows, files);
        session.Document(new DemoDocument("lzu.demo/1", rows, sizes, run.Psnr, run.Diagnostics.Folds.Count, files), CliJson.Default.DemoDocument);
        return ExitCode.Done;

        void Write(string name, Action<string> write) => files.Add(outputs.Add(Path.Combine(folder, name), write));
    }

    // Median heights by distance: what is near has pixels to spare, what is far has not.
    private static List<DemoSizes> Sizes(IReadOnlyList<SceneBox> things, Box[] inUniform, Box[] inZoomed)
    {
        var result = new List<DemoSizes>();
        foreach (var (from, to, name) in new[] { (0.0, 20.0, "0 to 20"), (20, 40, "20 to 40"), (40, 80, "40 to 80"), (80, 400, "beyond 80") })
        {
            var among = Enumerable.Range(0, things.Count).Where(i => things[i].Metres >= from && things[i].Metres < to).ToList();
            if (among.Count > 0) result.Add(new DemoSizes(name, among.Count, Median(among.Select(i => Side(inUniform[i]))), Median(among.Select(i => Side(inZoomed[i])))));
        }
        return result;

        static double Side(Box box) => Math.Sqrt(Math.Max(0, box.Area));

        static double Median(IEnumerable<double> values)
        {
            var sorted = values.Order().ToList();
            return sorted[sorted.Count / 2];
        }
    }

    // The same network on the same number of pixels, with and without the warp.
    private static List<DemoRow> Time(Session session, byte[] png, Box[] boxes, Size2 image, KernelDensitySaliency saliency, double seconds)
    {
        var model = NetworkChoice.RetinaNet("random:1", "mmdet", ResNetStyle.Pytorch, null, session.Device);
        FixedSaliency map;
        using (Grad.Off()) map = new FixedSaliency(saliency.Map(Boxes.ToTensor(boxes), image));
        var rows = new List<DemoRow>();
        foreach (var (method, where) in new[] { ("uniform", (ISaliency?)null), ("LZU, fixed", map) })
        {
            var detector = new Detector(model, new DetectorOptions { Scale = Scale, Saliency = where });
            // Compiles, packs weights and fills the pool before the clock counts.
            detector.Detect(DeterministicImage.Make(1, new Size2(256, 384)));
            var clock = Stopwatch.StartNew();
            StageMs? best = null;
            do
            {
                session.Cancellation.ThrowIfCancellationRequested();
                var start = Stopwatch.GetTimestamp();
                var picture = ImageCodec.Decode(png, "street.png");
                var load = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                var ms = detector.Detect(picture).Milliseconds;
                var times = new StageMs(load, ms.Zoom, ms.Backbone, ms.Unzoom, ms.Head, ms.Decode, load + ms.Total);
                if (best is null || times.Total < best.Total) best = times;
            }
            while (clock.Elapsed.TotalSeconds < seconds);
            rows.Add(new DemoRow(method, Scale, null, null, best.Total, best));
        }
        return rows;
    }

    private static string Page(Dictionary<string, Image> pictures, ZoomRun run, int objects, List<DemoSizes> sizes, List<DemoRow> rows)
    {
        var (width, height) = (run.Original.Width, run.Original.Height);
        var page = new DemoPage("Learning to zoom and unzoom",
            "A detector is fast on a small picture, but far things vanish in it. Zooming gives them the pixels back at the same cost: sample densely where things are, run the network, and undo the warp in feature space.");
        page.Step(1, "A street", $"{width}x{height} pixels with {objects} things in it, from parked cars to people a hundred metres away. The picture is drawn by the program; the boxes are the true ones and stand for the detections of the frame before.");
        page.Pictures((pictures["street"], "The picture at full size, with its boxes."));
        page.Step(2, "Where to look", "Every box adds a bump to a small map, on a uniform floor. Far things are small but many, so the map is brightest around the horizon.");
        page.Pictures((pictures["saliency"], "Saliency on a 31x51 grid, in multiples of uniform."));
        page.Step(3, "How to stretch", string.Create(CultureInfo.InvariantCulture, $"Grid nodes are attracted to salient places. Every cell gets the same room in the zoomed picture, so small cells are magnified: lengths grow by {Math.Sqrt(run.Diagnostics.LargestMagnification):0.00} where it matters most and shrink to {Math.Sqrt(run.Diagnostics.SmallestMagnification):0.00} elsewhere. The warp has {run.Diagnostics.Folds.Count} folds."));
        page.Pictures((pictures["grid"], "The warp's mesh over the street."), (pictures["magnification"], "Magnification of lengths against plain resizing."));
        page.Step(4, "What the network sees", $"Both pictures have {run.Zoomed.Width}x{run.Zoomed.Height} pixels and cost the network the same. Below them, far things cut out of each, every pixel enlarged alike.");
        page.Pictures((pictures["uniform"], "Plainly resized."), (pictures["zoomed"], "Zoomed."));
        page.Pictures((pictures["far-objects"], "The same far things in both."));
        page.Table(["Distance in metres", "Things", "Resized, pixels", "Zoomed, pixels", "Gain"], sizes.Select(s => new[]
        {
            s.Metres, $"{s.Objects}", Number(s.UniformPx, "0.0"), Number(s.ZoomedPx, "0.0"), Number(s.ZoomedPx / s.UniformPx, "0.00") + "x",
        }));
        page.Step(5, "What comes back", string.Create(CultureInfo.InvariantCulture, $"Unzooming samples at the inverse warp, so the head sees the street's own geometry. Here the picture itself is brought back, {run.Psnr:0.0} dB from the original; a detector unzooms its features instead. Coordinates come back within {run.RoundTripPixels:0.0e+0} pixels."));
        page.Pictures((pictures["unzoomed"], "Zoomed to half the size and back: sharp where it looked, soft elsewhere."));
        page.Section("What it costs", "RetinaNet with a ResNet-50, in milliseconds on this machine. Its weights are not trained, so its boxes mean nothing and there is no accuracy to report; the arithmetic is that of a trained one.");
        page.Table(["Method", "Scale", "AP", "Load", "Zoom", "Backbone", "Unzoom", "Head", "Decode", "Total"], rows.Select(r => new[]
        {
            r.Method, Number(r.Scale, "0.0"), "–", Number(r.Ms.Load, "0"), Number(r.Ms.Zoom, "0.0"), Number(r.Ms.Backbone, "0"), Number(r.Ms.Unzoom, "0.0"), Number(r.Ms.Head, "0"), Number(r.Ms.Decode, "0.0"), Number(r.Ms.Total, "0"),
        }));
        return page.End("Made by lzu demo. Method: Thavamani, Li, Ferroni, Ramanan: Learning to Zoom and Unzoom, CVPR 2023. Full-size pictures lie beside this page.");
    }

    private static void Show(Session session, ZoomRun run, List<DemoSizes> sizes, List<DemoRow> rows, List<string> files)
    {
        session.Print("size of things in the network's picture, median side in pixels:");
        session.Print("  metres        things   resized   zoomed");
        foreach (var s in sizes) session.Print(string.Create(CultureInfo.InvariantCulture, $"  {s.Metres,-12} {s.Objects,7} {s.UniformPx,9:0.0} {s.ZoomedPx,8:0.0}"));
        session.Print(string.Create(CultureInfo.InvariantCulture, $"unzoomed against original {run.Psnr:0.0} dB, {run.Diagnostics.Folds.Count} folds"));
        session.Print("time, ms (untrained weights; AP needs trained ones):");
        session.Print("  method       scale    load    zoom  backbone  unzoom    head  decode   total");
        foreach (var r in rows)
            session.Print(string.Create(CultureInfo.InvariantCulture, $"  {r.Method,-12} {r.Scale,5:0.0} {r.Ms.Load,7:0.0} {r.Ms.Zoom,7:0.0} {r.Ms.Backbone,9:0.0} {r.Ms.Unzoom,7:0.0} {r.Ms.Head,7:0.0} {r.Ms.Decode,7:0.0} {r.Ms.Total,7:0.0}"));
        foreach (var file in files) session.Print(file);
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
