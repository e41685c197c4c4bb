using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;
using LzuCore.Vision.Onnx;

namespace LzuCore.Vision.Tests.Onnx;

/// <summary>Every case of every op as a graph of its own: ONNX Runtime gives what we give, to 1e-4·(1 + |y|), or the export says that it cannot.</summary>
public sealed class OnnxOpTests
{
    private static IEnumerable<TestCaseData> Cases => AllOpCases.All
        .Where(c => c.Because is null && !c.BenchmarkOnly && c.Inputs.All(i => i.Shape.Count > 0 && i.DType is DType.Float32 or DType.Int64 or DType.UInt8 or DType.Bool))
        .Select(c => new TestCaseData(c).SetArgDisplayNames(c.ToString()));

    [TestCaseSource(nameof(Cases))]
    public void Case_GivesTheSameInOnnxRuntime(OpCase c)
    {
        var inputs = c.Inputs.Select((x, i) => ($"in{i}", x.Detach())).ToArray();
        OnnxGraph graph;
        try
        {
            graph = OnnxExport.Capture(inputs, () => [("out", c.Apply([.. inputs.Select(i => i.Item2)]))]);
        }
        catch (ArgumentValueException refusal)
        {
            Assert.Ignore(refusal.Message);
            return;
        }
        using var session = new OnnxSession(graph);
        using var off = Grad.Off();
        var expected = c.Apply(c.Inputs);
        Assert.That(AssertClose.Compare(session.Run(inputs)["out"], expected, 1e-4), Is.Null);
    }
}
