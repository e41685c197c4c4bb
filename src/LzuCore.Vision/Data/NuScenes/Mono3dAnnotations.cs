using LzuCore.Memory;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Data.NuScenes;

/// <summary>One camera image of a mono-3D file.</summary>
/// <param name="Id">The token of its <c>sample_data</c>.</param>
/// <param name="FileName">Below the data set's folder.</param>
/// <param name="SampleToken">The moment (<c>token</c>).</param>
/// <param name="CameraToEgo">From the camera's frame to the car's.</param>
/// <param name="EgoToGlobal">From the car's frame to the map's, at the moment's LIDAR_TOP (not at the camera's own time).</param>
/// <param name="Camera">Intrinsics.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
public sealed record Mono3dImage(string Id, string FileName, string SampleToken, Pose CameraToEgo, Pose EgoToGlobal, Camera Camera, int Width, int Height);

/// <summary>One box of a mono-3D file.</summary>
/// <param name="Id">Its number, from 0.</param>
/// <param name="ImageId">Whose it is.</param>
/// <param name="Label">What it is: a position in <see cref="NuScenesClasses.Names"/>.</param>
/// <param name="Box">The visible part's bounding box in the image.</param>
/// <param name="Area">Its square pixels.</param>
/// <param name="Box3d">The box and its velocity in the camera's frame; the velocity may be NaN, which training takes for 0.</param>
/// <param name="CenterU">Where the middle is seen: column, in pixels; may lie outside the image.</param>
/// <param name="CenterV">Row.</param>
/// <param name="Depth">How far the middle is along z, in metres.</param>
/// <param name="Attribute">A position in <see cref="NuScenesClasses.Attributes"/>.</param>
public readonly record struct Mono3dAnnotation(
    long Id, string ImageId, int Label, CocoBox Box, double Area, CameraBox3d Box3d, double CenterU, double CenterV, double Depth, int Attribute);

/// <summary>nuScenes seen by one camera at a time: mmdetection3d's <c>nuscenes_infos_*_mono3d.coco.json</c>, read from such a file or derived from the tables.</summary>
public sealed class Mono3dAnnotations
{
    /// <summary>The cameras, in the order of a moment's six images.</summary>
    public static IReadOnlyList<string> Cameras { get; } = ["CAM_FRONT", "CAM_FRONT_RIGHT", "CAM_FRONT_LEFT", "CAM_BACK", "CAM_BACK_LEFT", "CAM_BACK_RIGHT"];

    // What an image measures where the table does not say.
    private const int UsualWidth = 1600, UsualHeight = 900;

    /// <summary>Annotations made in memory.</summary>
    public Mono3dAnnotations(IReadOnlyList<Mono3dImage> images, IReadOnlyList<Mono3dAnnotation> annotations) => (Images, Annotations) = (images, annotations);

    /// <summary>Six consecutive images to a moment.</summary>
    public IReadOnlyList<Mono3dImage> Images { get; }

    /// <summary>The boxes, image by image.</summary>
    public IReadOnlyList<Mono3dAnnotation> Annotations { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="FileFormatException">The file is missing, or something in it is not as the format says; the message names the place.</exception>
    public static Mono3dAnnotations Load(string path)
    {
        using var json = JsonCursor.Open("mono-3D annotations", path);
        return Read(json);
    }

    /// <summary>Reads a stream to its end.</summary>
    /// <param name="stream">The JSON text.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="FileFormatException">Something in it is not as the format says.</exception>
    public static Mono3dAnnotations Read(Stream stream, string name) => Read(new JsonCursor(stream, $"mono-3D annotations {name}"));

    /// <summary>Derives the annotations from the tables, as mmdetection3d's converter does.</summary>
    /// <param name="database">The tables.</param>
    /// <param name="samples">The moments wanted, in the order wanted.</param>
    /// <remarks>A box is moved to the camera with the <i>camera's</i> ego pose, while the image's <see cref="Mono3dImage.EgoToGlobal"/> is LIDAR_TOP's: the published files
    /// do so, and so does whoever goes back with them. Corners in front of the camera are projected; their hull is cut by the image. Boxes out of sight, and boxes whose
    /// middle is behind the camera, are left out. Visibility and points play no part.</remarks>
    /// <exception cref="FileFormatException">A table lacks a row that another names.</exception>
    public static Mono3dAnnotations Derive(NuScenesDatabase database, IEnumerable<NuScenesSample> samples)
    {
        var images = new List<Mono3dImage>();
        var annotations = new List<Mono3dAnnotation>();
        foreach (var sample in samples)
        {
            var egoToGlobal = database.EgoToGlobal(database.DataOf(sample, "LIDAR_TOP"));
            foreach (var channel in Cameras)
            {
                var data = database.DataOf(sample, channel);
                var sensor = database.SensorOf(data);
                var camera = sensor.Camera ?? throw new FileFormatException($"nuscenes: calibrated_sensor '{JsonCursor.Show(sensor.Token)}' of {channel} has no camera_intrinsic.");
                var (width, height) = (data.Width > 0 ? data.Width : UsualWidth, data.Height > 0 ? data.Height : UsualHeight);
                var image = new Mono3dImage(data.Token, data.FileName, sample.Token, sensor.SensorToEgo, egoToGlobal, camera, width, height);
                var globalToCamera = (database.EgoToGlobal(data) * sensor.SensorToEgo).Inverse();
                foreach (var annotation in database.AnnotationsOf(sample))
                    if (Derive(database, annotation, image, globalToCamera, annotations.Count) is { } one) annotations.Add(one);
                images.Add(image);
            }
        }
        return new Mono3dAnnotations(images, annotations);
    }

    private static Mono3dAnnotation? Derive(NuScenesDatabase database, NuScenesAnnotation annotation, Mono3dImage image, Pose globalToCamera, int id)
    {
        var label = NuScenesClasses.LabelOfCategory(database.CategoryOf(annotation));
        if (label < 0) return null;
        var box = globalToCamera.Apply(annotation.Box);
        if (box.Center.Z <= 0) return null;
        var seen = ConvexHull.Of(box.Corners().Where(c => c.Z > 0).Select(image.Camera.Project));
        if (ConvexHull.BoundsWithin(seen, image.Width, image.Height) is not { } bounds) return null;
        var ground = database.VelocityOf(annotation) with { Z = 0 };
        var (u, v) = image.Camera.Project(box.Center);
        var attribute = NuScenesClasses.AttributeOf(database.AttributeOf(annotation));
        if (attribute < 0) throw new FileFormatException($"nuscenes: sample_annotation '{JsonCursor.Show(annotation.Token)}' has the attribute '{JsonCursor.Show(database.AttributeOf(annotation))}', which detection does not know.");
        return new Mono3dAnnotation(id, image.Id, label, bounds, bounds.Width * bounds.Height, CameraBox3d.From(box, globalToCamera.Rotation.Rotate(ground)), u, v, box.Center.Z, attribute);
    }

    private static Mono3dAnnotations Read(JsonCursor json)
    {
        List<Mono3dImage>? images = null;
        var annotations = new List<Mono3dAnnotation>();
        var tokens = new HashSet<string>();
        json.BeginObject();
        while (json.NextMember(out var name))
            switch (name)
            {
                case "images":
                    images = [];
                    json.BeginArray();
                    while (json.NextElement()) images.Add(ReadImage(json, tokens));
                    break;
                case "annotations":
                    json.BeginArray();
                    while (json.NextElement()) annotations.Add(ReadAnnotation(json, tokens, annotations.Count));
                    break;
                default: json.Skip(); break;
            }
        json.End();
        return new Mono3dAnnotations(images ?? throw json.Missing("images"), annotations);
    }

    private static Mono3dImage ReadImage(JsonCursor json, HashSet<string> tokens)
    {
        string? id = null, file = null, sample = null;
        int width = UsualWidth, height = UsualHeight;
        Span<double> camRotation = stackalloc double[4], camTranslation = stackalloc double[3], egoRotation = stackalloc double[4], egoTranslation = stackalloc double[3];
        Span<double> intrinsics = stackalloc double[9];
        var seen = 0;
        json.BeginObject();
        while (json.NextMember(out var name))
            switch (name)
            {
                case "id": id = json.String(tokens); break;
                case "file_name": file = json.String(); break;
                case "token": sample = json.String(tokens); break;
                case "width": width = (int)json.Integer(1, int.MaxValue); break;
                case "height": height = (int)json.Integer(1, int.MaxValue); break;
                case "cam2ego_rotation": json.Finites(camRotation); seen |= 1; break;
                case "cam2ego_translation": json.Finites(camTranslation); seen |= 2; break;
                case "ego2global_rotation": json.Finites(egoRotation); seen |= 4; break;
                case "ego2global_translation": json.Finites(egoTranslation); seen |= 8; break;
                case "cam_intrinsic":
                    json.BeginArray();
                    for (var row = 0; json.NextElement(); row++)
                    {
                        if (row == 3) throw json.Bad("must be the last of three rows");
                        json.Finites(intrinsics.Slice(3 * row, 3));
                    }
                    seen |= 16;
                    break;
                default: json.Skip(); break;
            }
        string[] needed = ["cam2ego_rotation", "cam2ego_translation", "ego2global_rotation", "ego2global_translation", "cam_intrinsic"];
        for (var i = 0; i < needed.Length; i++)
            if ((seen & (1 << i)) == 0) throw json.Missing(needed[i]);
        try
        {
            return new Mono3dImage(id ?? throw json.Missing("id"), file ?? throw json.Missing("file_name"), sample ?? throw json.Missing("token"),
                Pose(camRotation, camTranslation), Pose(egoRotation, egoTranslation), Camera.FromMatrix(intrinsics), width, height);
        }
        catch (ArgumentValueException fault)
        {
            throw json.Bad($"is refused: {fault.Message.TrimEnd('.')}");
        }
    }

    private static Pose Pose(ReadOnlySpan<double> rotation, ReadOnlySpan<double> translation) =>
        new(Rotation3d.Normalized(rotation[0], rotation[1], rotation[2], rotation[3]), new(translation[0], translation[1], translation[2]));

    private static Mono3dAnnotation ReadAnnotation(JsonCursor json, HashSet<string> tokens, int position)
    {
        long? id = null;
        string? image = null;
        int label = -1, attribute = NuScenesClasses.NoAttribute;
        CocoBox? box = null;
        double? area = null;
        Span<double> place = stackalloc double[7], velocity = stackalloc double[2], center = stackalloc double[3];
        var seen = 0;
        json.BeginObject();
        while (json.NextMember(out var name))
            switch (name)
            {
                case "id": id = json.Integer(); break;
                case "image_id": image = json.String(tokens); break;
                case "category_id": label = (int)json.Integer(0, NuScenesClasses.Names.Count - 1); break;
                case "bbox": box = CocoBox.Read(json); break;
                case "area": area = json.Finite(); break;
                case "bbox_cam3d": json.Finites(place); seen |= 1; break;
                case "velo_cam3d": json.Numbers(velocity); seen |= 2; break;
                case "center2d": json.Finites(center); seen |= 4; break;
                case "attribute_id": attribute = (int)json.Integer(0, NuScenesClasses.NoAttribute); break;
                default: json.Skip(); break;
            }
        string[] needed = ["bbox_cam3d", "velo_cam3d", "center2d"];
        for (var i = 0; i < needed.Length; i++)
            if ((seen & (1 << i)) == 0) throw json.Missing(needed[i]);
        if (label < 0) throw json.Missing("category_id");
        var where = box ?? throw json.Missing("bbox");
        return new Mono3dAnnotation(id ?? position, image ?? throw json.Missing("image_id"), label, where, area ?? where.Width * where.Height,
            new CameraBox3d(place[0], place[1], place[2], place[3], place[4], place[5], place[6], velocity[0], velocity[1]), center[0], center[1], center[2], attribute);
    }
}
