using System.Globalization;
using LzuCore.Memory;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Data.NuScenes;

// One table of the thirteen: a list of flat objects. Row by row every known member lands in a slot; what a table does not need is passed over.
// Tokens go through a pool, since most name rows of other tables: one string each in memory.
internal sealed class TableReader(JsonCursor json, HashSet<string> tokens)
{
    private readonly Dictionary<string, string> _texts = [];
    private readonly Dictionary<string, double> _numbers = [];
    private readonly Dictionary<string, double[]> _lists = [];
    private readonly Dictionary<string, List<string>> _tokenLists = [];

    public static List<T> Read<T>(string folder, string table, HashSet<string> tokens, Func<TableReader, T?> row) where T : class
    {
        using var json = JsonCursor.Open("nuscenes", Path.Combine(folder, table + ".json"));
        return Read(json, tokens, row);
    }

    public static List<T> Read<T>(JsonCursor json, HashSet<string> tokens, Func<TableReader, T?> row) where T : class
    {
        var rows = new List<T>();
        var reader = new TableReader(json, tokens);
        json.BeginArray();
        while (json.NextElement())
        {
            reader.ReadRow();
            if (row(reader) is { } one) rows.Add(one);
        }
        json.End();
        return rows;
    }

    public string Text(string name, string? fallback = null) => _texts.TryGetValue(name, out var text) ? text : fallback ?? throw json.Missing(name);

    public double Number(string name, double? fallback = null) => _numbers.TryGetValue(name, out var value) ? value : fallback ?? throw json.Missing(name);

    public int Count(string name, int fallback) =>
        (int)(_numbers.TryGetValue(name, out var value) ? value is >= int.MinValue and <= int.MaxValue ? value : throw json.Bad(string.Create(CultureInfo.InvariantCulture, $"has {name} {value}, which is out of range")) : fallback);

    public long Timestamp(string name) => Number(name) is >= long.MinValue and < long.MaxValue and var value ? (long)value : throw json.Bad($"has a {name} out of range");

    public bool Flag(string name) => Number(name) != 0;

    public List<string> Tokens(string name) => _tokenLists.TryGetValue(name, out var list) ? list : [];

    public ReadOnlySpan<double> Numbers(string name, int count)
    {
        if (!_lists.TryGetValue(name, out var list)) throw json.Missing(name);
        if (list.Length != count) throw json.Bad($"has {list.Length} numbers in {name}, where {count} must be");
        foreach (var value in list)
            if (!double.IsFinite(value)) throw json.Bad(string.Create(CultureInfo.InvariantCulture, $"has {value} in {name}, where numbers must be finite"));
        return list;
    }

    public bool Has(string name) => _lists.TryGetValue(name, out var list) && list.Length > 0;

    public Point3d Point(string name)
    {
        var n = Numbers(name, 3);
        return new Point3d(n[0], n[1], n[2]);
    }

    public Rotation3d Rotation(string name)
    {
        var n = Numbers(name, 4);
        return Guarded(n.ToArray(), static v => Rotation3d.Normalized(v[0], v[1], v[2], v[3]));
    }

    public Pose Pose() => new(Rotation("rotation"), Point("translation"));

    public Camera Camera(string name) => Guarded(Numbers(name, 9).ToArray(), static v => Geometry.Camera.FromMatrix(v));

    // A number that no rotation or camera can have is the file's fault, and the file is named.
    private T Guarded<T>(double[] numbers, Func<double[], T> make)
    {
        try
        {
            return make(numbers);
        }
        catch (ArgumentValueException fault)
        {
            throw json.Bad($"is refused: {fault.Message.TrimEnd('.')}");
        }
    }

    private void ReadRow()
    {
        _texts.Clear();
        _numbers.Clear();
        _lists.Clear();
        _tokenLists.Clear();
        json.BeginObject();
        while (json.NextMember(out var name))
            switch (name)
            {
                case "token" or "sample_token" or "instance_token" or "visibility_token" or "ego_pose_token" or "calibrated_sensor_token" or "sensor_token" or "category_token" or "scene_token" or
                    "log_token" or "prev" or "next" or "first_annotation_token" or "last_annotation_token" or "first_sample_token" or "last_sample_token":
                    _texts[name] = json.String(tokens);
                    break;
                case "name" or "description" or "logfile" or "vehicle" or "date_captured" or "location" or "category" or "filename" or "level" or "channel" or "modality":
                    if (json.IsNull) json.Skip();
                    else _texts[name] = json.String();
                    break;
                case "timestamp" or "nbr_annotations" or "nbr_samples" or "num_lidar_pts" or "num_radar_pts" or "height" or "width": _numbers[name] = json.Finite(); break;
                case "is_key_frame": _numbers[name] = json.Flag() ? 1 : 0; break;
                case "translation" or "rotation" or "size" or "camera_intrinsic": _lists[name] = ReadNumbers(); break;
                case "attribute_tokens" or "log_tokens": _tokenLists[name] = ReadTokens(); break;
                default: json.Skip(); break;
            }
    }

    // A list of numbers, or of rows of numbers: at most nine.
    private double[] ReadNumbers()
    {
        Span<double> values = stackalloc double[9], row = stackalloc double[3];
        var count = 0;
        var rows = 1;
        json.BeginArray();
        while (json.NextElement())
            if (json.IsList)
            {
                if (rows++ > 3) throw json.Bad("must have at most three rows");
                json.Numbers(row);
                if (count + 3 > values.Length) throw json.Bad("must have at most nine numbers");
                row.CopyTo(values[count..]);
                count += 3;
            }
            else if (count == values.Length) throw json.Bad("must have at most nine numbers");
            else values[count++] = json.Number();
        return values[..count].ToArray();
    }

    private List<string> ReadTokens()
    {
        var list = new List<string>();
        json.BeginArray();
        while (json.NextElement()) list.Add(json.String(tokens));
        return list;
    }
}
