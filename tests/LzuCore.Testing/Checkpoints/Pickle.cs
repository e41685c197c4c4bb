using System.Buffers.Binary;
using System.Text;

namespace LzuCore.Testing.Checkpoints;

/// <summary>A Python dictionary: <c>dict</c>, or <c>collections.OrderedDict</c> with the <c>_metadata</c> that torch puts on a state dict.</summary>
public sealed record PyDict(bool Ordered, params (object? Key, object? Value)[] Items);

/// <summary>A Python list or tuple.</summary>
public sealed record PyList(bool Tuple, params object?[] Items);

/// <summary>An object of a class that nothing here has: made from arguments, given items and a state.</summary>
public sealed record PyObject(string Module, string Class, object?[] Arguments, PyDict? Items = null, PyDict? State = null);

/// <summary>A view of a storage: <c>torch._utils._rebuild_tensor_v2</c>.</summary>
public sealed record PyTensor(TorchStorageSpec Storage, int[] Shape, int[] Strides);

/// <summary>Writes protocol 2 as torch.save does: enough of it for checkpoints, written from the format's description.</summary>
public sealed class Pickle
{
    private readonly MemoryStream _bytes = new();

    /// <summary>The bytes of one object.</summary>
    public static byte[] Of(object? value)
    {
        var pickle = new Pickle();
        pickle.Put(0x80, 2);
        pickle.Write(value);
        pickle.Put('.');
        return pickle._bytes.ToArray();
    }

    private void Write(object? value)
    {
        switch (value)
        {
            case null: Put('N'); break;
            case bool flag: Put(flag ? 0x88 : 0x89); break;
            case int number: Int(number); break;
            case double number: Double(number); break;
            case string text: Text(text); break;
            case PyDict dict: Dict(dict); break;
            case PyList { Tuple: true } list:
                Put('(');
                foreach (var item in list.Items) Write(item);
                Put('t');
                break;
            case PyList list:
                Put(']', '(');
                foreach (var item in list.Items) Write(item);
                Put('e');
                break;
            case PyObject made: Object(made); break;
            case PyTensor tensor: Tensor(tensor); break;
            default: throw new ArgumentException($"no rule for {value.GetType()}");
        }
    }

    private void Dict(PyDict dict)
    {
        if (dict.Ordered) Empty("collections", "OrderedDict");
        else Put('}');
        Items(dict);
        if (!dict.Ordered) return;
        // The state of a state dict: the version of every module.
        Put('}');
        Text("_metadata");
        Empty("collections", "OrderedDict");
        Put('s', 'b');
    }

    private void Items(PyDict dict)
    {
        Put('(');
        foreach (var (key, item) in dict.Items)
        {
            Write(key);
            Write(item);
        }
        Put('u');
    }

    private void Object(PyObject made)
    {
        Global(made.Module, made.Class);
        Write(new PyList(true, made.Arguments));
        Put(made.Items is null ? 'R' : 0x81);
        if (made.Items is not null) Items(made.Items);
        if (made.State is null) return;
        Write(made.State);
        Put('b');
    }

    private void Tensor(PyTensor tensor)
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Put('(', '(');
        Text("storage");
        Global("torch", tensor.Storage.Class);
        Text(tensor.Storage.Key);
        Text("cuda:0");
        Int(tensor.Storage.Count);
        Put('t', 'Q');
        Int(0);
        Write(new PyList(true, [.. tensor.Shape.Cast<object>()]));
        Write(new PyList(true, [.. tensor.Strides.Cast<object>()]));
        Put(0x89);
        Empty("collections", "OrderedDict");
        Put('t', 'R');
    }

    private void Empty(string module, string name)
    {
        Global(module, name);
        Put(')', 'R');
    }

    private void Global(string module, string name) => _bytes.Write(Encoding.ASCII.GetBytes($"c{module}\n{name}\n"));

    private void Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        Put('X');
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        _bytes.Write(length);
        _bytes.Write(utf8);
    }

    private void Int(int number)
    {
        Put('J');
        Span<byte> value = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(value, number);
        _bytes.Write(value);
    }

    private void Double(double number)
    {
        Put('G');
        Span<byte> value = stackalloc byte[8];
        BinaryPrimitives.WriteDoubleBigEndian(value, number);
        _bytes.Write(value);
    }

    private void Put(params ReadOnlySpan<int> bytes)
    {
        foreach (var b in bytes) _bytes.WriteByte((byte)b);
    }
}
