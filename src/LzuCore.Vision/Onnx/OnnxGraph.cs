using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Tensors;

namespace LzuCore.Vision.Onnx;

/// <summary>What a file says about itself; readers show it.</summary>
public sealed record OnnxDescription
{
    /// <summary>Name of the graph.</summary>
    public string Name { get; init; } = "model";

    /// <summary>What goes in and what comes out, for people.</summary>
    public string Text { get; init; } = "";

    /// <summary>Facts by name for programs, such as class names and normalisation, in the order of the file.</summary>
    public IReadOnlyList<(string Key, string Value)> Metadata { get; init; } = [];
}

/// <summary>An ONNX graph of opset 16 without custom ops, ready to be written. Shapes are fixed; everything is [N, C, H, W].</summary>
public sealed class OnnxGraph
{
    internal OnnxGraph(OnnxDescription description) => Description = description;

    /// <summary>What the file says about itself.</summary>
    public OnnxDescription Description { get; }

    /// <summary>How many nodes there are.</summary>
    public int NodeCount => Nodes.Count;

    /// <summary>How many of each kind of node there are.</summary>
    public IReadOnlyDictionary<string, int> NodeTypes => Nodes.CountBy(n => n.Type).OrderBy(p => p.Key, StringComparer.Ordinal).ToDictionary();

    internal List<OnnxNode> Nodes { get; } = [];

    internal List<(string Name, Tensor Value)> Initializers { get; } = [];

    internal List<(string Name, DType DType, Shape Shape)> Inputs { get; } = [];

    internal List<(string Name, DType DType, Shape Shape)> Outputs { get; } = [];

    // Shapes of values between nodes: not needed to run, but viewers show them and runtimes check them.
    internal List<(string Name, DType DType, Shape Shape)> Between { get; } = [];

    /// <summary>Writes the file, whole or not at all. Weights go straight from their tensors to the file.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="LzuException">The graph is larger than the 2 GiB of a protobuf file, or the place cannot be written.</exception>
    public long Write(string path)
    {
        long bytes = 0;
        AtomicFile.Write(path, stream =>
        {
            OnnxWriter.Write(this, stream);
            bytes = stream.Position;
        });
        return bytes;
    }

    /// <summary>Appends the model to a stream.</summary>
    /// <exception cref="LzuException">The graph is larger than the 2 GiB of a protobuf file.</exception>
    public void Write(Stream stream) => OnnxWriter.Write(this, stream);
}
