using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using LzuCore.Memory;

namespace LzuCore.Cli.Manners;

/// <summary>What is wrong with a command line, in one sentence, with the nearest name for a typo.</summary>
internal static class ParseFault
{
    /// <summary>The first fault, or null when the line can be run.</summary>
    public static string? Find(ParseResult parsed, string[] args)
    {
        if (parsed.Action is HelpAction) return null;
        var command = parsed.CommandResult.Command;
        var help = command is RootCommand ? "'lzu --help' lists the verbs" : $"'lzu {Path(parsed.CommandResult)} --help' lists the options";

        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens.FirstOrDefault(t => !t.StartsWith('-')) is { } typed && typed == args.Where(a => !a.StartsWith('-')).Skip(Depth(parsed.CommandResult)).FirstOrDefault())
            return LeftOut(command, typed) ?? $"'{typed}' is not a verb{(command is RootCommand ? "" : $" of {command.Name}")}{Suggest(typed, command.Subcommands.Select(c => c.Name))}; {help}.";

        // An argument that takes many values swallows a mistyped option: look there first.
        var beforeDashes = args.TakeWhile(a => a != "--").ToHashSet();
        var swallowed = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value);
        foreach (var token in parsed.UnmatchedTokens.Concat(swallowed))
            if (token.Length > 1 && token[0] == '-' && beforeDashes.Contains(token) && token != "--")
                return $"'{token.Split('=')[0]}' is not an option of {Owner(command)}{Suggest(token.Split('=')[0], OptionsOf(parsed.CommandResult))}; {help}.";

        if (parsed.UnmatchedTokens.Count > 0) return $"'{parsed.UnmatchedTokens[0]}' is one argument too many for {Owner(command)}; {help}.";
        if (parsed.Errors.Count == 0) return null;
        if (command.Subcommands.Count > 0) return $"no verb was given; {help}.";
        return $"{parsed.Errors[0].Message.TrimEnd('.', ' ')}; {help}.";
    }

    // A verb that the program was published without, if it is one.
    private static string? LeftOut(Command command, string typed) =>
        Parts.Training || command is not RootCommand || !Parts.TrainingVerbs.Contains(typed) ? null : $"'{typed}' is not in this program, which was published for inference only; publish it with -p:InferenceOnly=false.";

    private static string Owner(Command command) => command is RootCommand ? "lzu" : $"'{command.Name}'";

    private static string Suggest(string typed, IEnumerable<string> names) => NearestName.Of(typed, names) is { } name ? $", did you mean '{name}'?" : "";

    private static IEnumerable<string> OptionsOf(CommandResult result)
    {
        for (SymbolResult? at = result; at is not null; at = at.Parent)
            if (at is CommandResult command)
                foreach (var option in command.Command.Options)
                    if (at == result || option.Recursive) yield return option.Name;
    }

    // How many verbs lead to this command.
    private static int Depth(CommandResult result)
    {
        var depth = 0;
        for (var at = result.Parent; at is not null; at = at.Parent) depth++;
        return depth;
    }

    private static string Path(CommandResult result)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = result; at is CommandResult { Command: not RootCommand } command; at = at.Parent) names.Push(command.Command.Name);
        return string.Join(' ', names);
    }
}
