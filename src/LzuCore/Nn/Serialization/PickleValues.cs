namespace LzuCore.Nn.Serialization;

// What a pickle can leave on the stack besides null, bool, long, BigInteger, double and string. None of these can do anything.

// A name of a Python class or function. It stays a name: nothing is looked up or imported.
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

// What calling a name that is not on the short list of known ones would have made. Whatever is done to it has no effect.
internal sealed record PickleOpaque(PickleGlobal MadeBy);

internal sealed record PickleTuple(object?[] Items);

// Lists, and sets, whose order does not matter to anything here.
internal sealed class PickleList
{
    public List<object?> Items { get; } = [];
}

// Bytes left where they are.
internal sealed record PickleBytes(ByteSource Source, long Offset, long Length);

// Keys that are equal replace each other where Python's would: strings and numbers. Other keys are told apart by identity.
internal sealed class PickleDict
{
    private Dictionary<object, int>? _index;

    public List<(object? Key, object? Value)> Items { get; } = [];

    public void Set(object? key, object? value)
    {
        if (key is string or long)
        {
            _index ??= new Dictionary<object, int>(SpreadKeys.Instance);
            if (_index.TryGetValue(key, out var at))
            {
                Items[at] = (key, value);
                return;
            }
            _index[key] = Items.Count;
        }
        Items.Add((key, value));
    }

    // long.GetHashCode is the same in every process, so a file could choose keys that collide; HashCode is seeded.
    private sealed class SpreadKeys : IEqualityComparer<object>
    {
        public static readonly SpreadKeys Instance = new();

        public new bool Equals(object? a, object? b) => object.Equals(a, b);

        public int GetHashCode(object key) => HashCode.Combine(key);
    }
}

// How much memory the values of one file may take. What a file can ask for in few bytes, such as empty lists by the million, is charged before it is made.
internal sealed class PickleBudget(ByteSource file)
{
    private const long Base = 24 << 20;
    private long _left = Base + file.Length;

    public void Spend(long bytes)
    {
        _left -= bytes;
        if (_left < 0) throw file.Bad("its pickle unfolds to far more than the file's size. The file is refused");
    }
}
