using System.Globalization;
using System.Text;
using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Vision.Geometry;

namespace LzuCore.Cli.Inputs;

/// <summary>Boxes from a file: COCO-style annotations or results, a JSON list of boxes, or <c>x1,y1,x2,y2</c> lines.</summary>
internal sealed class BoxesFile
{
    private readonly string _path;
    private readonly Box[]? _forEvery;
    private readonly Dictionary<string, Box[]> _byName = [];
    private readonly int _images;

    /// <summary>Reads the file.</summary>
    /// <exception cref="FileFormatException">The file is missing, or its boxes cannot be understood.</exception>
    public BoxesFile(string path)
    {
        _path = path;
        if (Path.GetExtension(path).ToLowerInvariant() != ".json")
        {
            _forEvery = Lines(Encoding.UTF8.GetString(LenientJson.ReadBytes("boxes", path)));
            return;
        }
        using var json = LenientJson.Read("boxes", path);
        try
        {
            if (json.RootElement.ValueKind == JsonValueKind.Array) _forEvery = [.. json.RootElement.EnumerateArray().Select(One)];
            else
            {
                var byId = json.RootElement.GetProperty("annotations").EnumerateArray().GroupBy(a => a.GetProperty("image_id").GetRawText()).ToDictionary(g => g.Key, g => g.Select(One).ToArray());
                foreach (var image in json.RootElement.GetProperty("images").EnumerateArray())
                {
                    _byName[Path.GetFileName(image.GetProperty("file_name").GetString() ?? "")] = byId.GetValueOrDefault(image.GetProperty("id").GetRawText(), []);
                    _images++;
                }
            }
        }
        catch (Exception fault) when (fault is KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            throw new FileFormatException($"boxes {path}: must be COCO annotations (images, annotations with bbox [x, y, width, height]) or a list of [x1, y1, x2, y2] ({fault.Message.TrimEnd('.')}).", fault);
        }
    }

    /// <summary>Every box of the file.</summary>
    public IEnumerable<Box> All => _forEvery ?? _byName.Values.SelectMany(b => b);

    /// <summary>The boxes of one picture.</summary>
    /// <exception cref="FileFormatException">The file is about other pictures.</exception>
    public Box[] Of(string image)
    {
        if (_forEvery is not null) return _forEvery;
        if (_byName.TryGetValue(Path.GetFileName(image), out var boxes)) return boxes;
        if (_images == 1) return _byName.Values.Single();
        throw new FileFormatException($"boxes {_path}: it has no image named '{Path.GetFileName(image)}'. It holds {string.Join(", ", _byName.Keys.Take(3))}{(_images > 3 ? $" and {_images - 3} more" : "")}.");
    }

    private Box[] Lines(string text)
    {
        var boxes = new List<Box>();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var words = line.Split('#')[0].Split([',', ' ', '\t', ';', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0) continue;
            var values = new float[4];
            if (words.Length < 4 || !Enumerable.Range(0, 4).All(i => float.TryParse(words[i], NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]) && float.IsFinite(values[i])))
                throw new FileFormatException($"boxes {_path}: line {number} must be x1,y1,x2,y2, got '{(line.Length > 60 ? line[..60] + "…" : line.Trim())}'.");
            boxes.Add(new Box(values[0], values[1], values[2], values[3]));
        }
        return [.. boxes];
    }

    // [x1, y1, x2, y2], or something with a bbox [x, y, width, height].
    private static Box One(JsonElement json)
    {
        var list = json.ValueKind == JsonValueKind.Object ? json.GetProperty("bbox") : json;
        var (a, b, c, d) = (list[0].GetSingle(), list[1].GetSingle(), list[2].GetSingle(), list[3].GetSingle());
        if (!float.IsFinite(a + b + c + d)) throw new FormatException("a box has a number that is not finite");
        return json.ValueKind == JsonValueKind.Object ? new Box(a, b, a + c, b + d) : new Box(a, b, c, d);
    }
}
