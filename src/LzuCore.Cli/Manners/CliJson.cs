using System.Text.Json.Serialization;
using LzuCore.Cli.Commands;

namespace LzuCore.Cli.Manners;

/// <summary>Every document that <c>--json</c> writes, compiled to plain code: no reflection, so trimming and ahead-of-time compilation are safe. A new verb adds one line.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(FiniteOrNull)], WriteIndented = true)]
[JsonSerializable(typeof(BenchDocument))]
[JsonSerializable(typeof(ConformanceDocument))]
[JsonSerializable(typeof(ConvertDocument))]
[JsonSerializable(typeof(DataDocument))]
[JsonSerializable(typeof(DemoDocument))]
[JsonSerializable(typeof(DatasetDocument))]
[JsonSerializable(typeof(DetectDocument))]
[JsonSerializable(typeof(Detect3dDocument))]
[JsonSerializable(typeof(DoctorDocument))]
[JsonSerializable(typeof(EvalDocument))]
[JsonSerializable(typeof(ExportDocument))]
#if !CPU_ONLY
[JsonSerializable(typeof(KernelDocument))]
#endif
[JsonSerializable(typeof(InspectDocument))]
[JsonSerializable(typeof(SaliencyDocument))]
[JsonSerializable(typeof(ScoreCityscapesDocument))]
[JsonSerializable(typeof(ScoreCocoDocument))]
[JsonSerializable(typeof(ScoreNuScenesDocument))]
[JsonSerializable(typeof(SegmentDocument))]
[JsonSerializable(typeof(TrainDocument))]
[JsonSerializable(typeof(ZoomDocument))]
internal sealed partial class CliJson : JsonSerializerContext;
