using LzuCore.Memory;

namespace LzuCore.Nn.Serialization;

// A flat buffer of a torch file. Where its bytes are may become known only after the pickle that mentions it was read (legacy files).
internal sealed class TorchStorage(FileDType type, string key, long count)
{
    public FileDType Type => type;

    public string Key => key;

    public long Count => count;

    public ByteSource? Bytes { get; set; }

    public long Start { get; set; }

    public bool BigEndian { get; set; }
}

// A view on a storage, as torch._utils._rebuild_tensor_v2 is told of it; sizes and strides are already checked.
internal sealed record TorchTensor(TorchStorage Storage, FileDType Type, Layout Layout);

// The dozen names that a torch file may call, and what they make here. Everything else is opaque; what no checkpoint has a reason to call is refused by name.
internal sealed class TorchWorld(Func<object?, PickleInput, object?> persistent, PickleBudget budget, int depth) : IPickleWorld
{
    private const int DeepestNesting = 4;

    private static readonly HashSet<string> Hostile =
    [
        "os", "posix", "nt", "sys", "subprocess", "pty", "runpy", "importlib", "importlib._bootstrap", "socket", "shutil", "ctypes", "code", "codeop", "pdb", "bdb", "timeit", "webbrowser",
        "asyncio.unix_events", "http.client", "urllib.request", "pickle", "_pickle", "marshal", "pip", "pydoc", "profile", "cProfile", "trace", "commands", "torch.hub", "pkgutil",
    ];

    private static readonly HashSet<string> HostileBuiltins = ["eval", "exec", "execfile", "compile", "open", "getattr", "setattr", "delattr", "__import__", "apply", "globals", "locals", "vars", "input", "breakpoint", "map", "filter"];

    public object? Persistent(object? id, PickleInput at) => persistent(id, at);

    public object? Call(PickleGlobal function, object?[] a, PickleInput at)
    {
        switch (function.Module, function.Name)
        {
            case ("collections", "OrderedDict" or "defaultdict" or "Counter") or ("builtins" or "__builtin__", "dict"):
                return NewDict(a);
            case ("builtins" or "__builtin__", "set" or "frozenset" or "list"):
                return NewList(a);
            case ("torch", "Size"):
                return a is [PickleTuple or PickleList] ? a[0] : new PickleTuple([]);
            case ("_codecs", "encode"):
                return Encode(a, at);
            case ("torch._utils", "_rebuild_tensor" or "_rebuild_tensor_v2"):
                return a.Length >= 4 ? Tensor(a, null, at) : throw Arguments(function, at);
            case ("torch._utils", "_rebuild_tensor_v3"):
                return a.Length >= 7 && a[6] is PickleGlobal dtype ? Tensor(a, dtype, at) : throw Arguments(function, at);
            case ("torch._utils", "_rebuild_parameter" or "_rebuild_parameter_with_state"):
                return a is [TorchTensor or PickleOpaque, ..] ? a[0] : throw Arguments(function, at);
            case ("torch.storage", "_load_from_bytes"):
                return a is [PickleBytes bytes] ? LoadNested(bytes, at) : throw Arguments(function, at);
        }
        if (Hostile.Contains(function.Module) || (function.Module is "builtins" or "__builtin__" && HostileBuiltins.Contains(function.Name)))
            throw at.Bad($"asks to call {ByteSource.Show(function.ToString())}, which no checkpoint needs. The file is refused; nothing in it was run");
        return new PickleOpaque(function);
    }

    // Python 2 wrote OrderedDict([[key, value], …]); a defaultdict's argument is its factory.
    private PickleDict NewDict(object?[] a)
    {
        var dict = new PickleDict();
        if (a is not [PickleList pairs]) return dict;
        budget.Spend(128L * pairs.Items.Count);
        foreach (var pair in pairs.Items)
            if (pair is PickleTuple { Items: [var key, var value] }) dict.Set(key, value);
            else if (pair is PickleList { Items: [var k, var v] }) dict.Set(k, v);
        return dict;
    }

    private PickleList NewList(object?[] a)
    {
        var list = new PickleList();
        if (a is not [PickleList from]) return list;
        budget.Spend(16L * from.Items.Count);
        list.Items.AddRange(from.Items);
        return list;
    }

    private PickleBytes Encode(object?[] a, PickleInput at)
    {
        if (a is not [string text, string coding] || coding is not ("latin1" or "latin-1" or "utf-8" or "utf8")) throw at.Bad("_codecs.encode is called with something else than a text. The file is refused");
        budget.Spend(text.Length * 3);
        var bytes = coding[0] == 'l' ? System.Text.Encoding.Latin1.GetBytes(text) : System.Text.Encoding.UTF8.GetBytes(text);
        return new PickleBytes(ByteSource.Of(bytes, at.Source.Name), 0, bytes.Length);
    }

    private object? LoadNested(PickleBytes bytes, PickleInput at)
    {
        if (depth >= DeepestNesting) throw at.Bad($"checkpoints are nested more than {DeepestNesting} deep. The file is refused");
        budget.Spend(bytes.Length);
        return TorchLegacy.Read(bytes.Source.Slice(bytes.Offset, bytes.Length), budget, depth + 1);
    }

    // (storage, offset, size, stride, …), all in elements.
    private static TorchTensor Tensor(object?[] a, PickleGlobal? dtype, PickleInput at)
    {
        if (a[0] is not TorchStorage storage || a[1] is not long offset || !Numbers(a[2], out var sizes) || !Numbers(a[3], out var strides))
            throw at.Bad("a tensor is described by something else than a storage and whole numbers. The file is damaged; fetch it again");
        var type = dtype is null ? storage.Type : TorchDTypes.OfTensor(dtype) ?? throw at.Bad($"tensor dtype {ByteSource.Show(dtype.ToString())} is not known. The file is refused");
        if (sizes.Length != strides.Length) throw at.Bad($"a tensor has {sizes.Length} sizes and {strides.Length} strides. The file is damaged; fetch it again");
        var (shape, count) = FileDType.CheckShape(sizes, type, what => at.Bad("a tensor " + what));
        var capacity = storage.Count * storage.Type.Size / type.Size;
        Int128 last = offset;
        for (var i = 0; i < sizes.Length; i++)
        {
            if (strides[i] < 0) throw at.Bad($"a tensor has stride {strides[i]}. Strides must be 0 or more");
            last += (Int128)Math.Max(0, sizes[i] - 1) * strides[i];
        }
        if (offset < 0) throw at.Bad($"a tensor has offset {offset}. Offsets must be 0 or more");
        if ((count > 0 && last >= capacity) || (count == 0 && offset > capacity))
            throw at.Bad($"a tensor of shape {shape} reaches element {last} of a storage of {capacity}. The file is damaged; fetch it again");
        return new TorchTensor(storage, type, count == 0 ? Layout.RowMajor(shape) : new Layout(shape, strides, offset));
    }

    private static bool Numbers(object? value, out long[] numbers)
    {
        var items = value switch { PickleTuple tuple => tuple.Items, PickleList list => [.. list.Items], _ => null };
        numbers = items is not null && items.All(i => i is long) ? [.. items.Cast<long>()] : [];
        return items is not null && numbers.Length == items.Length;
    }

    private static FileFormatException Arguments(PickleGlobal function, PickleInput at) => at.Bad($"{ByteSource.Show(function.ToString())} is called with the wrong arguments. The file is damaged; fetch it again");
}
