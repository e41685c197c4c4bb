using System.Globalization;
using System.Text.Json;
using LzuCore.Memory;

namespace LzuCore.Vision.Configuration;

/// <summary>A key that a configuration may have: how its value is read, and how the JSON schema describes it. Both come from here, so that they cannot differ.</summary>
/// <param name="Name">As in the file.</param>
/// <param name="About">What it means, in a sentence.</param>
internal abstract record ConfigKey(string Name, string About)
{
    /// <summary>Whether it must be there.</summary>
    public bool IsRequired { get; init; }

    /// <summary>What stands for it when it is not there; null for nothing.</summary>
    public virtual object? Fallback => null;

    /// <summary>The value, or an error that says what must be there.</summary>
    public abstract object Read(JsonElement json, ConfigPlace place);

    /// <summary>The schema's members of the value.</summary>
    public abstract void Describe(Utf8JsonWriter schema);
}

/// <summary>A place in a configuration, for errors.</summary>
/// <param name="File">The file's name.</param>
/// <param name="Path">Such as <c>optimizer.learning_rate</c>; empty for the whole.</param>
internal readonly record struct ConfigPlace(string File, string Path)
{
    /// <summary>A place in this one.</summary>
    public ConfigPlace At(string name) => this with { Path = Path.Length == 0 ? name : $"{Path}.{name}" };

    /// <summary>The one line: <c>train.json: optimizer.learning_rate must be a number above 0, got "fast".</c></summary>
    public FileFormatException Bad(string what) => new($"{File}: {(Path.Length == 0 ? "the file" : Path)} {what}.");

    /// <summary>The same about a value that is there.</summary>
    public FileFormatException Must(string be, JsonElement got) => Bad($"must be {be}, got {Shown(got)}");

    private static string Shown(JsonElement json)
    {
        var text = json.ValueKind switch { JsonValueKind.Object => "an object", JsonValueKind.Array => "a list", _ => json.GetRawText() };
        return string.Concat((text.Length > 60 ? text[..60] + "…" : text).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }
}

/// <summary>A finite number.</summary>
internal sealed record NumberKey(string Name, string About, double Least, double Most = double.PositiveInfinity, double? Default = null, bool Above = false) : ConfigKey(Name, About)
{
    public override object? Fallback => Default;

    private string Range => (Above ? $"a number above {Text(Least)}" : double.IsInfinity(Most) ? $"a number of {Text(Least)} or more" : $"a number from {Text(Least)}")
        + (double.IsInfinity(Most) ? "" : Above ? $" and at most {Text(Most)}" : $" to {Text(Most)}");

    public override object Read(JsonElement json, ConfigPlace place) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetDouble(out var value) && double.IsFinite(value) && (Above ? value > Least : value >= Least) && value <= Most ? value : throw place.Must(Range, json);

    public override void Describe(Utf8JsonWriter schema)
    {
        schema.WriteString("type", "number");
        schema.WriteNumber(Above ? "exclusiveMinimum" : "minimum", Least);
        if (double.IsFinite(Most)) schema.WriteNumber("maximum", Most);
        if (Default is { } value) schema.WriteNumber("default", value);
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A whole number.</summary>
internal sealed record WholeKey(string Name, string About, long Least, long Most, long? Default = null) : ConfigKey(Name, About)
{
    public override object? Fallback => Default;

    public override object Read(JsonElement json, ConfigPlace place) =>
        json.ValueKind == JsonValueKind.Number && json.TryGetInt64(out var value) && value >= Least && value <= Most ? value : throw place.Must($"a whole number from {Least} to {Most}", json);

    public override void Describe(Utf8JsonWriter schema)
    {
        schema.WriteString("type", "integer");
        schema.WriteNumber("minimum", Least);
        schema.WriteNumber("maximum", Most);
        if (Default is { } value) schema.WriteNumber("default", value);
    }
}

/// <summary>True or false.</summary>
internal sealed record FlagKey(string Name, string About, bool Default) : ConfigKey(Name, About)
{
    public override object Fallback => Default;

    public override object Read(JsonElement json, ConfigPlace place) => json.ValueKind is JsonValueKind.True or JsonValueKind.False ? json.GetBoolean() : throw place.Must("true or false", json);

    public override void Describe(Utf8JsonWriter schema)
    {
        schema.WriteString("type", "boolean");
        schema.WriteBoolean("default", Default);
    }
}

/// <summary>A text, such as a file's name.</summary>
internal sealed record TextKey(string Name, string About, string? Default = null) : ConfigKey(Name, About)
{
    public override object? Fallback => Default;

    public override object Read(JsonElement json, ConfigPlace place) => json.ValueKind == JsonValueKind.String && json.GetString() is { Length: > 0 } text ? text : throw place.Must("a text", json);

    public override void Describe(Utf8JsonWriter schema)
    {
        schema.WriteString("type", "string");
        schema.WriteNumber("minLength", 1);
        if (Default is not null) schema.WriteString("default", Default);
    }
}

/// <summary>One of some words; the first stands for none.</summary>
internal sealed record ChoiceKey(string Name, string About, params string[] Words) : ConfigKey(Name, About)
{
    public override object? Fallback => IsRequired ? null : Words[0];

    public override object Read(JsonElement json, ConfigPlace place)
    {
        if (json.ValueKind == JsonValueKind.String && json.GetString() is { } word && Words.Contains(word)) return word;
        var near = json.ValueKind == JsonValueKind.String ? NearestName.Of(json.GetString()!, Words) : null;
        throw place.Must($"{(Words.Length == 1 ? Words[0] : $"{string.Join(", ", Words.SkipLast(1))} or {Words[^1]}")}{(near is null ? "" : $" ('{near}'?)")}", json);
    }

    public override void Describe(Utf8JsonWriter schema)
    {
        schema.WriteStartArray("enum");
        foreach (var word in Words) schema.WriteStringValue(word);
        schema.WriteEndArray();
        if (!IsRequired) schema.WriteString("default", Words[0]);
    }
}

/// <summary>Height x width, such as "600x960".</summary>
internal sealed record SizeKey(string Name, string About, Size2? Default = null, int Least = 1, int Most = 32768) : ConfigKey(Name, About)
{
    internal const string Pattern = "^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$";

    public override object? Fallback => Default;

    public override object Read(JsonElement json, ConfigPlace place) => Parse(json, place, Least, Most);

    public override void Describe(Utf8JsonWriter schema)
    {
        schema.WriteString("type", "string");
        schema.WriteString("pattern", Pattern);
        if (Default is { } size) schema.WriteString("default", $"{size.Height}x{size.Width}");
    }

    internal static Size2 Parse(JsonElement json, ConfigPlace place, int least, int most)
    {
        if (json.ValueKind == JsonValueKind.String && json.GetString()!.Split('x') is [var height, var width] && Side(height, out var h) && Side(width, out var w)) return new Size2(h, w);
        throw place.Must($"a text HEIGHTxWIDTH with sides from {least} to {most}, such as \"600x960\"", json);

        bool Side(string text, out int side) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out side) && side >= least && side <= most && text[0] != '0';
    }
}

/// <summary>A list of sizes, whole numbers or numbers, each read by another key.</summary>
internal sealed record ListKey(string Name, string About, ConfigKey Each, int Least = 1, int Most = 1000) : ConfigKey(Name, About)
{
    public override object Read(JsonElement json, ConfigPlace place)
    {
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() < Least || json.GetArrayLength() > Most) throw place.Must(Least == Most ? $"a list of {Least}" : $"a list of {Least} or more", json);
        return json.EnumerateArray().Select((element, i) => Each.Read(element, place with { Path = $"{place.Path}[{i}]" })).ToArray();
    }

    public override void Describe(Utf8JsonWriter schema)
    {
        schema.WriteString("type", "array");
        schema.WriteNumber("minItems", Least);
        schema.WriteNumber("maxItems", Most);
        schema.WriteStartObject("items");
        Each.Describe(schema);
        schema.WriteEndObject();
    }
}

/// <summary>An object with keys of its own.</summary>
internal sealed record SectionKey(string Name, string About, params IReadOnlyList<ConfigKey> Keys) : ConfigKey(Name, About)
{
    public override object Fallback => new ConfigSection(this, default, new Dictionary<string, object>());

    public override object Read(JsonElement json, ConfigPlace place)
    {
        if (json.ValueKind != JsonValueKind.Object) throw place.Must("an object", json);
        var values = new Dictionary<string, object>();
        // What kind it is first: it says what else there may be.
        foreach (var member in json.EnumerateObject().OrderBy(m => m.Name == "kind" ? 0 : 1))
        {
            var key = Keys.FirstOrDefault(k => k.Name == member.Name);
            if (key is null)
            {
                var near = NearestName.Of(member.Name, Keys.Select(k => k.Name));
                throw place.Bad($"has no '{(member.Name.Length > 60 ? member.Name[..60] + "…" : string.Concat(member.Name.Select(c => char.IsControl(c) ? '?' : c)))}'{(near is null ? $"; it has {string.Join(", ", Keys.Select(k => k.Name))}" : $", did you mean '{near}'?")}".TrimEnd('.'));
            }
            values[key.Name] = key.Read(member.Value, place.At(key.Name));
        }
        foreach (var key in Keys)
        {
            if (values.ContainsKey(key.Name)) continue;
            if (key is SectionKey section && !key.IsRequired) values[key.Name] = section.Read(Empty, place.At(key.Name));
            else if (key.IsRequired) throw place.Bad($"must have '{key.Name}': {key.About}".TrimEnd('.'));
            else if (key.Fallback is { } fallback) values[key.Name] = fallback;
        }
        return new ConfigSection(this, place, values);
    }

    private static JsonElement Empty { get; } = JsonDocument.Parse("{}").RootElement;

    public override void Describe(Utf8JsonWriter schema)
    {
        schema.WriteString("type", "object");
        schema.WriteBoolean("additionalProperties", false);
        if (Keys.Any(k => k.IsRequired))
        {
            schema.WriteStartArray("required");
            foreach (var key in Keys.Where(k => k.IsRequired)) schema.WriteStringValue(key.Name);
            schema.WriteEndArray();
        }
        schema.WriteStartObject("properties");
        foreach (var key in Keys)
        {
            schema.WriteStartObject(key.Name);
            schema.WriteString("description", key.About);
            key.Describe(schema);
            schema.WriteEndObject();
        }
        schema.WriteEndObject();
    }
}
