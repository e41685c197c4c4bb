using Google.Protobuf;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Tensors;

namespace LzuCore.Vision.Onnx;

// The wire format of onnx.proto, field numbers by hand: a model is some twenty fields, and generated classes would hold every weight a second time.
internal static class OnnxWriter
{
    // The versions that opset 16 came with (ONNX 1.11).
    private const int IrVersion = 8, Opset = 16;

    public static void Write(OnnxGraph graph, Stream stream)
    {
        byte[] small = Message(o =>
        {
            foreach (var node in graph.Nodes) o.Write(1, Node(node));
            o.Write(2, graph.Description.Name);
            o.Write(10, graph.Description.Text);
            foreach (var (name, dtype, shape) in graph.Inputs) o.Write(11, ValueInfo(name, dtype, shape));
            foreach (var (name, dtype, shape) in graph.Outputs) o.Write(12, ValueInfo(name, dtype, shape));
            foreach (var (name, dtype, shape) in graph.Between) o.Write(13, ValueInfo(name, dtype, shape));
        });
        var tensors = graph.Initializers.ConvertAll(i => (Head: TensorHead(i.Name, i.Value), i.Value));
        var size = small.Length + tensors.Sum(t => Sized(5, t.Head.Length + Bytes(t.Value)));
        if (size > int.MaxValue - (1 << 20))
            throw new LzuException($"export onnx: the graph holds {size} bytes, and a protobuf file at most 2 GiB. Export a smaller model or image.");

        using var output = new CodedOutputStream(stream, leaveOpen: true);
        output.Write(1, IrVersion);
        output.Write(2, "LzuCore");
        output.Write(3, typeof(OnnxWriter).Assembly.GetName().Version?.ToString(3) ?? "");
        output.Write(6, graph.Description.Text);
        output.Write(8, Message(o => o.Write(2, Opset)));
        foreach (var (key, value) in graph.Description.Metadata)
            output.Write(14, Message(o =>
            {
                o.Write(1, key);
                o.Write(2, value);
            }));
        output.WriteTag(7, WireFormat.WireType.LengthDelimited);
        output.WriteLength((int)size);
        output.Flush();
        stream.Write(small);
        foreach (var (head, value) in tensors)
        {
            output.WriteTag(5, WireFormat.WireType.LengthDelimited);
            output.WriteLength(checked((int)(head.Length + Bytes(value))));
            output.Flush();
            stream.Write(head);
            TensorWriter.Write(value, stream);
        }
    }

    public static int TypeOf(DType dtype) => dtype switch
    {
        DType.Float32 => 1,
        DType.UInt8 => 2,
        DType.Int32 => 6,
        DType.Int64 => 7,
        DType.Bool => 9,
        DType.Float16 => 10,
        DType.Float64 => 11,
        DType.BFloat16 => 16,
        _ => throw new DTypeException($"export onnx: {dtype.Name()} has no place in the graph. Convert with .To(DType.Float32)."),
    };

    private static byte[] Node(OnnxNode node) => Message(o =>
    {
        foreach (var input in node.Inputs) o.Write(1, input);
        foreach (var output in node.Outputs) o.Write(2, output);
        o.Write(3, node.Outputs[^1]);   // a node is called as what it makes
        o.Write(4, node.Type);
        foreach (var attribute in node.Attributes) o.Write(5, Attribute(attribute));
    });

    private static byte[] Attribute(OnnxAttribute attribute) => Message(o =>
    {
        o.Write(1, attribute.Name);
        if (attribute.Number is { } number)
        {
            o.WriteTag(2, WireFormat.WireType.Fixed32);
            o.WriteFloat(number);
            o.Write(20, 1);
        }
        else if (attribute.Whole is { } whole)
        {
            o.Write(3, whole);
            o.Write(20, 2);
        }
        else if (attribute.Text is { } text)
        {
            o.Write(4, text);
            o.Write(20, 3);
        }
        else
        {
            foreach (var value in attribute.Wholes!) o.Write(8, value);
            o.Write(20, 7);
        }
    });

    private static byte[] ValueInfo(string name, DType dtype, Shape shape) => Message(o =>
    {
        o.Write(1, name);
        o.Write(2, Message(type => type.Write(1, Message(tensor =>
        {
            tensor.Write(1, TypeOf(dtype));
            tensor.Write(2, Message(dims =>
            {
                foreach (var size in shape) dims.Write(1, Message(d => d.Write(1, size)));
            }));
        }))));
    });

    // Everything of a tensor but its bytes, their length included.
    private static byte[] TensorHead(string name, Tensor value) => Message(o =>
    {
        foreach (var size in value.Shape) o.Write(1, size);
        o.Write(2, TypeOf(value.DType));
        o.Write(8, name);
        o.WriteTag(9, WireFormat.WireType.LengthDelimited);
        if (Bytes(value) > int.MaxValue) throw new LzuException($"export onnx: {name} {value.Shape} holds {Bytes(value)} bytes, and a protobuf file at most 2 GiB. Export a smaller model or image.");
        o.WriteLength((int)Bytes(value));
    });

    private static long Bytes(Tensor value) => value.Shape.Count * value.DType.Size();

    private static long Sized(int field, long length) => CodedOutputStream.ComputeTagSize(field) + CodedOutputStream.ComputeUInt64Size((ulong)length) + length;

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true)) write(output);
        return bytes.ToArray();
    }

    private static void Write(this CodedOutputStream output, int field, long value)
    {
        output.WriteTag(field, WireFormat.WireType.Varint);
        output.WriteInt64(value);
    }

    private static void Write(this CodedOutputStream output, int field, string value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(value);
    }

    private static void Write(this CodedOutputStream output, int field, byte[] message)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(UnsafeByteOperations.UnsafeWrap(message));
    }
}
