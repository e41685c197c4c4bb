using System.Globalization;
using LzuCore.Cli.Manners;
using LzuCore.Vision.Tasks;

namespace LzuCore.Cli.Commands;

/// <summary>What a verb writes when it ran over a whole data set: the results file that others score, and what it took.</summary>
internal sealed record DatasetDocument(string Schema, string Model, string Warp, string Results, int Images, int Found, IReadOnlyDictionary<string, double> Metrics, StageMs Ms, double WallSeconds, double CpuSeconds)
{
    /// <summary>Prints it.</summary>
    /// <param name="session">Where.</param>
    /// <param name="schema">The verb's.</param>
    /// <param name="model">The network.</param>
    /// <param name="warp">none, fixed or adaptive.</param>
    /// <param name="results">The file or folder written.</param>
    /// <param name="found">Boxes or label maps in it.</param>
    /// <param name="metrics">The score against the data set's truth; empty where there is none.</param>
    /// <param name="cost">What it took.</param>
    public static int Show(Session session, string schema, string model, string warp, string results, int found, IReadOnlyDictionary<string, double> metrics, EvaluationCost cost)
    {
        session.Print(string.Create(CultureInfo.InvariantCulture, $"{results}: {found} from {cost.Images} pictures in {cost.WallSeconds:0.0} s ({cost.CpuSeconds:0.0} s of CPU time)"));
        foreach (var (name, value) in metrics) session.Print($"{name,-6} {ScoreCocoVerb.Shown(value)}");
        var ms = StageMs.Of(0, cost.Milliseconds);
        session.Print($"a picture, {ms}");
        session.Document(new DatasetDocument(schema, model, warp, results, cost.Images, found, metrics, ms, cost.WallSeconds, cost.CpuSeconds), CliJson.Default.DatasetDocument);
        return ExitCode.Done;
    }
}
