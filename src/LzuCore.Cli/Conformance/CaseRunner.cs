using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Cli.Conformance;

/// <summary>The inputs of a case on a device, as one runner sees them.</summary>
internal sealed class CaseInputs(SuiteCase source, Device device)
{
    private readonly Dictionary<string, Tensor> _read = [];

    /// <summary>Where to compute.</summary>
    public Device Device => device;

    /// <summary>The options.</summary>
    public Attributes Attributes => source.Attributes;

    /// <summary>The outputs that are compared.</summary>
    public IReadOnlyList<string> Outputs => source.Outputs;

    /// <summary>An input by name: float32, a leaf where its gradient is compared.</summary>
    public Tensor this[string name]
    {
        get
        {
            if (_read.TryGetValue(name, out var known)) return known;
            var value = source.Read("in." + name);
            if (value.DType.IsFloating()) value = value.To(DType.Float32);
            value = value.To(device);
            return _read[name] = source.Gradients.Contains(name) ? value.WithGrad() : value;
        }
    }

    /// <summary>An input that a case may lack.</summary>
    public Tensor? Find(string name) => source.Inputs.Contains(name) ? this[name] : null;
}

/// <summary>How one array compared.</summary>
/// <param name="Array">Its name: an output, or <c>grad.</c> and an input.</param>
/// <param name="Error">The largest distance; NaN when something is not a number or the shape is wrong.</param>
/// <param name="Tolerance">The largest allowed.</param>
internal sealed record Comparison(string Array, double Error, double Tolerance)
{
    /// <summary>Whether it is close enough. NaN never is.</summary>
    public bool Passes => Error <= Tolerance;

    /// <summary>Error over tolerance, for finding the worst.</summary>
    public double Severity => double.IsNaN(Error) ? double.PositiveInfinity : Error == 0 ? 0 : Error / Tolerance;
}

/// <summary>What became of a case.</summary>
/// <param name="Suite">The suite.</param>
/// <param name="Case">The case.</param>
/// <param name="Status">passed, failed or skipped.</param>
/// <param name="Worst">The array nearest to or farthest beyond its tolerance.</param>
/// <param name="Reason">Why it was skipped, or what went wrong.</param>
internal sealed record CaseResult(string Suite, string Case, string Status, Comparison? Worst, string? Reason);

/// <summary>Runs a case on a device and compares every output and every gradient.</summary>
internal static class CaseRunner
{
    /// <summary>Runs one case. A fault of the library is a failed case, not a fault of the run.</summary>
    public static CaseResult Run(SuiteCase source, Device device)
    {
        if (!OpTable.Find(source, out var runner, out var reason)) return new CaseResult(source.Suite, source.Name, "skipped", null, reason);
        using var scope = new TensorScope();
        try
        {
            var comparisons = new List<Comparison>();
            var withGradient = source.Outputs.Where(o => source.Has("upstream." + o)).ToList();
            if (withGradient.Count == 0)
            {
                using var off = Grad.Off();
                CompareOutputs(source, runner(new CaseInputs(source, device)), comparisons);
            }
            else CompareGradients(source, device, runner, withGradient, comparisons);
            var worst = comparisons.MaxBy(c => c.Severity);
            var failed = comparisons.FirstOrDefault(c => !c.Passes);
            return new CaseResult(source.Suite, source.Name, failed is null ? "passed" : "failed", worst, failed is null ? null : $"{worst!.Array} is off by {worst.Error:g4}, {worst.Tolerance:g4} allowed");
        }
        catch (LzuException fault)
        {
            return new CaseResult(source.Suite, source.Name, "failed", null, fault.Message);
        }
    }

    // A backward pass frees its graph, so each output with an upstream gradient gets a forward pass of its own; gradients add up.
    private static void CompareGradients(SuiteCase source, Device device, OpRunner runner, List<string> withGradient, List<Comparison> comparisons)
    {
        var sums = new Dictionary<string, double[]>();
        var shapes = new Dictionary<string, Shape>();
        foreach (var output in withGradient)
        {
            var inputs = new CaseInputs(source, device);
            var outputs = runner(inputs);
            if (output == withGradient[0]) CompareOutputs(source, outputs, comparisons);
            var upstream = source.Read("upstream." + output).To(outputs[output].DType).To(device);
            var gradients = Gradients.Of(outputs[output], upstream);
            foreach (var name in source.Gradients)
            {
                if (gradients.Find(inputs[name]) is not { } gradient) continue;
                shapes[name] = gradient.Shape;
                var values = Values(gradient);
                sums[name] = sums.TryGetValue(name, out var sum) ? [.. sum.Zip(values, (a, b) => a + b)] : values;
            }
        }
        foreach (var name in source.Gradients)
        {
            var expected = source.Read("grad." + name);
            comparisons.Add(sums.TryGetValue(name, out var got) && shapes[name] == expected.Shape
                ? Compare("grad." + name, got, Values(expected), null, source.ToleranceOf("grad." + name))
                : new Comparison("grad." + name, double.NaN, source.ToleranceOf("grad." + name).For(0)));
        }
    }

    private static void CompareOutputs(SuiteCase source, IReadOnlyDictionary<string, Tensor> outputs, List<Comparison> comparisons)
    {
        foreach (var name in source.Outputs)
        {
            var tolerance = source.ToleranceOf(name);
            if (!outputs.TryGetValue(name, out var output))
            {
                comparisons.Add(new Comparison(name, double.NaN, tolerance.For(0)));
                continue;
            }
            var got = Values(output);
            var mask = source.Has("mask." + name) ? Values(source.Read("mask." + name)) : null;
            if (source.Has($"sample.{name}.index"))
            {
                var index = source.Read($"sample.{name}.index").To(DType.Int64).ToArray<long>();
                var shape = new Shape([.. source.Read($"sample.{name}.shape").To(DType.Int64).ToArray<long>().Select(d => (int)d)]);
                comparisons.Add(output.Shape == shape
                    ? Compare(name, [.. index.Select(i => got[i])], Values(source.Read($"sample.{name}.value")), null, tolerance)
                    : new Comparison(name, double.NaN, tolerance.For(0)));
                continue;
            }
            var expected = source.Read("out." + name);
            comparisons.Add(output.Shape == expected.Shape
                ? Compare(name, got, Values(expected), mask is null ? null : Spread(mask, got.Length), tolerance)
                : new Comparison(name, double.NaN, tolerance.For(0)));
        }
    }

    private static Comparison Compare(string name, double[] got, double[] expected, double[]? mask, Tolerance tolerance)
    {
        double error = 0, largest = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            if (mask is not null && mask[i] == 0) continue;
            var distance = Math.Abs(got[i] - expected[i]);
            if (double.IsNaN(distance)) error = double.NaN;
            else if (distance > error) error = distance;
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }
        return new Comparison(name, error, tolerance.For(largest));
    }

    // A mask over points covers both coordinates of each.
    private static double[] Spread(double[] mask, int count)
    {
        if (mask.Length == count || mask.Length == 0 || count % mask.Length != 0) return mask;
        var repeat = count / mask.Length;
        return [.. Enumerable.Range(0, count).Select(i => mask[i / repeat])];
    }

    private static double[] Values(Tensor tensor) => tensor.To(Device.Cpu).To(DType.Float64).ToArray<double>();
}
