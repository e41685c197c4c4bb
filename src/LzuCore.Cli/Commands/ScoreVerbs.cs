using System.CommandLine;
using LzuCore.Cli.Manners;

namespace LzuCore.Cli.Commands;

/// <summary><c>lzu score</c>: the official metrics of three data sets, each a verb of its own.</summary>
internal static class ScoreVerbs
{
    /// <summary>The command with its verbs.</summary>
    public static Command Build(Interruption interruption)
    {
        var command = new Command("score", "the official metrics of result files: coco, nuscenes, cityscapes");
        command.Add(new ScoreCocoVerb().Build(interruption));
        command.Add(new ScoreNuScenesVerb().Build(interruption));
        command.Add(new ScoreCityscapesVerb().Build(interruption));
        return command;
    }
}
