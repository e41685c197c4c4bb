using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Tensors;

namespace LzuCore.Cli.Conformance;

/// <summary>How far a value may be from the expected one: absolute + relative to the largest expected magnitude.</summary>
internal readonly record struct Tolerance(double Absolute, double RelativeToMax)
{
    /// <summary>The allowed distance where the largest expected magnitude is <paramref name="largest"/>.</summary>
    public double For(double largest) => Absolute + RelativeToMax * largest;
}

/// <summary>One case of a suite: what to compute, from what, and what has to come out.</summary>
internal sealed class SuiteCase
{
    private readonly NpzArchive _archive;
    private readonly Dictionary<string, Tolerance> _tolerances = [];

    /// <summary>Reads one entry of cases.json.</summary>
    public SuiteCase(NpzArchive archive, string suite, JsonElement json)
    {
        _archive = archive;
        Suite = suite;
        Name = json.GetProperty("name").GetString()!;
        Op = json.GetProperty("op").GetString()!;
        Attributes = new Attributes($"{suite}/{Name}", json.TryGetProperty("attrs", out var attributes) ? attributes : default);
        Inputs = Names(json, "inputs");
        Outputs = Names(json, "outputs");
        Gradients = Names(json, "gradients");
        if (!json.TryGetProperty("tolerance", out var tolerances)) return;
        foreach (var entry in tolerances.EnumerateObject())
            _tolerances[entry.Name] = new Tolerance(Number(entry.Value, "atol"), Number(entry.Value, "rtol_of_max"));
    }

    /// <summary>The suite's name.</summary>
    public string Suite { get; }

    /// <summary>The case's name.</summary>
    public string Name { get; }

    /// <summary>The operator.</summary>
    public string Op { get; }

    /// <summary>The operator's options.</summary>
    public Attributes Attributes { get; }

    /// <summary>The inputs by name.</summary>
    public IReadOnlyList<string> Inputs { get; }

    /// <summary>The outputs by name.</summary>
    public IReadOnlyList<string> Outputs { get; }

    /// <summary>The inputs whose gradients are compared.</summary>
    public IReadOnlyList<string> Gradients { get; }

    /// <summary>How close an array has to be; exact where the suite says nothing.</summary>
    public Tolerance ToleranceOf(string array) => _tolerances.GetValueOrDefault(array);

    /// <summary>Whether the case stores an array, such as <c>upstream.output</c>.</summary>
    public bool Has(string member) => _archive.Contains($"{Name}/{member}");

    /// <summary>Reads an array.</summary>
    public Tensor Read(string member) => _archive.Read($"{Name}/{member}");

    private static string[] Names(JsonElement json, string key) => json.TryGetProperty(key, out var list) ? [.. list.EnumerateArray().Select(n => n.GetString()!)] : [];

    private static double Number(JsonElement json, string key) => json.TryGetProperty(key, out var value) ? value.GetDouble() : 0;
}

/// <summary>A file of cases.</summary>
internal sealed class Suite : IDisposable
{
    private readonly NpzArchive _archive;

    /// <summary>Opens a suite.</summary>
    /// <exception cref="FileFormatException">The file is no suite.</exception>
    public Suite(string path)
    {
        _archive = Npz.Open(path);
        try
        {
            using var json = JsonDocument.Parse(_archive.ReadBytes("cases.json"));
            Name = json.RootElement.GetProperty("suite").GetString()!;
            Cases = [.. json.RootElement.GetProperty("cases").EnumerateArray().Select(c => new SuiteCase(_archive, Name, c.Clone()))];
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentNullException)
        {
            _archive.Dispose();
            throw new FileFormatException($"conformance {path}: cases.json is not a list of cases ({fault.Message}). See the format in tests/conformance/README.md.", fault);
        }
    }

    /// <summary>The suite's name.</summary>
    public string Name { get; }

    /// <summary>Its cases, in the file's order.</summary>
    public IReadOnlyList<SuiteCase> Cases { get; }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _archive.Dispose();
}
