using System.Text.Json.Serialization;
using LzuCore.Cli.Commands;

namespace LzuCore.Cli.Manners;

/// <summary>Every document that <c>--json</c> writes, compiled to plain code: no reflection, so trimming and ahead-of-time compilation are safe. A new verb adds one line, here or, if it goes with <see cref="Parts.Training"/>, to <see cref="TrainingJson"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(FiniteOrNull)], WriteIndented = true)]
[JsonSerializable(typeof(BenchDocument))]
[JsonSerializable(typeof(ConformanceDocument))]
[JsonSerializable(typeof(ConvertDocument))]
[JsonSerializable(typeof(DatasetDocument))]
[JsonSerializable(typeof(DetectDocument))]
[JsonSerializable(typeof(Detect3dDocument))]
[JsonSerializable(typeof(DoctorDocument))]
[JsonSerializable(typeof(ExportDocument))]
#if !CPU_ONLY
[JsonSerializable(typeof(KernelDocument))]
#endif
[JsonSerializable(typeof(InspectDocument))]
[JsonSerializable(typeof(SaliencyDocument))]
[JsonSerializable(typeof(SegmentDocument))]
[JsonSerializable(typeof(ZoomDocument))]
internal sealed partial class CliJson : JsonSerializerContext;
