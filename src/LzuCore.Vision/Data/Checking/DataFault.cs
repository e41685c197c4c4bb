namespace LzuCore.Vision.Data.Checking;

/// <summary>Something wrong with a data set.</summary>
/// <param name="Kind">Which sort, in lower case with hyphens: <c>missing-image</c>, <c>bad-box</c> …</param>
/// <param name="Where">The file, image, annotation or class.</param>
/// <param name="Value">What is there.</param>
/// <param name="Remedy">What to do.</param>
public sealed record DataFault(string Kind, string Where, string Value, string Remedy);

/// <summary>Faults as they are found: all are counted, the first thousand of each kind are kept.</summary>
public sealed class FaultList
{
    /// <summary>How many of a kind are kept.</summary>
    public const int KeptPerKind = 1000;

    private readonly List<DataFault> _kept = [];
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>Those that are kept, in the order found.</summary>
    public IReadOnlyList<DataFault> Kept => _kept;

    /// <summary>How many of each kind there are.</summary>
    public IReadOnlyDictionary<string, int> Counts => _counts;

    internal void Add(DataFault fault)
    {
        var count = _counts.GetValueOrDefault(fault.Kind) + 1;
        _counts[fault.Kind] = count;
        if (count <= KeptPerKind) _kept.Add(fault);
    }

    internal void Add(string kind, string where, string value, string remedy) => Add(new DataFault(kind, where, value, remedy));
}
