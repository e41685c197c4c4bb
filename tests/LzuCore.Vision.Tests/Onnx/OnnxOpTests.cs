using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;
using LzuCore.Vision.Onnx;
using Microsoft.ML.OnnxRuntime;

namespace LzuCore.Vision.Tests.Onnx;

/// <summary>Every case of every op as a graph of its own: ONNX Runtime gives what we give, to 1e-4·(1 + |y|), or the export says that it cannot.</summary>
/// <remarks>Inputs that are not finite are left out: what NaN does in a maximum, a sort or a coordinate differs between runtimes, and the standard does not say.</remarks>
public sealed class OnnxOpTests
{
    // Random, of training, or read on the host.
    private static readonly string[] WithoutForm =
    [
        "batch_norm: training", "batch_norm: a mean far", "dropout: rows", "dropout: images", "dropout: whole", "dropout: everything", "loss: smooth l1", "loss: binary", "loss: focal", "separable_sample: bytes", "split: nonzero",
    ];

    private static IEnumerable<OpCase> All => AllOpCases.All
        .Where(c => c.Because is null && !c.BenchmarkOnly && c.Inputs.All(i => i.Shape.Count > 0 && i.DType is DType.Float32 or DType.Int64 or DType.UInt8 or DType.Bool))
        .Where(c => c.Inputs.All(i => !i.DType.IsFloating() || i.ToArray<float>().All(float.IsFinite)))
        // 1e8 - 1e8 + 2 depends on the order of the sum.
        .Where(c => c.ToString() != "reduce: small numbers beside a large one");

    private static IEnumerable<TestCaseData> Cases => Named(All.Where(c => !WithoutForm.Any(c.ToString().StartsWith)));

    private static IEnumerable<TestCaseData> Refusals => Named(All.Where(c => WithoutForm.Any(c.ToString().StartsWith)));

    [TestCaseSource(nameof(Cases))]
    public void Case_GivesTheSameInOnnxRuntime(OpCase c)
    {
        var (graph, inputs) = Capture(c);
        using var off = Grad.Off();
        var expected = c.Apply(c.Inputs);
        foreach (var level in (ReadOnlySpan<GraphOptimizationLevel>)[GraphOptimizationLevel.ORT_ENABLE_ALL, GraphOptimizationLevel.ORT_DISABLE_ALL])
        {
            using var session = new OnnxSession(graph, level);
            Assert.That(AssertClose.Compare(session.Run(inputs)["out"], expected, 1e-4), Is.Null, $"{level}");
        }
    }

    [TestCaseSource(nameof(Refusals))]
    public void Case_WithoutForm_IsRefusedByName(OpCase c) =>
        Assert.That(() => Capture(c), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("cannot be exported").Or.Message.Contains("read on the host"));

    private static (OnnxGraph Graph, (string, Tensor)[] Inputs) Capture(OpCase c)
    {
        var inputs = c.Inputs.Select((x, i) => ($"in{i}", x.Detach())).ToArray();
        return (OnnxExport.Capture(inputs, () => [("out", c.Apply([.. inputs.Select(i => i.Item2)]))]), inputs);
    }

    private static IEnumerable<TestCaseData> Named(IEnumerable<OpCase> cases) => cases.Select(c => new TestCaseData(c).SetArgDisplayNames(c.ToString()));
}
