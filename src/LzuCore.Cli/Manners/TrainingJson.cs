using System.Text.Json.Serialization;
using LzuCore.Cli.Commands;

namespace LzuCore.Cli.Manners;

/// <summary>The documents of verbs that go with <see cref="Parts.Training"/>: a context is compiled as a whole, so theirs is a second one.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(FiniteOrNull)], WriteIndented = true)]
[JsonSerializable(typeof(DataDocument))]
[JsonSerializable(typeof(DemoDocument))]
[JsonSerializable(typeof(EvalDocument))]
[JsonSerializable(typeof(ReproduceDocument))]
[JsonSerializable(typeof(ScenesDocument))]
[JsonSerializable(typeof(ScoreCityscapesDocument))]
[JsonSerializable(typeof(ScoreCocoDocument))]
[JsonSerializable(typeof(ScoreNuScenesDocument))]
[JsonSerializable(typeof(TrainDocument))]
internal sealed partial class TrainingJson : JsonSerializerContext;
