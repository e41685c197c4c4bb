using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Onnx;

namespace LzuCore.Vision.Tests.Onnx;

/// <summary>What is around the nodes: names, metadata, files, and what is refused.</summary>
public sealed class OnnxExportTests
{
    private static readonly Tensor Image = Tensor.Uniform([1, 2, 6, 8], RandomSource.FromSeed(3), -1, 1);

    private sealed class Small : Layer
    {
        private readonly Conv2d _conv;
        private readonly BatchNorm2d _norm;
        private readonly Linear _head;

        public Small() => (_conv, _norm, _head) = (Child("conv1", new Conv2d(2, 4, kernel: 3, bias: false)), Child("bn1", new BatchNorm2d(4)), Child("fc", new Linear(4, 5)));

        public override Tensor Forward(Tensor x) => _head.Call(ConvNormAct.Apply(x, _conv, _norm, Activation.Relu).Mean(2, 3));
    }

    [Test]
    public void Weights_AreCalledByTheirKeys()
    {
        var model = new Small();
        model.Eval();
        var graph = OnnxExport.Capture([("image", Image)], () => [("scores", model.Call(Image))], model);
        Assert.That(graph.Initializers.Select(i => i.Name), Is.SupersetOf(new[] { "conv1.weight", "conv1.bias", "fc.weight", "fc.bias" }));
        Assert.That(graph.NodeTypes.Keys, Is.EquivalentTo(new[] { "Conv", "Relu", "ReduceMean", "Reshape", "Gemm" }));
        using var session = new OnnxSession(graph);
        Assert.That(session.Outputs, Is.EqualTo(new[] { "scores" }));
    }

    [Test]
    public void Description_IsInTheFile()
    {
        var description = new OnnxDescription { Name = "tiny", Text = "What it is: ein Prüfstück", Metadata = [("classes", "a,b"), ("scale", "255")] };
        using var session = new OnnxSession(OnnxExport.Capture([("x", Image)], () => [("y", Image.Relu())], description: description));
        Assert.That(session.Metadata.GraphName, Is.EqualTo("tiny"));
        Assert.That(session.Metadata.Description, Is.EqualTo(description.Text));
        Assert.That(session.Metadata.ProducerName, Is.EqualTo("LzuCore"));
        Assert.That(session.Metadata.CustomMetadataMap, Is.EquivalentTo(new Dictionary<string, string> { ["classes"] = "a,b", ["scale"] = "255" }));
    }

    [Test]
    public void OneValueUnderTwoNames_AndAnInputAsOutput_AreBothThere()
    {
        var graph = OnnxExport.Capture([("x", Image)], () =>
        {
            var y = Image.Relu();
            return [("a", y), ("b", y), ("same", Image), ("next", y * 2)];
        });
        using var session = new OnnxSession(graph);
        var found = session.Run([("x", Image)]);
        Assert.That(found["b"].ToArray<float>(), Is.EqualTo(found["a"].ToArray<float>()));
        Assert.That(found["same"].ToArray<float>(), Is.EqualTo(Image.ToArray<float>()));
        Assert.That(found["next"].ToArray<float>(), Is.EqualTo(found["a"].ToArray<float>().Select(v => 2 * v)));
    }

    [Test]
    public void WhatTheInputsDoNotReach_IsAConstant()
    {
        var table = Tensor.Ones([8]);
        var graph = OnnxExport.Capture([("x", Image)], () => [("y", Image * (table + 1).Exp().Reshape(1, 1, 1, 8))]);
        Assert.That(graph.NodeTypes, Is.EqualTo(new Dictionary<string, int> { ["Mul"] = 1 }));
    }

    [Test]
    public void File_IsTheStream_AndIsWrittenWhole()
    {
        var folder = Directory.CreateTempSubdirectory("lzu onnx ").FullName;
        try
        {
            var graph = OnnxExport.Capture([("x", Image)], () => [("y", Image.Sigmoid())]);
            var path = Path.Combine(folder, "größe.onnx");
            using var bytes = new MemoryStream();
            graph.Write(bytes);
            Assert.That(graph.Write(path), Is.EqualTo(bytes.Length));
            Assert.That(File.ReadAllBytes(path), Is.EqualTo(bytes.ToArray()));
            Assert.That(Directory.GetFiles(folder), Has.Length.EqualTo(1));
            Assert.That(() => graph.Write(folder), Throws.InstanceOf<LzuException>().With.Message.Contains("is a directory"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void MoreThanTwoGigabytes_IsRefusedBeforeWriting()
    {
        var graph = OnnxExport.Capture([("x", Image)], () => [("y", Image.Relu())]);
        for (var i = 0; i < 3; i++) graph.Initializers.Add(($"large{i}", Tensor.Ones([1]).Expand(1 << 14, 1 << 14)));
        using var bytes = new MemoryStream();
        Assert.That(() => graph.Write(bytes), Throws.InstanceOf<LzuException>().With.Message.Contains("at most 2 GiB"));
        Assert.That(bytes.Length, Is.Zero);
    }

    [Test]
    public void WhatCannotBeAGraph_IsSaid()
    {
        Assert.That(() => OnnxExport.Capture([("x", Image)], () => []), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("graph is empty"));
        Assert.That(() => OnnxExport.Capture([("x", Image)], () => [("y", Tensor.Ones([3]))]), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("'y' does not depend on the inputs"));
        Assert.That(() => OnnxExport.Capture([("x", Image)], () => [("x", Image.Relu())]), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("are called 'x'"));
        Assert.That(() => OnnxExport.Capture([("x", Image)], () => [("y", F.Dropout(Image, 0.5, training: true, RandomSource.FromSeed(1)))]),
            Throws.TypeOf<ArgumentValueException>().With.Message.Contains("'dropout' cannot be exported"));
    }
}
