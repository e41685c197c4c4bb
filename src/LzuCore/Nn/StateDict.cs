using System.Collections;
using System.Diagnostics.CodeAnalysis;
using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>Tensors by key, in order: what a checkpoint file holds and what a module loads.</summary>
public sealed class StateDict(IEnumerable<KeyValuePair<string, Tensor>> entries) : IEnumerable<KeyValuePair<string, Tensor>>
{
    private readonly OrderedDictionary<string, Tensor> _entries = new(entries);

    /// <summary>An empty one.</summary>
    public StateDict() : this([]) { }

    /// <summary>Number of tensors.</summary>
    public int Count => _entries.Count;

    /// <summary>The tensor of a key.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Tensor this[string key]
    {
        get => _entries[key];
        set => _entries[key] = value;
    }

    /// <summary>Whether the key is there.</summary>
    public bool Contains(string key) => _entries.ContainsKey(key);

    /// <summary>The tensor of a key, if it is there.</summary>
    public bool TryGet(string key, [MaybeNullWhen(false)] out Tensor tensor) => _entries.TryGetValue(key, out tensor);

    /// <summary>The same tensors under mapped keys; null drops one.</summary>
    /// <exception cref="ArgumentValueException">Two keys become one.</exception>
    public StateDict Rename(Func<string, string?> map)
    {
        var renamed = new StateDict();
        var origins = new Dictionary<string, string>();
        foreach (var (key, tensor) in _entries)
        {
            if (map(key) is not { } name) continue;
            if (!origins.TryAdd(name, key)) throw new ArgumentValueException($"rename: '{origins[name]}' and '{key}' both become '{name}'. Leave out one of them.");
            renamed[name] = tensor;
        }
        return renamed;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>What did not fit when a state dict was loaded.</summary>
/// <param name="Missing">Keys of the module that the state dict lacks, with the shapes wanted.</param>
/// <param name="Unexpected">Keys of the state dict that the module lacks, with their shapes.</param>
/// <param name="Misshaped">Keys of both whose shapes differ: wanted, given.</param>
public sealed record StateDictReport(
    IReadOnlyList<(string Key, Shape Shape)> Missing,
    IReadOnlyList<(string Key, Shape Shape)> Unexpected,
    IReadOnlyList<(string Key, Shape Wanted, Shape Given)> Misshaped)
{
    /// <summary>Whether everything fitted.</summary>
    public bool IsClean => Missing.Count + Unexpected.Count + Misshaped.Count == 0;

    /// <summary>One line with the counts of each kind: a few keys are named, many are grouped by the module that they belong to.</summary>
    public override string ToString() =>
        $"{Missing.Count} missing{List([.. Missing.Select(m => (m.Key, m.Shape.ToString()))])}, {Unexpected.Count} unexpected{List([.. Unexpected.Select(m => (m.Key, m.Shape.ToString()))])}, " +
        $"{Misshaped.Count} mis-shaped{List([.. Misshaped.Select(m => (m.Key, $"wants {m.Wanted}, got {m.Given}"))])}";

    private static string List((string Key, string Shape)[] items)
    {
        const int Named = 4, Groups = 6;
        if (items.Length == 0) return "";
        if (items.Length <= Named) return $" ({string.Join(", ", items.Select(i => $"{i.Key} {i.Shape}"))})";
        var groups = items.GroupBy(i => ModuleOf(i.Key)).ToList();
        var listed = groups.Take(Groups).Select(g => g.Count() == 1 ? $"{g.First().Key} {g.First().Shape}" : $"{(groups.Count == 1 ? "all" : g.Count())} under {g.Key}, such as {g.First().Key} {g.First().Shape}");
        return $" ({string.Join("; ", listed)}{(groups.Count > Groups ? $"; {groups.Count - Groups} modules more" : "")})";
    }

    // bbox_head.cls_convs.0.conv.weight belongs to bbox_head.cls_convs.
    private static string ModuleOf(string key)
    {
        var parts = key.Split('.');
        return string.Join('.', parts.Take(Math.Clamp(parts.Length - 1, 1, 2)));
    }
}

/// <summary>A state dict does not fit a module. Carries the whole report.</summary>
/// <param name="what">What was loaded: begins the message.</param>
/// <param name="report">Everything that did not fit.</param>
/// <param name="remedy">What to do about it, as a sentence.</param>
public sealed class StateDictException(string what, StateDictReport report, string remedy = "Check that the file is of this model and layout, or pass strict: false to load the rest.")
    : LzuException($"{what}: {report}. {remedy}")
{
    /// <summary>Everything that did not fit.</summary>
    public StateDictReport Report { get; } = report;
}
