using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using LzuCore.Cli.Inputs;
using LzuCore.Cli.Manners;
using LzuCore.Cli.Pages;
using LzuCore.Cli.Pictures;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Scenes;
using LzuCore.Vision.Tasks.Detection;

namespace LzuCore.Cli.Commands;

/// <summary>One way of showing pictures to a detector, and what that gave. Average precisions in per cent; null where no object asks for one.</summary>
internal sealed record DemoRow(string Method, double Scale, [property: JsonPropertyName("AP")] double? Ap, [property: JsonPropertyName("AP50")] double? Ap50, [property: JsonPropertyName("APs")] double? ApSmall,
    [property: JsonPropertyName("APm")] double? ApMedium, [property: JsonPropertyName("APl")] double? ApLarge, double LatencyMs, double AddedMs);

/// <summary>How large things at some distance are for the network, in the median.</summary>
internal sealed record DemoSizes(string Metres, int Objects, double UniformPx, double ZoomedPx);

/// <summary>What <c>lzu demo --json</c> writes.</summary>
internal sealed record DemoDocument(string Schema, IReadOnlyList<DemoRow> Rows, int Scenes, IReadOnlyDictionary<string, int[]> Objects, IReadOnlyList<DemoSizes> Sizes, double RoundtripPsnrDb, int Folds, IReadOnlyList<string> Files);

/// <summary><c>lzu demo</c>: streets that nobody has seen, looked at by the bundled detectors with even resizing and with LZU at the same cost.</summary>
internal sealed class DemoVerb() : Verb("demo", "needs nothing: makes streets, finds things in them with and without zooming at the same cost; pictures, a table and one page")
{
    // A seed of scenes that no training and no choice was made on.
    private const ulong UnseenSeed = 1_000_000;

    // Scenes among which the one with most things in it is shown.
    private const int Shown = 40;

    private const float LeastDrawnScore = 0.3f;

    private static readonly Size2 DisplaySize = new(800, 1280);

    private readonly Option<string?> _out = Opt.Text("--out", "DIR", "folder for the pictures and the page (default out/demo)");
    private readonly Option<long?> _scenes = Opt.Whole("--scenes", "scenes to score on (default 200)", 1, 100_000, 200);

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        command.Add(_out);
        command.Add(_scenes);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var folder = parsed.GetValue(_out) ?? Path.Combine("out", "demo");
        using var outputs = new OutputFiles(session.Cancellation);
        var files = new List<string>();
        var device = session.Device;
        var options = new SceneOptions();
        var unseen = new SceneDataset(options, UnseenSeed + session.Seed, (int)parsed.GetValue(_scenes)!.Value);
        var contenders = BundledWeights.All().Select(w => new Contender(w, options.Size, unseen)).ToList();
        var zooming = contenders.First(c => c.Weights.Saliency is not null);
        var plain = contenders.First(c => c.Weights.Method == ZoomMethod.Uniform);

        session.Say("drawing a street …");
        var index = Enumerable.Range(0, Math.Min(Shown, unseen.Count)).MaxBy(i => unseen.SceneOf(i).Render(SceneParts.None).Objects.Count(o => !o.Ignore));
        var scene = unseen.SceneOf(index).Render(SceneParts.Image);
        var display = new Scene(options with { Size = DisplaySize }, unseen.Seed, index).Render(SceneParts.Image).Image;
        var objects = scene.Objects.Where(o => !o.Ignore).OrderBy(o => o.Box3d.Z).ToList();
        Box[] boxes = [.. objects.Select(o => o.Box)];
        var things = objects.Select(o => new SeenThing(SceneClasses.Objects[o.Class], o.Box3d.Z)).ToList();

        session.Say("zooming in, and out again …");
        var run = new ZoomRun(display, zooming.Weights.Saliency!, [], TrialSetup.DetectionWarp, zooming.Sampling.Input, device);
        var (uniform, zoomed) = (plain.Sampling.Prepare(scene.Image), zooming.Sampling.Prepare(scene.Image));
        Box[] inUniform = [.. boxes.Select(plain.Sampling.Frame.ToResized)];
        var inZoomed = Boxes.From(run.Warp.ToZoomed(Boxes.ToTensor(boxes), options.Size, zooming.Sampling.Input).To(DType.Float32));
        var sizes = Sizes(things, inUniform, inZoomed);

        session.Say($"finding things in {unseen.Count} streets, {contenders.Count} ways …");
        var rows = new List<DemoRow>();
        DetectionScores? counted = null;
        foreach (var contender in contenders)
        {
            var scores = session.Track(contender.Title, unseen.Count, report => contender.Experiment.Score(contender.Experiment.Pictures(unseen), report, session.Cancellation));
            var cost = MethodCost.Of(plain.Experiment, contender.Experiment, scene.Image, boxes);
            rows.Add(Row(contender, scores, cost));
            counted = scores;
        }

        var pictures = new List<(string Name, Image Picture)>
        {
            ("street", BoxPictures.Draw(display, boxes, [.. objects.Select(o => o.Class)], SceneClasses.Objects, options.Size)),
            ("saliency", WarpPictures.Saliency(run, [])), ("grid", WarpPictures.Grid(run)), ("magnification", WarpPictures.Magnification(run)),
            ("uniform", Enlarged(uniform)), ("zoomed", Enlarged(zoomed)), ("far-objects", FarObjects.SideBySide(uniform, zoomed, things, inUniform, inZoomed)),
            ("found-uniform", Found(plain, scene.Image, display)), ("found-lzu", Found(zooming, scene.Image, display)),
        };
        var byName = pictures.ToDictionary(p => p.Name, p => p.Picture);
        pictures.Add(("overview", Overview.Sheet(
            ("the street, and how the warp stretches it", byName["grid"]), ("what the network sees: 128x80 pixels, more of them where things are", byName["zoomed"]),
            ("found with even resizing", byName["found-uniform"]), ("found with zoom and unzoom, at the same cost", byName["found-lzu"]))));
        foreach (var (name, picture) in pictures) files.Add(outputs.Add(Path.Combine(folder, $"{name}.png"), picture));
        byName["overview"] = pictures[^1].Picture;
        files.Add(outputs.Add(Path.Combine(folder, "index.html"), path => File.WriteAllText(path, DemoStory.Page(byName, run, things.Count, sizes, rows, unseen.Count, Objects(counted!)))));
        outputs.Commit();

        Show(session, sizes, rows, counted!, unseen.Count);
        foreach (var file in files) session.Print(file);
        session.Document(new DemoDocument("lzu.demo/1", rows, unseen.Count, Objects(counted!), sizes, run.Psnr, run.Diagnostics.Folds.Count, files), TrainingJson.Default.DemoDocument);
        return ExitCode.Done;
    }

    // A detector with its weights, on the streets.
    private sealed class Contender
    {
        public Contender(DeskWeights weights, Size2 picture, SceneDataset scenes)
        {
            (Weights, Sampling) = (weights, weights.SamplingFor(picture));
            Experiment = new DetectionExperiment(SceneClasses.Objects, Sampling, scenes);
            Experiment.Model.LoadStateDict(weights.State);
        }

        public DeskWeights Weights { get; }

        public Sampling Sampling { get; }

        public DetectionExperiment Experiment { get; }

        public string Title => Trial.Title(Weights.Method);
    }

    private static DemoRow Row(Contender contender, DetectionScores scores, MethodCost cost)
    {
        double? Of(string name) => scores.Scores.First(s => s.Name == name).Value is var value && double.IsFinite(value) ? value : null;
        return new DemoRow(contender.Title, contender.Weights.Scale, Of("AP"), Of("AP50"), Of("APs"), Of("APm"), Of("APl"), cost.TotalMs, cost.AddedMs);
    }

    private static Dictionary<string, int[]> Objects(DetectionScores scores) => SceneClasses.Objects.Zip(scores.Counts).ToDictionary(p => p.First, p => new[] { p.Second.Small, p.Second.Medium, p.Second.Large });

    private static Image Found(Contender contender, Image picture, Image display)
    {
        var seen = new DeskPicture<DenseTruth>(contender.Sampling.Prepare(picture), new DenseTruth([], [], []), DeskPicture<DenseTruth>.AsIs);
        var found = contender.Experiment.Detect([seen], null)[0].Where(d => d.Score >= LeastDrawnScore).ToList();
        return BoxPictures.Draw(display, [.. found.Select(d => d.Box)], [.. found.Select(d => d.Label)], SceneClasses.Objects, picture.Size);
    }

    // Every pixel a square: what the network has, not what the eye makes of it.
    private static Image Enlarged(Image small)
    {
        const int factor = 8;
        var large = new Image(new Size2(small.Height * factor, small.Width * factor));
        for (var y = 0; y < large.Height; y++)
            for (var x = 0; x < large.Width; x++) large[y, x] = small[y / factor, x / factor];
        return large;
    }

    // Median sides by distance: what is near has pixels to spare, what is far has not.
    private static List<DemoSizes> Sizes(List<SeenThing> things, Box[] inUniform, Box[] inZoomed)
    {
        var result = new List<DemoSizes>();
        foreach (var (from, to, name) in new[] { (0.0, 15.0, "0 to 15"), (15, 30, "15 to 30"), (30, 60, "30 to 60"), (60, 400, "beyond 60") })
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

    private static void Show(Session session, List<DemoSizes> sizes, List<DemoRow> rows, DetectionScores scores, int scenes)
    {
        session.Print("size of things in the network's picture, median side in pixels:");
        session.Print("  metres        things   resized   zoomed");
        foreach (var s in sizes) session.Print(string.Create(CultureInfo.InvariantCulture, $"  {s.Metres,-12} {s.Objects,7} {s.UniformPx,9:0.0} {s.ZoomedPx,8:0.0}"));
        session.Print($"found in {scenes} streets that the weights never saw (average precision, per cent):");
        session.Print("  method                  scale     AP   AP50    APs    APm    APl     ms   added");
        foreach (var r in rows)
            session.Print(string.Create(CultureInfo.InvariantCulture, $"  {r.Method,-22} {r.Scale,6:0.00} {r.Ap,6:0.0} {r.Ap50,6:0.0} {r.ApSmall,6:0.0} {r.ApMedium,6:0.0} {r.ApLarge,6:0.0} {r.LatencyMs,6:0.0} {r.AddedMs,7:0.00}"));
        session.Print($"objects, small/medium/large: {string.Join(", ", Objects(scores).Select(o => $"{o.Key} {string.Join('/', o.Value)}"))};");
        session.Print($"a class with fewer than {DetectionScorer.FewestObjects} objects of a size is left out of that size's mean");
    }
}
