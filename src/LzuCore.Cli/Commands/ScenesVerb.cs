using System.CommandLine;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Scenes;

namespace LzuCore.Cli.Commands;

/// <summary>What <c>lzu scenes --json</c> writes.</summary>
internal sealed record ScenesDocument(string Schema, int Images, int Annotations, int Sequences, int[] Size, IReadOnlyList<string> Files);

/// <summary><c>lzu scenes</c>: procedural driving scenes as files of three data sets.</summary>
internal sealed class ScenesVerb() : Verb("scenes", "procedural driving scenes with boxes, label maps, 3-D boxes and camera, as COCO, Cityscapes and nuScenes files")
{
    private static readonly string[] Formats = ["coco", "cityscapes", "nuscenes"];

    // The folder of nuScenes' tables: a version of one's own.
    private const string TablesVersion = "v1.0-lzu";

    private readonly Option<string?> _out = Opt.Text("--out", "DIR", "where to write", required: true);
    private readonly Option<long?> _count = Opt.Whole("--count", "pictures", 1, 1_000_000);
    private readonly Option<bool> _sequence = Opt.Flag("--sequence", "the pictures are frames of drives, not streets of their own");
    private readonly Option<long?> _frames = Opt.Whole("--frames", "with --sequence: frames of a drive (default: all pictures are one drive)", 1, 36_000);
    private readonly Option<double?> _rate = Opt.Number("--fps", "with --sequence: frames a second (default 10)", 0.1, 1000, 10);
    private readonly Option<Size2?> _size = Opt.Size("--size", "of the pictures (default 320x512)", 32, 4096);
    private readonly Option<double?> _pitch = Opt.Number("--pitch", "standard deviation of the camera's pitch in degrees (default 0.8)", 0, 10, 0.8);
    private readonly Option<double?> _curvature = Opt.Number("--curvature", "standard deviation of k, where the road runs along x = k z² (default 0.0012)", 0, 0.01, 0.0012);
    private readonly Option<string?> _format = Opt.Text("--format", "LIST", "coco, cityscapes, nuscenes, with commas between (default: all)");
    private readonly Option<string> _split = Opt.Choice("--split", "the folder in Cityscapes' tree", "train", "val", "test");

    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
        foreach (var option in new Option[] { _out, _count, _sequence, _frames, _rate, _size, _pitch, _curvature, _format, _split }) command.Add(option);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        var folder = parsed.GetValue(_out)!;
        if (File.Exists(folder)) throw new UsageException($"--out '{folder}' is a file; name a folder.");
        var formats = FormatsOf(parsed.GetValue(_format));
        var data = DataOf(parsed, session);
        var annotations = new SceneAnnotations(data);
        var files = new List<string>();
        using var outputs = new OutputFiles(session.Cancellation);
        session.ForEach("scenes", [.. Enumerable.Range(0, data.Count)], index =>
        {
            var laid = data.SceneOf(index);
            var scene = laid.Render(formats.Contains("cityscapes") ? SceneParts.All : SceneParts.Image);
            annotations.Add(index, laid, scene);
            var png = ImageCodec.Encode(scene.Image, ".png");
            if (formats.Contains("coco") || formats.Contains("nuscenes")) Put(Path.Combine("images", data.FileOf(index)), png);
            if (!formats.Contains("cityscapes")) return;
            var (split, (sequence, frame)) = (parsed.GetValue(_split)!, data.FrameOf(index));
            var name = sequence < 0 ? FormattableString.Invariant($"lzu_{index:000000}_000000") : FormattableString.Invariant($"lzu_{sequence:000000}_{frame:000000}");
            Put(Path.Combine("leftImg8bit", split, "lzu", name + "_leftImg8bit.png"), png);
            Put(Path.Combine("gtFine", split, "lzu", name + "_gtFine_labelIds.png"), SceneAnnotations.CityscapesLabelIds(scene.Labels).Encode());
            Put(Path.Combine("gtFine", split, "lzu", name + "_gtFine_labelTrainIds.png"), SceneAnnotations.CityscapesTrainIds(scene.Labels).Encode());
            Put(Path.Combine("gtFine", split, "lzu", name + "_gtFine_instanceIds.png"), SceneAnnotations.CityscapesInstanceIds(scene.Labels, scene.Instances));
        });
        if (formats.Contains("coco")) Write(Path.Combine("annotations", "coco.json"), annotations.WriteCoco);
        if (formats.Contains("nuscenes"))
        {
            Write(Path.Combine("annotations", "mono3d.coco.json"), stream => annotations.WriteMono3d(stream, "images/"));
            foreach (var (table, write) in annotations.NuScenesTables("images/")) Write(Path.Combine(TablesVersion, table + ".json"), write);
            var (map, mapPng) = SceneAnnotations.NuScenesMap;
            Put(map, mapPng);
        }
        outputs.Commit();

        session.Print($"{folder}: {annotations.Images} {(annotations.Images == 1 ? "picture" : "pictures")} of {data.Options.Size}, {annotations.Annotations} objects, {string.Join(", ", formats)}");
        session.Document(new("lzu.scenes/1", annotations.Images, annotations.Annotations, (data as SceneSequences)?.Sequences ?? 0, [data.Options.Size.Height, data.Options.Size.Width], files), TrainingJson.Default.ScenesDocument);
        return ExitCode.Done;

        void Put(string name, byte[] bytes) => files.Add(outputs.Add(Path.Combine(folder, name), path => File.WriteAllBytes(path, bytes)));

        void Write(string name, Action<Stream> write) => files.Add(outputs.Add(Path.Combine(folder, name), path =>
        {
            using var stream = File.Create(path);
            write(stream);
        }));
    }

    private SceneDataset DataOf(ParseResult parsed, Session session)
    {
        var options = new SceneOptions { PitchDegrees = parsed.GetValue(_pitch)!.Value, Curvature = parsed.GetValue(_curvature)!.Value };
        if (parsed.GetValue(_size) is { } size) options = options with { Size = size };
        var count = (int)(parsed.GetValue(_count) ?? throw new UsageException("scenes: --count N is missing; say how many pictures."));
        if (!parsed.GetValue(_sequence))
        {
            if (parsed.GetValue(_frames) is not null) throw new UsageException("--frames is the length of drives; add --sequence.");
            return new SceneDataset(options, session.Seed, count);
        }
        var frames = (int)(parsed.GetValue(_frames) ?? count);
        if (count % frames != 0) throw new UsageException($"--count must be a multiple of --frames, so that all drives are whole; got {count} and {frames}.");
        return new SceneSequences(options, session.Seed, count / frames, frames, parsed.GetValue(_rate)!.Value);
    }

    private static List<string> FormatsOf(string? list)
    {
        if (list is null) return [.. Formats];
        var asked = list.Split(',', StringSplitOptions.TrimEntries);
        foreach (var one in asked)
            if (!Formats.Contains(one)) throw new UsageException($"--format must be {string.Join(", ", Formats[..^1])} or {Formats[^1]}, got '{one}'{(NearestName.Of(one, Formats) is { } near ? $"; did you mean '{near}'?" : ".")}");
        return [.. Formats.Where(asked.Contains)];
    }
}
