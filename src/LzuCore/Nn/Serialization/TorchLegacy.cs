using System.Buffers.Binary;
using System.Numerics;

namespace LzuCore.Nn.Serialization;

// What torch wrote before 1.6, and still writes inside plain pickles: five pickles one after another (magic, protocol, system, object, storage keys),
// then every storage as an element count and raw values.
internal static class TorchLegacy
{
    private static readonly BigInteger Magic = BigInteger.Parse("1950a86a20f9469cfc6c", System.Globalization.NumberStyles.HexNumber);

    // Protocol 2, LONG1 of 10 bytes, the magic number, STOP.
    public static bool LooksLikeOne(ReadOnlySpan<byte> start) =>
        start.Length > 15 && start[0] == 0x80 && start[2..].StartsWith((ReadOnlySpan<byte>)[0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]);

    public static object? Read(ByteSource file, PickleBudget budget, int depth)
    {
        var roots = new Dictionary<string, TorchStorage>();
        var views = new List<(TorchStorage View, TorchStorage Root, long Offset)>();
        var input = new PickleInput(file, 0);
        if (Next(NoStorage) is not BigInteger magic || magic != Magic) throw input.Bad("torch's magic number is missing. The file is damaged, or no torch file; fetch it again");
        if (Next(NoStorage) is not 1001L) throw input.Bad("the legacy protocol is not 1001. The file is refused");
        var system = Next(NoStorage) as PickleDict;
        var bigEndian = system?.Items.Any(i => i is ("little_endian", false)) ?? throw input.Bad("the description of the writing system is missing. The file is damaged; fetch it again");
        var root = Next(Storage);
        if (Next(NoStorage) is not PickleList keys) throw input.Bad("the list of storages is missing. The file is damaged; fetch it again");

        var place = input.Position;
        foreach (var item in keys.Items)
        {
            if (item is not string key || !roots.TryGetValue(key, out var storage) || storage.Bytes is not null)
                throw input.Bad($"the list of storages has {ByteSource.Show(item?.ToString() ?? "None")}, which is unknown or repeated. The file is damaged; fetch it again");
            var head = file.ReadArray(place, 8);
            var count = bigEndian ? BinaryPrimitives.ReadInt64BigEndian(head) : BinaryPrimitives.ReadInt64LittleEndian(head);
            place += 8;
            if (count != storage.Count || count > (file.Length - place) / storage.Type.Size)
                throw file.Bad($"storage {ByteSource.Show(key)} announces {count} elements; {storage.Count} are wanted and {file.Length - place} bytes are left. The file is cut short or damaged; fetch it again");
            (storage.Bytes, storage.Start, storage.BigEndian) = (file, place, bigEndian);
            place += count * storage.Type.Size;
        }
        if (place != file.Length) throw file.Bad($"{file.Length - place} bytes follow the last storage. The file is damaged; fetch it again");
        foreach (var storage in roots.Values)
            if (storage.Bytes is null) throw file.Bad($"storage {ByteSource.Show(storage.Key)} is not in the file. It is cut short or damaged; fetch it again");
        foreach (var (view, of, offset) in views)
            (view.Bytes, view.Start, view.BigEndian) = (file, of.Start + offset * of.Type.Size, bigEndian);
        return root;

        object? Next(Func<object?, PickleInput, object?> persistent) => new PickleReader(input, new TorchWorld(persistent, budget, depth), budget).Read();

        object Storage(object? id, PickleInput at)
        {
            if (id is not PickleTuple { Items: ["storage", PickleGlobal token, string key, _, long count, var view] })
                throw at.Bad("a persistent id is not a storage. The file is damaged; fetch it again");
            var type = TorchDTypes.OfStorage(token) ?? throw at.Bad($"storage type {ByteSource.Show(token.ToString())} is not known. The file is refused");
            if (count < 0) throw at.Bad($"storage {ByteSource.Show(key)} is said to have {count} elements. The file is damaged; fetch it again");
            if (!roots.TryGetValue(key, out var storage)) roots[key] = storage = new TorchStorage(type, key, count);
            if (storage.Type != type || storage.Count != count) throw at.Bad($"storage {ByteSource.Show(key)} is described in two ways. The file is damaged; fetch it again");
            if (view is null) return storage;
            if (view is not PickleTuple { Items: [_, long offset, long size] } || offset < 0 || size < 0 || offset > count || size > count - offset)
                throw at.Bad($"a part of storage {ByteSource.Show(key)} lies outside of it. The file is damaged; fetch it again");
            var part = new TorchStorage(type, key, size);
            budget.Spend(128);
            views.Add((part, storage, offset));
            return part;
        }
    }

    private static object? NoStorage(object? id, PickleInput at) => throw at.Bad("a storage is mentioned where none may be. The file is damaged; fetch it again");
}
