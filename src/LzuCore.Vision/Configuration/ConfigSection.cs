using System.Globalization;
using LzuCore.Memory;

namespace LzuCore.Vision.Configuration;

/// <summary>An object of a configuration, read and checked: every key that has a value, given or by default.</summary>
internal sealed class ConfigSection(SectionKey key, ConfigPlace place, IReadOnlyDictionary<string, object> values)
{
    /// <summary>Where it is.</summary>
    public ConfigPlace Place => place;

    /// <summary>Whether there is a value.</summary>
    public bool Has(string name) => values.ContainsKey(name);

    public double Number(string name) => (double)values[name];

    public int Whole(string name) => (int)(long)values[name];

    public ulong Seed(string name) => (ulong)(long)values[name];

    public bool Flag(string name) => (bool)values[name];

    public string Text(string name) => (string)values[name];

    public Size2 Size(string name) => (Size2)values[name];

    public T[] List<T>(string name) => [.. ((object[])values[name]).Cast<T>()];

    public ConfigSection Section(string name) => (ConfigSection)values[name];

    /// <summary>An error about a key.</summary>
    public FileFormatException Bad(string name, string what) => place.At(name).Bad(what);

    /// <summary>A text as the path of a file, which is named from the configuration's folder.</summary>
    public string Path(string name) => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(place.File) ?? "", Text(name));

    /// <summary>The path of a file or folder that must be there.</summary>
    /// <exception cref="FileFormatException">It is not.</exception>
    public string Existing(string name, bool folder = false) =>
        Path(name) is var path && (folder ? Directory.Exists(path) : File.Exists(path)) ? path : throw Bad(name, $"must be a {(folder ? "folder" : "file")} that is there, got \"{path}\"");

    /// <summary>Every value as a line <c>path=value</c>, in the table's order, but for some keys: what two equal trainings have in common.</summary>
    public IEnumerable<string> Lines(IReadOnlySet<string> without)
    {
        foreach (var each in key.Keys)
        {
            var path = place.At(each.Name).Path;
            if (without.Contains(path) || !values.TryGetValue(each.Name, out var value)) continue;
            if (value is ConfigSection section)
                foreach (var line in section.Lines(without)) yield return line;
            else yield return $"{path}={Text(value)}";
        }
    }

    private static string Text(object value) => value is object[] list ? string.Join(",", list.Select(Text)) : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
