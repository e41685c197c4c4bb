using System.Text.Json.Serialization;

namespace LzuCore.Cli.Bench;

/// <summary>One measured line. Times are of one call; the rates use CPU time on one thread and wall time on several.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Threads">Threads used.</param>
/// <param name="Device">Where.</param>
/// <param name="MedianMs">Median wall time.</param>
/// <param name="MinMs">Least wall time.</param>
/// <param name="CpuMs">Median CPU time: of the calling thread on one thread, of the process on several.</param>
/// <param name="GFlops">10⁹ floating-point operations a second.</param>
/// <param name="GBs">10⁹ bytes a second, counting every operand once.</param>
/// <param name="PercentOfPeak">Of the multiply-add peak of as many threads, sampled before and after each run: the median of the runs' shares.</param>
/// <param name="Error">Largest difference from the definition, relative to the largest value, in a sample of outputs.</param>
internal sealed record BenchRow(string Name, int Threads, string Device, double MedianMs, double MinMs, double CpuMs, [property: JsonPropertyName("gflops")] double GFlops, [property: JsonPropertyName("gb_s")] double GBs, double PercentOfPeak, double Error);
