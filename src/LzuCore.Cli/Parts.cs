using System.Diagnostics.CodeAnalysis;

namespace LzuCore.Cli;

/// <summary>What this program was published with. A part left out is known when the program is compiled ahead of time, and nothing that only it needs is compiled.</summary>
internal static class Parts
{
    /// <summary>Whether there is what trains and scores networks and makes their data; without, as a native program is unless published with <c>-p:InferenceOnly=false</c>, it is three tenths smaller.</summary>
    [FeatureSwitchDefinition("LzuCore.Cli.Training")]
    public static bool Training => !AppContext.TryGetSwitch("LzuCore.Cli.Training", out var on) || on;

    /// <summary>The verbs that go with <see cref="Training"/>.</summary>
    public static string[] TrainingVerbs => ["data", "demo", "eval", "reproduce", "scenes", "score", "train"];
}
