using System.Collections;
using LzuCore.Memory;

namespace LzuCore.Tensors.Autograd;

/// <summary>An op call's options by name, in PyTorch's words: numbers, lists of numbers, or text. What an op is, beside its name and inputs, for whoever reads a recorded graph.</summary>
/// <remarks>Numbers are float64, which holds every 32-bit whole number; flags are 0 or 1; sizes are (height, width).</remarks>
public sealed class OpAttributes : IEnumerable<string>
{
    private readonly List<(string Name, double[]? Numbers, string? Text)> _entries = [];

    /// <summary>Of an op without options.</summary>
    public static OpAttributes None { get; } = [];

    /// <summary>Adds a number.</summary>
    public void Add(string name, double value) => _entries.Add((name, [value], null));

    /// <summary>Adds a whole number.</summary>
    public void Add(string name, int value) => Add(name, (double)value);

    /// <summary>Adds a flag.</summary>
    public void Add(string name, bool value) => Add(name, value ? 1.0 : 0.0);

    /// <summary>Adds a height and a width.</summary>
    public void Add(string name, Size2 value) => _entries.Add((name, [value.Height, value.Width], null));

    /// <summary>Adds a list of whole numbers.</summary>
    public void Add(string name, ReadOnlySpan<int> values)
    {
        var numbers = new double[values.Length];
        for (var i = 0; i < numbers.Length; i++) numbers[i] = values[i];
        _entries.Add((name, numbers, null));
    }

    /// <summary>Adds a word.</summary>
    public void Add(string name, string value) => _entries.Add((name, null, value));

    /// <summary>Whether there is such an option.</summary>
    public bool Has(string name) => _entries.Any(e => e.Name == name);

    /// <summary>A number.</summary>
    /// <exception cref="KeyNotFoundException">There is no such number.</exception>
    public double Number(string name) => Numbers(name)[0];

    /// <summary>A whole number.</summary>
    /// <inheritdoc cref="Number" path="/exception"/>
    public int Whole(string name) => checked((int)Number(name));

    /// <summary>A list of whole numbers; two for a size.</summary>
    /// <inheritdoc cref="Number" path="/exception"/>
    public int[] Wholes(string name) => [.. Numbers(name).Select(v => checked((int)v))];

    /// <summary>A flag.</summary>
    /// <inheritdoc cref="Number" path="/exception"/>
    public bool Flag(string name) => Number(name) != 0;

    /// <summary>A word.</summary>
    /// <exception cref="KeyNotFoundException">There is no such word.</exception>
    public string Text(string name) => _entries.FirstOrDefault(e => e.Name == name).Text ?? throw Missing(name);

    /// <summary>The names.</summary>
    public IEnumerator<string> GetEnumerator() => _entries.Select(e => e.Name).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private double[] Numbers(string name) => _entries.FirstOrDefault(e => e.Name == name).Numbers ?? throw Missing(name);

    private KeyNotFoundException Missing(string name) => new($"the op has no option '{name}'; it has [{string.Join(", ", this)}].");
}
