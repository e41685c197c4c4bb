using System.Globalization;
using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Data.NuScenes;

/// <summary>One box of nuScenes' detection task, found or annotated, in the map's frame.</summary>
/// <param name="Box">Where it is.</param>
/// <param name="VelocityX">Metres a second along the map's x; NaN when not known.</param>
/// <param name="VelocityY">Metres a second along the map's y.</param>
/// <param name="Label">What it is: a position in <see cref="NuScenesClasses.Names"/>.</param>
/// <param name="Score">How sure; -1 for an annotation.</param>
/// <param name="Attribute">The attribute's name; empty for none.</param>
/// <param name="Points">Lidar and radar points on it; -1 for what was found.</param>
public readonly record struct NuScenesBox(OrientedBox3d Box, double VelocityX, double VelocityY, int Label, double Score, string Attribute, int Points = -1);

/// <summary>What a submission says that it used.</summary>
/// <param name="Camera">Cameras.</param>
/// <param name="Lidar">Lidar.</param>
/// <param name="Radar">Radar.</param>
/// <param name="Map">Maps.</param>
/// <param name="External">Data from elsewhere.</param>
public readonly record struct NuScenesModalities(bool Camera, bool Lidar, bool Radar, bool Map, bool External);

/// <summary>The boxes of one moment.</summary>
/// <param name="SampleToken">Which.</param>
/// <param name="Boxes">In the file's order, which breaks ties.</param>
public readonly record struct NuScenesSampleBoxes(string SampleToken, IReadOnlyList<NuScenesBox> Boxes);

/// <summary>nuScenes' detection submission: <c>{"meta": {…}, "results": {sample token: [boxes]}}</c>.</summary>
public sealed class NuScenesResults
{
    /// <summary>The most boxes that a moment may have.</summary>
    public const int MostBoxes = 500;

    /// <summary>Results made in memory.</summary>
    public NuScenesResults(NuScenesModalities used, IReadOnlyList<NuScenesSampleBoxes> samples) => (Used, Samples) = (used, samples);

    /// <summary>What was used (<c>meta</c>).</summary>
    public NuScenesModalities Used { get; }

    /// <summary>The moments in the file's order, which breaks ties.</summary>
    public IReadOnlyList<NuScenesSampleBoxes> Samples { get; }

    /// <summary>Reads a file, and refuses what the official evaluation refuses.</summary>
    /// <exception cref="FileFormatException">The file is missing, or something in it is not as the format says; the message names the place.</exception>
    public static NuScenesResults Load(string path)
    {
        using var json = JsonCursor.Open("nuscenes results", path);
        return Read(json);
    }

    /// <summary>Reads a stream to its end.</summary>
    /// <param name="stream">The JSON text.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="FileFormatException">Something in it is not as the format says.</exception>
    public static NuScenesResults Read(Stream stream, string name) => Read(new JsonCursor(stream, $"nuscenes results {name}"));

    /// <summary>Writes the official file.</summary>
    /// <exception cref="ArgumentValueException">A place, size, velocity or score is not finite, or a moment has more than 500 boxes.</exception>
    public void Write(Stream stream)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteStartObject("meta"u8);
        json.WriteBoolean("use_camera"u8, Used.Camera);
        json.WriteBoolean("use_lidar"u8, Used.Lidar);
        json.WriteBoolean("use_radar"u8, Used.Radar);
        json.WriteBoolean("use_map"u8, Used.Map);
        json.WriteBoolean("use_external"u8, Used.External);
        json.WriteEndObject();
        json.WriteStartObject("results"u8);
        foreach (var sample in Samples)
        {
            Check.That(sample.Boxes.Count <= MostBoxes, $"nuscenes results: a sample must have at most {MostBoxes} boxes, got {sample.Boxes.Count} for '{sample.SampleToken}'.");
            json.WriteStartArray(sample.SampleToken);
            foreach (var one in sample.Boxes) Write(json, sample.SampleToken, one);
            json.WriteEndArray();
            if (json.BytesPending > 1 << 16) json.Flush();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string token, NuScenesBox one)
    {
        var (box, rotation) = (one.Box, one.Box.Rotation);
        Check.That(box.Center.IsFinite && double.IsFinite(box.Width + box.Length + box.Height + one.VelocityX + one.VelocityY + one.Score), $"nuscenes results: numbers must be finite, got {one}.");
        json.WriteStartObject();
        json.WriteString("sample_token"u8, token);
        Numbers(json, "translation", [box.Center.X, box.Center.Y, box.Center.Z]);
        Numbers(json, "size", [box.Width, box.Length, box.Height]);
        Numbers(json, "rotation", [rotation.W, rotation.X, rotation.Y, rotation.Z]);
        Numbers(json, "velocity", [one.VelocityX, one.VelocityY]);
        json.WriteString("detection_name"u8, NuScenesClasses.Names[one.Label]);
        json.WriteNumber("detection_score"u8, one.Score);
        json.WriteString("attribute_name"u8, one.Attribute);
        json.WriteEndObject();
    }

    private static void Numbers(Utf8JsonWriter json, string name, ReadOnlySpan<double> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private static NuScenesResults Read(JsonCursor json)
    {
        NuScenesModalities? used = null;
        List<NuScenesSampleBoxes>? samples = null;
        json.BeginObject();
        while (json.NextMember(out var name))
            switch (name)
            {
                case "meta": used = ReadMeta(json); break;
                case "results": samples = ReadSamples(json); break;
                default: json.Skip(); break;
            }
        json.End();
        return new NuScenesResults(used ?? throw json.Missing("meta"), samples ?? throw json.Missing("results"));
    }

    private static NuScenesModalities ReadMeta(JsonCursor json)
    {
        var used = default(NuScenesModalities);
        json.BeginObject();
        while (json.NextMember(out var name))
            switch (name)
            {
                case "use_camera": used = used with { Camera = json.Flag() }; break;
                case "use_lidar": used = used with { Lidar = json.Flag() }; break;
                case "use_radar": used = used with { Radar = json.Flag() }; break;
                case "use_map": used = used with { Map = json.Flag() }; break;
                case "use_external": used = used with { External = json.Flag() }; break;
                default: json.Skip(); break;
            }
        return used;
    }

    private static List<NuScenesSampleBoxes> ReadSamples(JsonCursor json)
    {
        var samples = new List<NuScenesSampleBoxes>();
        var seen = new HashSet<string>();
        json.BeginObject();
        while (json.NextMember(out var token))
        {
            if (!seen.Add(token)) throw json.Bad("is there twice");
            var boxes = new List<NuScenesBox>();
            json.BeginArray();
            while (json.NextElement())
            {
                if (boxes.Count == MostBoxes) throw json.Bad($"is one box too many: a sample may have {MostBoxes}");
                boxes.Add(ReadBox(json, token));
            }
            samples.Add(new NuScenesSampleBoxes(token, boxes));
        }
        return samples;
    }

    private static NuScenesBox ReadBox(JsonCursor json, string token)
    {
        Span<double> translation = stackalloc double[3], size = stackalloc double[3], rotation = stackalloc double[4], velocity = stackalloc double[2];
        bool hasTranslation = false, hasSize = false, hasRotation = false, hasVelocity = false;
        var label = -1;
        double? score = null;
        string? attribute = null;
        json.BeginObject();
        while (json.NextMember(out var name))
            switch (name)
            {
                case "sample_token":
                    if (json.String() is var own && own != token) throw json.Bad($"must be the sample that the box is listed under, {JsonCursor.Show(token)}, got {JsonCursor.Show(own)}");
                    break;
                case "translation": json.Finites(translation); hasTranslation = true; break;
                case "size": json.Finites(size); hasSize = true; break;
                case "rotation": json.Finites(rotation); hasRotation = true; break;
                case "velocity": json.Numbers(velocity); hasVelocity = true; break;
                case "detection_name":
                    var text = json.String();
                    if ((label = NuScenesClasses.LabelOf(text)) < 0) throw json.Bad($"must be one of {string.Join(", ", NuScenesClasses.Names)}, got {JsonCursor.Show(text)}");
                    break;
                case "detection_score": score = json.Finite(); break;
                case "attribute_name":
                    attribute = json.String();
                    if (attribute.Length > 0 && NuScenesClasses.AttributeOf(attribute) is < 0 or (NuScenesClasses.NoAttribute)) throw json.Bad($"must be empty or one of {string.Join(", ", NuScenesClasses.Attributes.Take(NuScenesClasses.NoAttribute))}, got {JsonCursor.Show(attribute)}");
                    break;
                default: json.Skip(); break;
            }
        if (!hasTranslation) throw json.Missing("translation");
        if (!hasSize) throw json.Missing("size");
        if (!hasRotation) throw json.Missing("rotation");
        if (!hasVelocity) throw json.Missing("velocity");
        if (label < 0) throw json.Missing("detection_name");
        if (!(size[0] > 0 && size[1] > 0 && size[2] > 0)) throw json.Bad(string.Create(CultureInfo.InvariantCulture, $"must have a size above 0, got [{size[0]}, {size[1]}, {size[2]}]"));
        if (rotation is [0, 0, 0, 0] || !double.IsFinite(rotation[0] * rotation[0] + rotation[1] * rotation[1] + rotation[2] * rotation[2] + rotation[3] * rotation[3])) throw json.Bad("must have a rotation that is a quaternion [w, x, y, z] other than 0");
        return new NuScenesBox(
            new OrientedBox3d(new(translation[0], translation[1], translation[2]), size[0], size[1], size[2], Rotation3d.Normalized(rotation[0], rotation[1], rotation[2], rotation[3])),
            velocity[0], velocity[1], label, score ?? throw json.Missing("detection_score"), attribute ?? throw json.Missing("attribute_name"));
    }
}
