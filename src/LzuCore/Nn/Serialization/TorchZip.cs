using System.Text;

namespace LzuCore.Nn.Serialization;

// The zip container that torch has written since 1.6: <top>/data.pkl beside <top>/data/<key>, one member per storage.
internal static class TorchZip
{
    // Torch never packs members. A file that was packed by hand is unpacked into memory, up to this much beyond its own size.
    private const long UnpackedAllowance = 32 << 20;

    // <top>/ of the one <top>/data.pkl, or null.
    public static string? Top(ZipDirectory zip)
    {
        foreach (var entry in zip.Entries)
            if (entry.Name.EndsWith("/data.pkl", StringComparison.Ordinal) && entry.Name.IndexOf('/') == entry.Name.Length - 9) return entry.Name[..^8];
        return null;
    }

    public static object? Read(ByteSource file, ZipDirectory zip, string top, PickleBudget budget)
    {
        if (zip.Find(top + "constants.pkl") is not null) throw file.Bad("is a TorchScript program, not a table of weights. Save model.state_dict() instead");
        var bigEndian = IsBigEndian(file, zip, top);
        var unpacked = file.Length + UnpackedAllowance;
        var storages = new Dictionary<string, TorchStorage>();
        var pickle = Open(zip.Find(top + "data.pkl")!);
        pickle.Verify();
        var input = new PickleInput(pickle, 0);
        var root = new PickleReader(input, new TorchWorld(Storage, budget, 0), budget).Read();
        if (input.Remaining != 0) throw input.Bad($"{input.Remaining} bytes follow its end. The file is damaged; fetch it again");
        return root;

        object Storage(object? id, PickleInput at)
        {
            if (id is not PickleTuple { Items: ["storage", PickleGlobal token, string key, _, long count, ..] })
                throw at.Bad("a persistent id is not a storage. The file is damaged; fetch it again");
            var type = TorchDTypes.OfStorage(token) ?? throw at.Bad($"storage type {ByteSource.Show(token.ToString())} is not known. The file is refused");
            if (storages.TryGetValue(key, out var known))
                return known.Type == type && known.Count == count ? known : throw at.Bad($"storage {ByteSource.Show(key)} is described in two ways. The file is damaged; fetch it again");
            var entry = zip.Find($"{top}data/{key}") ?? throw at.Bad($"storage {ByteSource.Show(key)} is not in the file. It is damaged; fetch it again");
            if (count < 0 || count != entry.Size / type.Size)
                throw at.Bad($"storage {ByteSource.Show(key)} is said to have {count} elements of {type.Name}, but has {entry.Size} bytes. The file is damaged; fetch it again");
            return storages[key] = new TorchStorage(type, key, count) { Bytes = Open(entry), BigEndian = bigEndian };
        }

        ByteSource Open(ZipEntry entry)
        {
            var member = zip.Open(entry);
            if (entry.Method == ZipEntry.Stored) return member;
            unpacked -= entry.Size;
            return unpacked >= 0 ? new UnpackedSource(member) : throw file.Bad("unpacks to far more than its size. Pack it again without compression, as torch does");
        }
    }

    private static bool IsBigEndian(ByteSource file, ZipDirectory zip, string top)
    {
        if (zip.Find(top + "byteorder") is not { } entry) return false;
        if (entry.Size > 16) throw file.Bad($"its byte order takes {entry.Size} bytes. The file is damaged; fetch it again");
        var text = Encoding.Latin1.GetString(zip.Open(entry).ReadArray(0, entry.Size));
        return text switch
        {
            "little" => false,
            "big" => true,
            _ => throw file.Bad($"has byte order {ByteSource.Show(text)}; 'little' and 'big' are known. The file is damaged; fetch it again"),
        };
    }

    // A packed member, unpacked whole at the first read, because views of a storage are read in any order.
    private sealed class UnpackedSource(ByteSource member) : ByteSource(member.Name, member.Length)
    {
        private byte[]? _bytes;

        public override void Verify() => member.Verify();

        protected override void ReadCore(long offset, Span<byte> into) => (_bytes ??= member.ReadArray(0, Length)).AsSpan((int)offset, into.Length).CopyTo(into);
    }
}
