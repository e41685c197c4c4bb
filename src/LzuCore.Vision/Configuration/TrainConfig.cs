using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LzuCore.Memory;

namespace LzuCore.Vision.Configuration;

/// <summary>A training's configuration file: JSON, read strictly, every fault one line that names the place.</summary>
/// <remarks>An unknown key, a wrong type, a number out of range, a missing file are faults, all found before any work. What may be in it is one table, from which the JSON schema
/// (docs/train.schema.json) is written too.</remarks>
public sealed class TrainConfig
{
    private const int MostBytes = 1 << 20;

    // What may change between a training and its resumption.
    private static readonly HashSet<string> Beside = ["$schema", "folder", "training.workers", "training.evaluate_every", "training.checkpoint_every", "training.checkpoint_minutes"];

    private TrainConfig(TaskKind kind, ConfigSection root) => (Kind, Root) = (kind, root);

    internal TaskKind Kind { get; }

    internal ConfigSection Root { get; }

    /// <summary>What is trained: <c>detection</c>, <c>segmentation</c>, <c>detection3d</c>.</summary>
    public string Task => Kind.Name;

    /// <summary>Where checkpoints and logs go.</summary>
    public string Folder => Root.Path("folder");

    /// <summary>Equal for configurations that make equal steps.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Root.Lines(Beside)))));

    /// <summary>Reads a file.</summary>
    /// <exception cref="FileFormatException">It is missing, no JSON, or something in it is not as it must be; one line, with the place.</exception>
    public static TrainConfig Read(string path) => Read(path, null);

    // With a change to what the file says, before it is checked.
    internal static TrainConfig Read(string path, Action<JsonObject>? change)
    {
        try
        {
            if (Directory.Exists(path)) throw new FileFormatException($"{path}: is a folder. Name a configuration file.");
            if (new FileInfo(path) is { Exists: true, Length: > MostBytes } large) throw new FileFormatException($"{path}: has {large.Length} bytes, more than any configuration. Name a configuration file.");
            var utf8 = File.ReadAllBytes(path);
            if (change is null) return Parse(utf8, path);
            _ = Parse(utf8, path);
            var root = JsonNode.Parse(utf8)!.AsObject();
            change(root);
            return Parse(Encoding.UTF8.GetBytes(root.ToJsonString()), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileFormatException($"{path}: there is no such file. Name a configuration file.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new FileFormatException($"{path}: cannot read it ({e.Message.Split('\n')[0].TrimEnd('.', '\r')}).", e);
        }
    }

    internal static TrainConfig Parse(ReadOnlyMemory<byte> utf8, string path)
    {
        try
        {
            using var json = JsonDocument.Parse(utf8, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            var place = new ConfigPlace(path, "");
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object) throw place.Must("an object", root);
            var kind = TaskKinds.Of(root, place);
            return new TrainConfig(kind, (ConfigSection)kind.Root.Read(root, place));
        }
        catch (JsonException e)
        {
            var at = e.LineNumber is { } line ? $"line {line + 1}: " : "";
            throw new FileFormatException($"{path}: {at}{e.Message.Split(" LineNumber:")[0].Split(" Path:")[0].Split('\n')[0].TrimEnd('\r', ' ', '.')}.", e);
        }
    }

    /// <summary>The JSON schema (draft 2020-12) of all configurations.</summary>
    public static string Schema()
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            json.WriteString("title", "A training of LzuCore");
            json.WriteStartArray("oneOf");
            foreach (var kind in TaskKinds.All)
            {
                json.WriteStartObject();
                json.WriteString("title", $"{kind.Name}: {kind.Network}");
                kind.Root.Describe(json);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(text.ToArray()) + "\n";
    }
}
