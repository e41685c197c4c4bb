using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using LzuCore.Memory;

namespace LzuCore.Nn.Serialization;

// The head of a .npy file: magic, version, and a Python dictionary literal {'descr': …, 'fortran_order': …, 'shape': …}. The literal is read by a
// parser that knows exactly these three keys and nothing else of Python.
internal static class NpyHeader
{
    private const int LongestHeader = 1 << 16;

    private static readonly (string Word, FileDType Type)[] Words =
    [
        ("f4", FileDType.Float32), ("f8", FileDType.Float64), ("f2", FileDType.Float16), ("i8", FileDType.Int64), ("i4", FileDType.Int32), ("i2", FileDType.Int16), ("i1", FileDType.Int8),
        ("u1", FileDType.UInt8), ("b1", FileDType.Bool), ("u2", FileDType.UInt16), ("u4", FileDType.UInt32), ("u8", FileDType.UInt64), ("c8", FileDType.Complex64), ("c16", FileDType.Complex128),
    ];

    public static bool LooksLikeOne(ReadOnlySpan<byte> start) => start.Length >= 6 && start[0] == 0x93 && start[1..6].SequenceEqual("NUMPY"u8);

    // The array that a .npy file or member holds. Its bytes must end where the file ends.
    public static CheckpointTensor Read(ByteSource file, string name)
    {
        Span<byte> start = stackalloc byte[12];
        if (file.Length < 10) throw file.Bad($"has {file.Length} bytes, too few for a .npy file. It is empty or cut short; write it anew");
        file.Read(0, start[..(int)Math.Min(12, file.Length)]);
        if (!LooksLikeOne(start)) throw file.Bad("does not begin like a .npy file. Check what wrote it");
        var wide = start[6] is 2 or 3;
        if (start[6] is < 1 or > 3 || start[7] != 0) throw file.Bad($"has .npy version {start[6]}.{start[7]}. Versions 1.0, 2.0 and 3.0 are known");
        var at = wide ? 12 : 10;
        long length = wide ? BinaryPrimitives.ReadUInt32LittleEndian(start[8..]) : BinaryPrimitives.ReadUInt16LittleEndian(start[8..]);
        if (length > LongestHeader || length > file.Length - at) throw file.Bad($"claims a .npy header of {length} bytes in {file.Length}. The file is cut short or damaged; write it anew");
        var text = Encoding.Latin1.GetString(file.ReadArray(at, length));
        var (descr, fortran, sizes) = new Parser(text, file).Parse();
        var (type, bigEndian) = TypeOf(descr, file);
        var (shape, count) = FileDType.CheckShape(sizes, type, what => file.Bad("the .npy header " + what));
        if (count * type.Size != file.Length - at - length)
            throw file.Bad($"holds {file.Length - at - length} bytes of values, but {type.Name} {shape} needs {count * type.Size}. The file is cut short or damaged; write it anew");
        return new CheckpointTensor(name, type, fortran ? ColumnMajor(shape) : Layout.RowMajor(shape), file, at + length, bigEndian);
    }

    // Padded with spaces so that the values begin at a multiple of 64.
    public static byte[] Write(FileDType dtype, Shape shape)
    {
        var sizes = shape.Rank == 1 ? $"{shape[0]}," : string.Join(", ", shape);
        var text = $"{{'descr': '{DescrOf(dtype)}', 'fortran_order': False, 'shape': ({sizes}), }}";
        var length = (10 + text.Length + 1 + 63) / 64 * 64 - 10;
        var header = new byte[10 + length];
        header.AsSpan().Fill((byte)' ');
        header[0] = 0x93;
        "NUMPY\u0001\0"u8.CopyTo(header.AsSpan(1));
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), (ushort)length);
        Encoding.ASCII.GetBytes(text, header.AsSpan(10));
        header[^1] = (byte)'\n';
        return header;
    }

    private static string DescrOf(FileDType dtype) => Array.Find(Words, w => w.Type == dtype).Word is { } word
        ? (dtype.Size == 1 ? "|" : "<") + word
        : throw new DTypeException($"npy: numpy has no {dtype.Name}. Convert with .To(DType.Float32) first, or write safetensors.");

    private static (FileDType Type, bool BigEndian) TypeOf(string descr, ByteSource file)
    {
        var order = descr.Length > 0 ? descr[0] : ' ';
        var type = descr.Length > 1 ? Array.Find(Words, w => w.Word == descr[1..]).Type : null;
        if (descr is "|O" or "O") throw file.Bad("holds Python objects (dtype object), which would mean running a pickle. Save it as numbers: array.astype('float32')");
        if (type is null || !(order is '<' or '>' or '=' || (order == '|' && type.Size == 1)))
            throw file.Bad($"has dtype {ByteSource.Show(descr)}, which is not a number type known here. Save it as numbers: array.astype('float32')");
        return (type, order == '>');
    }

    private static Layout ColumnMajor(Shape shape)
    {
        var strides = new long[shape.Rank];
        long stride = 1;
        for (var i = 0; i < shape.Rank; i++)
        {
            strides[i] = stride;
            stride *= Math.Max(1, shape[i]);
        }
        return new Layout(shape, strides);
    }

    private sealed class Parser(string text, ByteSource file)
    {
        private int _at;

        public (string Descr, bool Fortran, long[] Sizes) Parse()
        {
            string? descr = null;
            bool? fortran = null;
            long[]? sizes = null;
            Expect('{');
            while (!Accept('}'))
            {
                var key = Quoted();
                Expect(':');
                switch (key)
                {
                    case "descr" when descr is null: descr = Peek() == '[' ? throw file.Bad("holds records (a structured dtype). Save each field as an array of its own") : Quoted(); break;
                    case "fortran_order" when fortran is null: fortran = Accept("True") || (Accept("False") ? false : throw Broken()); break;
                    case "shape" when sizes is null: sizes = Sizes(); break;
                    default: throw file.Bad($"the .npy header has an unknown or repeated key {ByteSource.Show(key)}. The file is damaged; write it anew");
                }
                if (Accept(',')) continue;
                Expect('}');
                break;
            }
            if (text.AsSpan(_at).Trim(" \n").Length > 0 || descr is null || fortran is null || sizes is null) throw Broken();
            return (descr, fortran.Value, sizes);
        }

        private long[] Sizes()
        {
            var sizes = new List<long>();
            Expect('(');
            while (!Accept(')'))
            {
                sizes.Add(Number());
                if (Accept(',')) continue;
                if (sizes.Count == 1) throw Broken();   // (3) is a number in Python, not a tuple
                Expect(')');
                break;
            }
            return [.. sizes];
        }

        private long Number()
        {
            SkipSpace();
            var from = _at;
            while (_at < text.Length && char.IsAsciiDigit(text[_at])) _at++;
            if (!long.TryParse(text.AsSpan(from, _at - from), NumberStyles.None, CultureInfo.InvariantCulture, out var value)) throw Broken();
            if (_at < text.Length && text[_at] == 'L') _at++;   // Python 2 wrote 3L
            return value;
        }

        private string Quoted()
        {
            SkipSpace();
            if (_at >= text.Length || text[_at] is not ('\'' or '"')) throw Broken();
            var end = text.IndexOf(text[_at], _at + 1);
            if (end < 0) throw Broken();
            var inside = text[(_at + 1)..end];
            _at = end + 1;
            return inside;
        }

        private char Peek()
        {
            SkipSpace();
            return _at < text.Length ? text[_at] : '\0';
        }

        private bool Accept(char c)
        {
            if (Peek() != c) return false;
            _at++;
            return true;
        }

        private bool Accept(string word)
        {
            SkipSpace();
            if (!text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal)) return false;
            _at += word.Length;
            return true;
        }

        private void Expect(char c)
        {
            if (!Accept(c)) throw Broken();
        }

        private void SkipSpace()
        {
            while (_at < text.Length && text[_at] == ' ') _at++;
        }

        private FileFormatException Broken() => file.Bad($"the .npy header cannot be read at character {_at}: {ByteSource.Show(text)}. The file is damaged; write it anew");
    }
}
