using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;

namespace LzuCore.Tests.Tensors.Autograd;

public sealed class GraphCaptureTests
{
    [Test]
    public void Graph_IsWhatWasComputedFromTheInputs()
    {
        Tensor x = Tensor.Ones([2, 3]), w = Tensor.Ones([3]);
        using var capture = GraphCapture.Begin(x);
        GraphCapture.Call(w, "weight");
        var y = (x * w).Narrow(1, 1, 2).Detach().Permute(1, 0).Sigmoid();
        Assert.That(capture.Nodes.Select(n => n.Op), Is.EqualTo(new[] { "mul", "narrow", "permute", "sigmoid" }));
        Assert.That(capture.Nodes[0].Inputs[0], Is.SameAs(capture.ValueOf(x)));
        Assert.That(capture.Nodes[0].Inputs[1].Constant, Is.SameAs(w));
        Assert.That(capture.Nodes[0].Inputs[1].Name, Is.EqualTo("weight"));
        Assert.That(capture.Nodes[1].Attributes.Whole("dim"), Is.EqualTo(1));
        Assert.That(capture.Nodes[1].Attributes.Whole("start"), Is.EqualTo(1));
        Assert.That(capture.Nodes[2].Attributes.Wholes("dims"), Is.EqualTo(new[] { 1, 0 }));
        Assert.That(capture.Nodes[3].Output, Is.SameAs(capture.ValueOf(y)));
        Assert.That(capture.Nodes[3].Output.Shape, Is.EqualTo(new Shape(2, 2)));
    }

    [Test]
    public void Constants_OutliveTheScopesThatMadeThem()
    {
        var x = Tensor.Ones([2]);
        using var capture = GraphCapture.Begin(x);
        using (new TensorScope()) _ = x + Tensor.Full([2], 5);
        Assert.That(capture.Nodes[0].Inputs[1].Constant!.ToArray<float>(), Is.EqualTo(new[] { 5f, 5f }));
    }

    [Test]
    public void ReadingAComputedValue_IsRefused_AndAConstantIsNot()
    {
        var x = Tensor.Ones([1]);
        using (GraphCapture.Begin(x))
        {
            Assert.That(() => (x + 1).Item(), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("read on the host"));
            Assert.That(() => x.Exp().ToArray<float>(), Throws.TypeOf<ArgumentValueException>());
            Assert.That(Tensor.Ones([1]).Exp().Item(), Is.EqualTo(Math.E).Within(1e-6));
        }
        Assert.That((x + 1).Item(), Is.EqualTo(2));
    }

    [Test]
    public void Captures_Nest_AndEnd()
    {
        var x = Tensor.Ones([1]);
        Assert.That(GraphCapture.IsOpen, Is.False);
        using (var outer = GraphCapture.Begin(x))
        {
            using (var inner = GraphCapture.Begin(x))
            {
                _ = x.Exp();
                Assert.That(inner.Nodes, Has.Count.EqualTo(1));
            }
            _ = x.Sqrt();
            Assert.That(outer.Nodes.Select(n => n.Op), Is.EqualTo(new[] { "sqrt" }));
        }
        _ = x.Exp();
        Assert.That(GraphCapture.IsOpen, Is.False);
    }

    private static IEnumerable<TestCaseData> Cases => AllOpCases.All
        .Where(c => c.Because is null && !c.BenchmarkOnly && c.Inputs.All(i => i.Shape.Count > 0)).Select(c => new TestCaseData(c).SetArgDisplayNames(c.ToString()));

    // Every op, so that a new one with a hidden view or a host read shows itself. Nonzero and training norms read on the host.
    [TestCaseSource(nameof(Cases))]
    public void EveryOp_ReachesItsInputs(OpCase c)
    {
        using var off = Grad.Off();
        Tensor[] inputs = [.. c.Inputs.Select(i => i.Detach())];
        using var capture = GraphCapture.Begin(inputs);
        Tensor output;
        try
        {
            output = c.Apply(inputs);
        }
        catch (ArgumentValueException reading) when (c.ToString().StartsWith("split: nonzero"))
        {
            Assert.That(reading.Message, Does.Contain("read on the host"));
            return;
        }
        Assert.That(capture.ValueOf(output).Constant, Is.Null);
        foreach (var node in capture.Nodes) Assert.That(() => node.Attributes.Count(), Throws.Nothing);
    }
}
