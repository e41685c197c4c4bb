using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Scenes;

/// <summary>Annotations of rendered scenes, as other data sets write them: COCO (with Argoverse-HD's sequences), nuScenes' tables and mono-3D file, Cityscapes' label and instance maps.</summary>
/// <remarks>What each file holds and leaves out, <c>Scenes/README.md</c> says. Not safe for use by several threads.</remarks>
/// <param name="data">The scenes' data set: it names files and frames.</param>
public sealed class SceneAnnotations(SceneDataset data)
{
    // Train ids of Cityscapes in the order of our labels: sky, road, terrain, building, vegetation, car, truck, person, rider, traffic sign.
    private static readonly byte[] TrainIds = [10, 0, 9, 2, 8, 13, 14, 11, 12, 7];

    // nuScenes' classes in the order of ours: bicycle for a cyclist, nothing for a sign.
    private static readonly int[] NuScenesLabels = [NuScenesClasses.LabelOf("car"), NuScenesClasses.LabelOf("truck"), NuScenesClasses.LabelOf("pedestrian"), NuScenesClasses.LabelOf("bicycle"), -1];

    private readonly List<AnnotatedScene> _images = [];

    /// <summary>Images added.</summary>
    public int Images => _images.Count;

    /// <summary>Their objects, those to ignore included.</summary>
    public int Annotations { get; private set; }

    /// <summary>Takes down what is known of a scene; its picture is not kept.</summary>
    /// <param name="index">Its number in the data set.</param>
    /// <param name="laid">The scene.</param>
    /// <param name="rendered">What was drawn of it.</param>
    public void Add(int index, Scene laid, RenderedScene rendered)
    {
        _images.Add(new(index, laid.CameraToEgo, laid.EgoToGlobal, rendered.Camera, rendered.Objects));
        Annotations += rendered.Objects.Count;
    }

    /// <summary>The label map with Cityscapes' train ids.</summary>
    public static LabelMap CityscapesTrainIds(LabelMap labels) => Mapped(labels, static label => TrainIds[label]);

    /// <summary>The label map with Cityscapes' label ids.</summary>
    public static LabelMap CityscapesLabelIds(LabelMap labels) => Mapped(labels, static label => CityscapesClasses.LabelIdOf(TrainIds[label]));

    /// <summary>The bytes of Cityscapes' 16-bit instance map: <c>1000 · label id + k</c> for the k-th car, truck, person or rider of the picture, the label id for all else.</summary>
    /// <param name="labels">The scene's labels.</param>
    /// <param name="instances">Its instances.</param>
    public static byte[] CityscapesInstanceIds(LabelMap labels, LabelMap instances)
    {
        var ids = CityscapesLabelIds(labels).Labels;
        var all = new ushort[ids.Length];
        var numbers = new Dictionary<(byte Label, byte Instance), int>();
        var counts = new int[byte.MaxValue + 1];
        for (var i = 0; i < all.Length; i++)
        {
            var (label, instance) = (labels.Labels[i], instances.Labels[i]);
            all[i] = ids[i];
            if (instance == 0 || label < SceneClasses.FirstObjectLabel || label == SceneClasses.FirstObjectLabel + SceneClasses.Sign) continue;
            if (!numbers.TryGetValue((label, instance), out var number)) numbers[(label, instance)] = number = counts[label]++;
            all[i] = (ushort)(1000 * ids[i] + number);
        }
        return LabelPng.Encode(labels.Size, all);
    }

    /// <summary>nuScenes' thirteen tables, so that its tools read drives as scenes, frames as moments and the camera as CAM_FRONT: cars, trucks, adult pedestrians, and cyclists as bicycles.
    /// Objects to ignore have no lidar points, which keeps them out of scores. <c>Scenes/README.md</c> says more.</summary>
    /// <param name="folder">What comes before the pictures' names, with a slash at its end; empty for nothing.</param>
    /// <returns>Each table's name, such as <c>sample</c>, and what writes its file.</returns>
    public IEnumerable<(string Name, Action<Stream> Write)> NuScenesTables(string folder = "") => new SceneTables(data, _images, folder).All();

    /// <summary>Where the picture lies that <see cref="NuScenesTables"/> names as the map, from the data set's folder, and its bytes.</summary>
    public static (string Name, byte[] Png) NuScenesMap => (SceneTables.MapFile, new LabelMap(new(1, 1)).Encode());

    /// <summary>Writes COCO's JSON: the five classes with ids 1 to 5; an object to ignore is a crowd. Sequences are written as Argoverse-HD does.</summary>
    public void WriteCoco(Stream stream)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteStartArray("categories"u8);
        for (var i = 0; i < SceneClasses.Objects.Count; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("id"u8, i + 1);
            json.WriteString("name"u8, SceneClasses.Objects[i]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        var sequences = _images.Select(i => data.FrameOf(i.Index).Sequence).Where(s => s >= 0).Distinct().Order().ToList();
        if (sequences.Count > 0)
            foreach (var member in (ReadOnlySpan<string>)["sequences", "seq_dirs"])
            {
                json.WriteStartArray(member);
                foreach (var sequence in sequences) json.WriteStringValue(FormattableString.Invariant($"{sequence:0000}"));
                json.WriteEndArray();
            }
        json.WriteStartArray("images"u8);
        foreach (var (index, _, _, _, _) in _images)
        {
            var (sequence, frame) = data.FrameOf(index);
            json.WriteStartObject();
            json.WriteNumber("id"u8, index);
            if (sequence < 0)
            {
                json.WriteString("file_name"u8, data.FileOf(index));
            }
            else
            {
                json.WriteString("name"u8, Path.GetFileName(data.FileOf(index)));
                json.WriteNumber("sid"u8, sequences.IndexOf(sequence));
                json.WriteNumber("fid"u8, frame);
            }
            Size(json);
            json.WriteEndObject();
            Drain(json);
        }
        json.WriteEndArray();
        json.WriteStartArray("annotations"u8);
        var id = 0;
        foreach (var (index, _, _, _, objects) in _images)
            foreach (var one in objects)
            {
                json.WriteStartObject();
                json.WriteNumber("id"u8, ++id);
                json.WriteNumber("image_id"u8, index);
                json.WriteNumber("category_id"u8, one.Class + 1);
                BoxOf(json, one);
                json.WriteNumber("iscrowd"u8, one.Ignore ? 1 : 0);
                json.WriteNumber("ignore"u8, one.Ignore ? 1 : 0);
                json.WriteNumber("track"u8, one.Track);
                json.WriteNumber("visibility"u8, one.Visibility);
                json.WriteEndObject();
                Drain(json);
            }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes nuScenes' mono-3D JSON, as mmdetection3d 1.0 makes it: cars, trucks, pedestrians, and cyclists as bicycles. Signs, and objects to ignore, are left out.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="folder">What comes before the pictures' names, with a slash at its end; empty for nothing.</param>
    public void WriteMono3d(Stream stream, string folder = "")
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteStartArray("categories"u8);
        for (var i = 0; i < NuScenesClasses.Names.Count; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("id"u8, i);
            json.WriteString("name"u8, NuScenesClasses.Names[i]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("images"u8);
        foreach (var (index, cameraToEgo, egoToGlobal, camera, _) in _images)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, data.IdOf(index));
            json.WriteString("token"u8, data.IdOf(index));
            json.WriteString("file_name"u8, folder + data.FileOf(index));
            PoseOf(json, "cam2ego", cameraToEgo);
            PoseOf(json, "ego2global", egoToGlobal);
            json.WriteStartArray("cam_intrinsic"u8);
            foreach (var row in camera.ToMatrix().Chunk(3))
            {
                json.WriteStartArray();
                foreach (var value in row) json.WriteNumberValue(value);
                json.WriteEndArray();
            }
            json.WriteEndArray();
            Size(json);
            json.WriteEndObject();
            Drain(json);
        }
        json.WriteEndArray();
        json.WriteStartArray("annotations"u8);
        var id = 0;
        foreach (var (index, _, _, _, objects) in _images)
            foreach (var one in objects)
            {
                if (one.Ignore || NuScenesLabels[one.Class] < 0) continue;
                var attribute = SceneClasses.AttributeOf(one);
                var box = one.Box3d;
                json.WriteStartObject();
                json.WriteNumber("id"u8, ++id);
                json.WriteString("image_id"u8, data.IdOf(index));
                json.WriteNumber("category_id"u8, NuScenesLabels[one.Class]);
                json.WriteString("category_name"u8, NuScenesClasses.Names[NuScenesLabels[one.Class]]);
                BoxOf(json, one);
                json.WriteNumber("iscrowd"u8, 0);
                Numbers(json, "bbox_cam3d", [box.X, box.Y, box.Z, box.Length, box.Height, box.Width, box.Yaw]);
                Numbers(json, "velo_cam3d", [box.VelocityX, box.VelocityZ]);
                Numbers(json, "center2d", [one.Center.X, one.Center.Y, one.Center.Depth]);
                json.WriteNumber("attribute_id"u8, attribute);
                json.WriteString("attribute_name"u8, NuScenesClasses.Attributes[attribute]);
                json.WriteEndObject();
                Drain(json);
            }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static LabelMap Mapped(LabelMap labels, Func<byte, byte> to)
    {
        var mapped = new LabelMap(labels.Size);
        Span<byte> from = labels.Labels, into = mapped.Labels;
        for (var i = 0; i < from.Length; i++)
        {
            Check.That(from[i] < TrainIds.Length, $"scenes: labels must be below {TrainIds.Length}, got {from[i]}.");
            into[i] = to(from[i]);
        }
        return mapped;
    }

    private static void BoxOf(Utf8JsonWriter json, SceneObject one)
    {
        var box = CocoBox.From(one.Box);
        Numbers(json, "bbox", [box.X, box.Y, box.Width, box.Height]);
        json.WriteNumber("area"u8, box.Width * box.Height);
    }

    private static void PoseOf(Utf8JsonWriter json, string name, Pose pose)
    {
        Numbers(json, name + "_rotation", [pose.Rotation.W, pose.Rotation.X, pose.Rotation.Y, pose.Rotation.Z]);
        Numbers(json, name + "_translation", [pose.Translation.X, pose.Translation.Y, pose.Translation.Z]);
    }

    private static void Numbers(Utf8JsonWriter json, string name, ReadOnlySpan<double> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private static void Drain(Utf8JsonWriter json)
    {
        if (json.BytesPending > 1 << 16) json.Flush();
    }

    private void Size(Utf8JsonWriter json)
    {
        json.WriteNumber("width"u8, data.Options.Size.Width);
        json.WriteNumber("height"u8, data.Options.Size.Height);
    }
}
