using System.Text.Json;
using LzuCore.Memory;

namespace LzuCore.Cli.Conformance;

/// <summary>The options of a case: numbers, words, sizes.</summary>
/// <param name="where">Names the case in messages.</param>
/// <param name="json">An object, or nothing.</param>
internal sealed class Attributes(string where, JsonElement json)
{
    /// <summary>A number, or the fallback when absent.</summary>
    public double Number(string name, double? fallback = null) => Find(name) is { } v ? Typed(name, v, JsonValueKind.Number).GetDouble() : fallback ?? throw Missing(name);

    /// <summary>A whole number, or the fallback when absent.</summary>
    public int Whole(string name, int? fallback = null) => (int)Number(name, fallback);

    /// <summary>True or false, or the fallback when absent.</summary>
    public bool Flag(string name, bool? fallback = null) => Find(name) switch
    {
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.Number } v => v.GetDouble() != 0,
        null => fallback ?? throw Missing(name),
        _ => throw new FileFormatException($"{where}: attribute {name} must be true or false."),
    };

    /// <summary>A word.</summary>
    public string Text(string name) => Typed(name, Find(name) ?? throw Missing(name), JsonValueKind.String).GetString()!;

    /// <summary>Whether it is given.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>A number for both axes or [vertical, horizontal]; null when absent.</summary>
    public Size2? SizeOrNull(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } v => new Size2(v.GetInt32(), v.GetInt32()),
        { ValueKind: JsonValueKind.Array } v when v.GetArrayLength() == 2 => new Size2(v[0].GetInt32(), v[1].GetInt32()),
        { ValueKind: JsonValueKind.Array } v when v.GetArrayLength() == 1 => new Size2(v[0].GetInt32(), v[0].GetInt32()),
        _ => throw new FileFormatException($"{where}: attribute {name} must be a number or [vertical, horizontal]."),
    };

    /// <summary>A number for both axes or [vertical, horizontal].</summary>
    public Size2 Size(string name) => SizeOrNull(name) ?? throw Missing(name);

    /// <summary>Options inside an option.</summary>
    public Attributes Inner(string name) => new($"{where}.{name}", Typed(name, Find(name) ?? throw Missing(name), JsonValueKind.Object));

    private JsonElement? Find(string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private JsonElement Typed(string name, JsonElement value, JsonValueKind kind) =>
        value.ValueKind == kind ? value : throw new FileFormatException($"{where}: attribute {name} must be a {kind.ToString().ToLowerInvariant()}, got {value.GetRawText()}.");

    private FileFormatException Missing(string name) => new($"{where}: attribute {name} is missing.");
}
