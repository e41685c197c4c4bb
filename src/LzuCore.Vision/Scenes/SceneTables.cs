using System.Text.Json;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Scenes;

/// <summary>What is kept of a rendered scene until all have been drawn.</summary>
internal sealed record AnnotatedScene(int Index, Pose CameraToEgo, Pose EgoToGlobal, Camera Camera, IReadOnlyList<SceneObject> Objects);

// nuScenes' thirteen tables for scenes with one camera. A drive is a scene, as is a picture of its own; a frame is a moment.
// Three things are what the format's readers ask for rather than what was there: every moment has a file of LIDAR_TOP, with no name, from whose pose scorers take the car's place; an object has one lidar point,
// and none if it is to be ignored, for objects without points are not scored; the map is one black pixel.
internal sealed class SceneTables(SceneDataset data, IReadOnlyList<AnnotatedScene> scenes, string folder)
{
    private const string Log = "lzu-log", Map = "lzu-map", Camera = "CAM_FRONT", Lidar = "LIDAR_TOP";
    private const long MicrosecondsADrive = 4_000_000_000;

    // The categories of our classes; a sign has none.
    private static readonly string?[] Categories = ["vehicle.car", "vehicle.truck", "human.pedestrian.adult", "vehicle.bicycle", null];

    // Upper ends of the four levels of visibility.
    private static readonly (double Share, string Level)[] Visibilities = [(0.4, "v0-40"), (0.6, "v40-60"), (0.8, "v60-80"), (double.PositiveInfinity, "v80-100")];

    private readonly List<List<AnnotatedScene>> _drives = [.. scenes.GroupBy(s => data.FrameOf(s.Index).Sequence is >= 0 and var sequence ? sequence : s.Index).OrderBy(g => g.Key).Select(g => g.OrderBy(s => s.Index).ToList())];

    /// <summary>The file that the map's row names.</summary>
    public const string MapFile = "maps/lzu.png";

    /// <summary>The names of the tables, and what writes each.</summary>
    public IEnumerable<(string Name, Action<Stream> Write)> All()
    {
        var tracks = Tracks();
        return
        [
            ("attribute", Rows(Enumerable.Range(0, NuScenesClasses.NoAttribute), (json, attribute) => Named(json, NuScenesClasses.Attributes[attribute]))),
            ("calibrated_sensor", Rows(_drives.SelectMany(d => d).SelectMany(s => new[] { (s, Camera), (s, Lidar) }), (json, one) => Calibrated(json, one.s, one.Item2))),
            ("category", Rows(Categories.OfType<string>(), Named)),
            ("ego_pose", Rows(_drives.SelectMany(d => d), (json, scene) =>
            {
                Token(json, Id(scene));
                json.WriteNumber("timestamp"u8, Time(scene));
                Pose(json, scene.EgoToGlobal);
            })),
            ("instance", Rows(tracks, (json, track) =>
            {
                Token(json, Instance(track[0]));
                json.WriteString("category_token"u8, Categories[track[0].Object.Class]);
                json.WriteNumber("nbr_annotations"u8, track.Count);
                json.WriteString("first_annotation_token"u8, Annotation(track[0]));
                json.WriteString("last_annotation_token"u8, Annotation(track[^1]));
            })),
            ("log", Rows([Log], (json, token) =>
            {
                Token(json, token);
                json.WriteString("logfile"u8, "");
                json.WriteString("vehicle"u8, "lzu");
                json.WriteString("date_captured"u8, "2026-01-01");
                json.WriteString("location"u8, "procedural");
            })),
            ("map", Rows([Map], (json, token) =>
            {
                Token(json, token);
                Tokens(json, "log_tokens", [Log]);
                json.WriteString("category"u8, "semantic_prior");
                json.WriteString("filename"u8, MapFile);
            })),
            ("sample", Rows(_drives.SelectMany(Linked), (json, one) =>
            {
                Token(json, Id(one.Scene));
                json.WriteNumber("timestamp"u8, Time(one.Scene));
                Neighbours(json, one.Previous, one.Next, Id);
                json.WriteString("scene_token"u8, Drive(one.Scene));
            })),
            ("sample_annotation", Rows(tracks.SelectMany(Linked), (json, one) => Annotated(json, one.Scene, one.Previous, one.Next))),
            ("sample_data", Rows(_drives.SelectMany(Linked).SelectMany(l => new[] { (l, Camera), (l, Lidar) }), (json, one) => File(json, one.l, one.Item2))),
            ("scene", Rows(_drives, (json, drive) =>
            {
                Token(json, Drive(drive[0]));
                json.WriteString("name"u8, Drive(drive[0]));
                json.WriteString("description"u8, "procedural street");
                json.WriteString("log_token"u8, Log);
                json.WriteNumber("nbr_samples"u8, drive.Count);
                json.WriteString("first_sample_token"u8, Id(drive[0]));
                json.WriteString("last_sample_token"u8, Id(drive[^1]));
            })),
            ("sensor", Rows([(Camera, "camera"), (Lidar, "lidar")], (json, sensor) =>
            {
                Token(json, sensor.Item1);
                json.WriteString("channel"u8, sensor.Item1);
                json.WriteString("modality"u8, sensor.Item2);
            })),
            ("visibility", Rows(Visibilities.Index(), (json, level) =>
            {
                Token(json, FormattableString.Invariant($"{level.Index + 1}"));
                json.WriteString("level"u8, level.Item.Level);
                json.WriteString("description"u8, "share of the object's silhouette that nothing covers, in percent");
            })),
        ];
    }

    private readonly record struct Seen(AnnotatedScene Scene, SceneObject Object);

    // What each object looked like, moment after moment.
    private List<List<Seen>> Tracks() =>
        [.. _drives.SelectMany(drive => drive.SelectMany(scene => scene.Objects.Where(o => Categories[o.Class] is not null).Select(o => new Seen(scene, o))).GroupBy(s => s.Object.Track).Select(g => g.ToList()))];

    private static IEnumerable<(T Scene, T? Previous, T? Next)> Linked<T>(IReadOnlyList<T> list) where T : notnull
    {
        for (var i = 0; i < list.Count; i++) yield return (list[i], i > 0 ? list[i - 1] : default, i + 1 < list.Count ? list[i + 1] : default);
    }

    private string Id(AnnotatedScene scene) => data.IdOf(scene.Index);

    private string Drive(AnnotatedScene scene) => data.FrameOf(scene.Index).Sequence is >= 0 and var sequence ? FormattableString.Invariant($"drive-{sequence:0000}") : $"street-{Id(scene)}";

    private string Instance(Seen seen) => FormattableString.Invariant($"{Drive(seen.Scene)}-{seen.Object.Track}");

    private string Annotation(Seen seen) => FormattableString.Invariant($"{Id(seen.Scene)}-{seen.Object.Track}");

    private long Time(AnnotatedScene scene)
    {
        var (sequence, frame) = data.FrameOf(scene.Index);
        return sequence < 0 ? scene.Index * MicrosecondsADrive : sequence * MicrosecondsADrive + (long)Math.Round(1e6 * frame / ((SceneSequences)data).FramesPerSecond);
    }

    // The camera's height and pitch are each picture's own.
    private void Calibrated(Utf8JsonWriter json, AnnotatedScene scene, string channel)
    {
        Token(json, $"{Id(scene)}-{channel}");
        json.WriteString("sensor_token"u8, channel);
        Pose(json, channel == Camera ? scene.CameraToEgo : new Pose(Rotation3d.Identity, default));
        json.WriteStartArray("camera_intrinsic"u8);
        if (channel == Camera)
            foreach (var row in scene.Camera.ToMatrix().Chunk(3)) Numbers(json, row);
        json.WriteEndArray();
    }

    private void File(Utf8JsonWriter json, (AnnotatedScene Scene, AnnotatedScene? Previous, AnnotatedScene? Next) one, string channel)
    {
        var (scene, camera) = (one.Scene, channel == Camera);
        Token(json, $"{Id(scene)}-{channel}");
        json.WriteString("sample_token"u8, Id(scene));
        json.WriteString("ego_pose_token"u8, Id(scene));
        json.WriteString("calibrated_sensor_token"u8, $"{Id(scene)}-{channel}");
        json.WriteNumber("timestamp"u8, Time(scene));
        json.WriteString("fileformat"u8, camera ? "png" : "pcd");
        json.WriteBoolean("is_key_frame"u8, true);
        json.WriteNumber("height"u8, camera ? data.Options.Size.Height : 0);
        json.WriteNumber("width"u8, camera ? data.Options.Size.Width : 0);
        json.WriteString("filename"u8, camera ? folder + data.FileOf(scene.Index) : "");
        Neighbours(json, one.Previous, one.Next, s => $"{Id(s)}-{channel}");
    }

    // In the world boxes stand upright: of a box' turn only the heading is kept.
    private void Annotated(Utf8JsonWriter json, Seen seen, Seen previous, Seen next)
    {
        var (scene, one) = seen;
        var box = (scene.EgoToGlobal * scene.CameraToEgo).Apply(one.Box3d.ToOriented());
        var attribute = SceneClasses.AttributeOf(one);
        Token(json, Annotation(seen));
        json.WriteString("sample_token"u8, Id(scene));
        json.WriteString("instance_token"u8, Instance(seen));
        json.WriteString("visibility_token"u8, FormattableString.Invariant($"{Array.FindIndex(Visibilities, v => one.Visibility < v.Share) + 1}"));
        Tokens(json, "attribute_tokens", attribute == NuScenesClasses.NoAttribute ? [] : [NuScenesClasses.Attributes[attribute]]);
        Pose(json, new Pose(Rotation3d.About(new(0, 0, 1), box.Rotation.Heading), box.Center));
        json.WritePropertyName("size"u8);
        Numbers(json, [box.Width, box.Length, box.Height]);
        json.WriteString("prev"u8, previous.Scene is null ? "" : Annotation(previous));
        json.WriteString("next"u8, next.Scene is null ? "" : Annotation(next));
        json.WriteNumber("num_lidar_pts"u8, one.Ignore ? 0 : 1);
        json.WriteNumber("num_radar_pts"u8, 0);
    }

    private static Action<Stream> Rows<T>(IEnumerable<T> rows, Action<Utf8JsonWriter, T> write) => stream =>
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartArray();
        foreach (var row in rows)
        {
            json.WriteStartObject();
            write(json, row);
            json.WriteEndObject();
            if (json.BytesPending > 1 << 16) json.Flush();
        }
        json.WriteEndArray();
    };

    private static void Neighbours(Utf8JsonWriter json, AnnotatedScene? previous, AnnotatedScene? next, Func<AnnotatedScene, string> token)
    {
        json.WriteString("prev"u8, previous is null ? "" : token(previous));
        json.WriteString("next"u8, next is null ? "" : token(next));
    }

    private static void Named(Utf8JsonWriter json, string name)
    {
        Token(json, name);
        json.WriteString("name"u8, name);
        json.WriteString("description"u8, "");
    }

    private static void Token(Utf8JsonWriter json, string token) => json.WriteString("token"u8, token);

    private static void Tokens(Utf8JsonWriter json, string name, IEnumerable<string> tokens)
    {
        json.WriteStartArray(name);
        foreach (var token in tokens) json.WriteStringValue(token);
        json.WriteEndArray();
    }

    private static void Pose(Utf8JsonWriter json, Pose pose)
    {
        json.WritePropertyName("translation"u8);
        Numbers(json, [pose.Translation.X, pose.Translation.Y, pose.Translation.Z]);
        json.WritePropertyName("rotation"u8);
        Numbers(json, [pose.Rotation.W, pose.Rotation.X, pose.Rotation.Y, pose.Rotation.Z]);
    }

    private static void Numbers(Utf8JsonWriter json, ReadOnlySpan<double> values)
    {
        json.WriteStartArray();
        foreach (var value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
