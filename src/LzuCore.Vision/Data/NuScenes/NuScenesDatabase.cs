using LzuCore.Memory;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Data.NuScenes;

/// <summary>The thirteen tables of a nuScenes data set, and the ways between them that the tables alone do not have: the sensors' files and the objects of a moment.</summary>
/// <remarks>The tables of the whole data set have 4 GB; what detection does not need is not kept: files between the annotated moments (nine of ten), and the car's poses
/// at them. <see cref="NuScenesOptions"/> asks for them. Frames: boxes lie in the map's frame, metres, z up.</remarks>
public sealed class NuScenesDatabase
{
    private readonly string _name;
    private readonly Dictionary<string, NuScenesSample> _samples;
    private readonly Dictionary<string, NuScenesAnnotation> _annotations;
    private readonly Dictionary<string, NuScenesInstance> _instances;
    private readonly Dictionary<string, NuScenesCategory> _categories;
    private readonly Dictionary<string, NuScenesAttribute> _attributes;
    private readonly Dictionary<string, NuScenesEgoPose> _poses;
    private readonly Dictionary<string, NuScenesCalibratedSensor> _calibrated;
    private readonly Dictionary<string, NuScenesSensor> _sensors;
    private readonly Dictionary<string, NuScenesScene> _scenes;
    private readonly Dictionary<string, Dictionary<string, NuScenesSampleData>> _dataOf = [];
    private readonly Dictionary<string, List<NuScenesAnnotation>> _annotationsOf = [];

    private NuScenesDatabase(string folder, NuScenesOptions options)
    {
        _name = folder;
        var tokens = new HashSet<string>();
        Attributes = TableReader.Read(folder, "attribute", tokens, static r => new NuScenesAttribute(r.Text("token"), r.Text("name"), r.Text("description", "")));
        Categories = TableReader.Read(folder, "category", tokens, static r => new NuScenesCategory(r.Text("token"), r.Text("name"), r.Text("description", "")));
        Visibilities = TableReader.Read(folder, "visibility", tokens, static r => new NuScenesVisibility(r.Text("token"), r.Text("level", ""), r.Text("description", "")));
        Logs = TableReader.Read(folder, "log", tokens, static r => new NuScenesLog(r.Text("token"), r.Text("logfile", ""), r.Text("vehicle", ""), r.Text("date_captured", ""), r.Text("location", "")));
        Maps = TableReader.Read(folder, "map", tokens, static r => new NuScenesMap(r.Text("token"), r.Tokens("log_tokens"), r.Text("category", ""), r.Text("filename", "")));
        Scenes = TableReader.Read(folder, "scene", tokens, static r => new NuScenesScene(
            r.Text("token"), r.Text("name"), r.Text("description", ""), r.Text("log_token", ""), r.Count("nbr_samples", 0), r.Text("first_sample_token", ""), r.Text("last_sample_token", "")));
        Sensors = TableReader.Read(folder, "sensor", tokens, static r => new NuScenesSensor(r.Text("token"), r.Text("channel"), r.Text("modality", "")));
        CalibratedSensors = TableReader.Read(folder, "calibrated_sensor", tokens, static r => new NuScenesCalibratedSensor(
            r.Text("token"), r.Text("sensor_token"), r.Pose(), r.Has("camera_intrinsic") ? r.Camera("camera_intrinsic") : null));
        Samples = TableReader.Read(folder, "sample", tokens, static r => new NuScenesSample(r.Text("token"), r.Timestamp("timestamp"), r.Text("prev", ""), r.Text("next", ""), r.Text("scene_token")));
        SampleData = TableReader.Read(folder, "sample_data", tokens, r => !options.AllFrames && !r.Flag("is_key_frame") ? null : new NuScenesSampleData(
            r.Text("token"), r.Text("sample_token"), r.Text("ego_pose_token"), r.Text("calibrated_sensor_token"), r.Timestamp("timestamp"), r.Flag("is_key_frame"), r.Count("height", 0), r.Count("width", 0), r.Text("filename", "")));
        var posesWanted = SampleData.Select(d => d.EgoPoseToken).ToHashSet();
        EgoPoses = TableReader.Read(folder, "ego_pose", tokens, r => !options.AllFrames && !posesWanted.Contains(r.Text("token")) ? null : new NuScenesEgoPose(r.Text("token"), r.Timestamp("timestamp"), r.Pose()));
        Instances = TableReader.Read(folder, "instance", tokens, static r => new NuScenesInstance(
            r.Text("token"), r.Text("category_token"), r.Count("nbr_annotations", 0), r.Text("first_annotation_token", ""), r.Text("last_annotation_token", "")));
        Annotations = TableReader.Read(folder, "sample_annotation", tokens, static r => new NuScenesAnnotation(
            r.Text("token"), r.Text("sample_token"), r.Text("instance_token"), r.Text("visibility_token", ""), r.Tokens("attribute_tokens"), Box(r), r.Text("prev", ""), r.Text("next", ""),
            r.Count("num_lidar_pts", 0), r.Count("num_radar_pts", 0)));

        _attributes = ByToken(Attributes, a => a.Token);
        _categories = ByToken(Categories, c => c.Token);
        _scenes = ByToken(Scenes, s => s.Token);
        _sensors = ByToken(Sensors, s => s.Token);
        _calibrated = ByToken(CalibratedSensors, s => s.Token);
        _samples = ByToken(Samples, s => s.Token);
        _poses = ByToken(EgoPoses, p => p.Token);
        _instances = ByToken(Instances, i => i.Token);
        _annotations = ByToken(Annotations, a => a.Token);
        foreach (var data in SampleData.Where(d => d.IsKeyFrame))
        {
            if (!_dataOf.TryGetValue(data.SampleToken, out var channels)) _dataOf[data.SampleToken] = channels = [];
            channels[ChannelOf(data)] = data;
        }
        foreach (var annotation in Annotations)
        {
            if (!_annotationsOf.TryGetValue(annotation.SampleToken, out var list)) _annotationsOf[annotation.SampleToken] = list = [];
            list.Add(annotation);
        }
    }

    /// <summary>Reads the tables of <c>folder/version/*.json</c>.</summary>
    /// <param name="folder">The data set's folder.</param>
    /// <param name="version">Such as v1.0-trainval.</param>
    /// <param name="options">What to keep; null for what detection needs.</param>
    /// <exception cref="FileFormatException">A table is missing or not as the format says, or names a row that another table does not have.</exception>
    public static NuScenesDatabase Load(string folder, string version, NuScenesOptions? options = null)
    {
        var tables = Path.Combine(folder, version);
        if (!Directory.Exists(tables))
            throw new FileFormatException($"nuscenes {folder}: it has no folder '{version}' with the tables.{(Directory.Exists(folder) ? $" It holds {Held(folder)}." : " There is no such folder.")}");
        return new NuScenesDatabase(tables, options ?? new());
    }

    /// <summary><c>attribute.json</c>.</summary>
    public IReadOnlyList<NuScenesAttribute> Attributes { get; }

    /// <summary><c>calibrated_sensor.json</c>.</summary>
    public IReadOnlyList<NuScenesCalibratedSensor> CalibratedSensors { get; }

    /// <summary><c>category.json</c>.</summary>
    public IReadOnlyList<NuScenesCategory> Categories { get; }

    /// <summary><c>ego_pose.json</c>, of the kept files.</summary>
    public IReadOnlyList<NuScenesEgoPose> EgoPoses { get; }

    /// <summary><c>instance.json</c>.</summary>
    public IReadOnlyList<NuScenesInstance> Instances { get; }

    /// <summary><c>log.json</c>.</summary>
    public IReadOnlyList<NuScenesLog> Logs { get; }

    /// <summary><c>map.json</c>.</summary>
    public IReadOnlyList<NuScenesMap> Maps { get; }

    /// <summary><c>sample.json</c>, in the file's order.</summary>
    public IReadOnlyList<NuScenesSample> Samples { get; }

    /// <summary><c>sample_annotation.json</c>, in the file's order.</summary>
    public IReadOnlyList<NuScenesAnnotation> Annotations { get; }

    /// <summary><c>sample_data.json</c>: the key frames, or all.</summary>
    public IReadOnlyList<NuScenesSampleData> SampleData { get; }

    /// <summary><c>scene.json</c>.</summary>
    public IReadOnlyList<NuScenesScene> Scenes { get; }

    /// <summary><c>sensor.json</c>.</summary>
    public IReadOnlyList<NuScenesSensor> Sensors { get; }

    /// <summary><c>visibility.json</c>.</summary>
    public IReadOnlyList<NuScenesVisibility> Visibilities { get; }

    /// <summary>The key frame of a channel (such as LIDAR_TOP) at a moment.</summary>
    /// <exception cref="FileFormatException">The moment has none.</exception>
    public NuScenesSampleData DataOf(NuScenesSample sample, string channel) =>
        _dataOf.TryGetValue(sample.Token, out var channels) && channels.TryGetValue(channel, out var data) ? data : throw new FileFormatException($"nuscenes {_name}: sample '{JsonCursor.Show(sample.Token)}' has no key frame of {channel}.");

    /// <summary>The objects of a moment, in the table's order.</summary>
    public IReadOnlyList<NuScenesAnnotation> AnnotationsOf(NuScenesSample sample) => _annotationsOf.TryGetValue(sample.Token, out var list) ? list : [];

    /// <summary>The moments of some scenes, in the table's order.</summary>
    /// <param name="scenes">Names of scenes, such as a split's.</param>
    /// <exception cref="FileFormatException">The table has no such row.</exception>
    public IReadOnlyList<NuScenesSample> SamplesOf(IReadOnlySet<string> scenes) => [.. Samples.Where(s => scenes.Contains(SceneOf(s).Name))];

    /// <summary>The scene of a moment.</summary>
    /// <exception cref="FileFormatException">The table has no such row.</exception>
    public NuScenesScene SceneOf(NuScenesSample sample) => Find(_scenes, "scene", sample.SceneToken, "sample", sample.Token);

    /// <summary>The category's name of an object.</summary>
    /// <exception cref="FileFormatException">A table has no such row.</exception>
    public string CategoryOf(NuScenesAnnotation annotation)
    {
        var instance = Find(_instances, "instance", annotation.InstanceToken, "sample_annotation", annotation.Token);
        return Find(_categories, "category", instance.CategoryToken, "instance", instance.Token).Name;
    }

    /// <summary>The attribute's name of an object: of its first attribute; empty when it has none.</summary>
    /// <exception cref="FileFormatException">The table has no such row.</exception>
    public string AttributeOf(NuScenesAnnotation annotation) =>
        annotation.AttributeTokens.Count == 0 ? "" : Find(_attributes, "attribute", annotation.AttributeTokens[0], "sample_annotation", annotation.Token).Name;

    /// <summary>Where the car was when a file was taken.</summary>
    /// <exception cref="FileFormatException">The table has no such row.</exception>
    public Pose EgoToGlobal(NuScenesSampleData data) => Find(_poses, "ego_pose", data.EgoPoseToken, "sample_data", data.Token).EgoToGlobal;

    /// <summary>Where the sensor of a file sits, and how it sees.</summary>
    /// <exception cref="FileFormatException">The table has no such row.</exception>
    public NuScenesCalibratedSensor SensorOf(NuScenesSampleData data) => Find(_calibrated, "calibrated_sensor", data.CalibratedSensorToken, "sample_data", data.Token);

    /// <summary>The channel of a file, such as CAM_FRONT.</summary>
    /// <exception cref="FileFormatException">The table has no such row.</exception>
    public string ChannelOf(NuScenesSampleData data)
    {
        var calibrated = SensorOf(data);
        return Find(_sensors, "sensor", calibrated.SensorToken, "calibrated_sensor", calibrated.Token).Channel;
    }

    /// <summary>An object's velocity in the map's frame, metres a second: from where it was a moment ago to where it is a moment later. NaN when neither is known, or
    /// they are more than 1.5 s apart (3 s when both are known).</summary>
    /// <remarks>Times are turned into seconds before they are subtracted, as the devkit does: the last digits of a velocity depend on it.</remarks>
    /// <exception cref="FileFormatException">A table has no such row.</exception>
    public Point3d VelocityOf(NuScenesAnnotation annotation)
    {
        bool hasPrevious = annotation.Previous.Length > 0, hasNext = annotation.Next.Length > 0;
        if (!hasPrevious && !hasNext) return new Point3d(double.NaN, double.NaN, double.NaN);
        var first = hasPrevious ? Find(_annotations, "sample_annotation", annotation.Previous, "sample_annotation", annotation.Token) : annotation;
        var last = hasNext ? Find(_annotations, "sample_annotation", annotation.Next, "sample_annotation", annotation.Token) : annotation;
        var seconds = 1e-6 * SampleOf(last).Timestamp - 1e-6 * SampleOf(first).Timestamp;
        if (seconds > (hasPrevious && hasNext ? 3.0 : 1.5)) return new Point3d(double.NaN, double.NaN, double.NaN);
        var way = last.Box.Center - first.Box.Center;
        return new Point3d(way.X / seconds, way.Y / seconds, way.Z / seconds);
    }

    private NuScenesSample SampleOf(NuScenesAnnotation annotation) => Find(_samples, "sample", annotation.SampleToken, "sample_annotation", annotation.Token);

    private static OrientedBox3d Box(TableReader r)
    {
        var size = r.Numbers("size", 3);
        return new OrientedBox3d(r.Point("translation"), size[0], size[1], size[2], r.Rotation("rotation"));
    }

    private static Dictionary<string, T> ByToken<T>(IReadOnlyList<T> rows, Func<T, string> token)
    {
        var map = new Dictionary<string, T>(rows.Count);
        foreach (var row in rows) map[token(row)] = row;
        return map;
    }

    private T Find<T>(Dictionary<string, T> rows, string table, string token, string from, string fromToken) =>
        rows.TryGetValue(token, out var row) ? row : throw new FileFormatException($"nuscenes {_name}: {from} '{JsonCursor.Show(fromToken)}' names {table} '{JsonCursor.Show(token)}', which {table}.json does not have.");

    private static string Held(string folder) => Directory.GetDirectories(folder).Select(Path.GetFileName).Where(n => n!.StartsWith("v1.", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList() is { Count: > 0 } versions
        ? string.Join(", ", versions) : "no tables";
}

/// <summary>What of a nuScenes data set is kept in memory.</summary>
/// <param name="AllFrames">Files between the annotated moments and the car's poses at them, too.</param>
public sealed record NuScenesOptions(bool AllFrames = false);
