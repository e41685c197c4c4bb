using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using LzuCore.Memory;

namespace LzuCore.Cli.Manners;

/// <summary>Options with their range in the message: parsed the same way everywhere, independent of the machine's culture.</summary>
internal static class Opt
{
    /// <summary>An option that is given or not.</summary>
    public static Option<bool> Flag(string name, string description) => new(name) { Description = description, Arity = ArgumentArity.Zero };

    /// <summary>Any text.</summary>
    public static Option<string?> Text(string name, string valueName, string description, bool required = false) =>
        new(name) { Description = description, HelpName = valueName, Required = required };

    /// <summary>One of some words.</summary>
    public static Option<string> Choice(string name, string description, params string[] words) => new(name)
    {
        Description = $"{description}: {string.Join(", ", words)} (default {words[0]})",
        HelpName = string.Join('|', words),
        DefaultValueFactory = _ => words[0],
        CustomParser = result => words.Contains(result.Tokens[0].Value) ? result.Tokens[0].Value : Fail<string>(result, $"{name} must be {string.Join(" or ", words)}"),
    };

    /// <summary>A whole number within bounds; null when not given.</summary>
    public static Option<long?> Whole(string name, string description, long least, long most, long? fallback = null) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => fallback,
        CustomParser = result => long.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : Fail<long?>(result, $"{name} must be a whole number from {least} to {most}"),
    };

    /// <summary>A finite number within bounds; null when not given.</summary>
    public static Option<double?> Number(string name, string description, double least, double most, double? fallback = null) => new(name)
    {
        Description = description,
        HelpName = "X",
        DefaultValueFactory = _ => fallback,
        CustomParser = result => double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : Fail<double?>(result, string.Create(CultureInfo.InvariantCulture, $"{name} must be a number from {least} to {most}")),
    };

    /// <summary>Height x width, such as <c>600x960</c>; null when not given.</summary>
    public static Option<Size2?> Size(string name, string description, int least, int most, Size2? fallback = null) => new(name)
    {
        Description = description,
        HelpName = "HxW",
        DefaultValueFactory = _ => fallback,
        CustomParser = result => TryParseSize(result.Tokens[0].Value, out var size) && Math.Min(size.Height, size.Width) >= least && Math.Max(size.Height, size.Width) <= most
            ? size
            : Fail<Size2?>(result, $"{name} must be HEIGHTxWIDTH with sides from {least} to {most}, such as 600x960"),
    };

    /// <summary>Reads <c>600x960</c>.</summary>
    public static bool TryParseSize(string text, out Size2 size)
    {
        var parts = text.Split('x', 'X', '×');
        size = default;
        if (parts.Length != 2
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var height)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var width)) return false;
        size = new Size2(height, width);
        return true;
    }

    private static T? Fail<T>(ArgumentResult result, string must)
    {
        result.AddError($"{must}, got '{result.Tokens[0].Value}'");
        return default;
    }
}
