using System.Buffers;
using System.Globalization;
using System.Text;
using LzuCore.Memory;

namespace LzuCore.Vision.Data;

// Reads JSON forward, value by value, from a stream of any length in a buffer of bounded size. System.Text.Json's readers refuse the bare words NaN and Infinity,
// which Python writes and nuScenes' files hold; that is why this one exists. A reader asks for what it expects:
//     json.BeginObject();
//     while (json.NextMember(out var name)) switch (name) { case "id": id = json.Integer(); break; default: json.Skip(); break; }
// What does not fit is one FileFormatException with the file, the place (annotations[12].bbox, byte 4711), what must be there and what is.
internal sealed class JsonCursor : IDisposable
{
    private const int MaxDepth = 64;
    private const int MaxToken = 1 << 20;
    private const long MostExactInteger = 1L << 53;
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private static readonly SearchValues<byte> QuoteOrBackslash = SearchValues.Create("\"\\"u8);

    private readonly Stream _stream;
    private readonly string _what;
    private readonly Frame[] _frames = new Frame[MaxDepth];
    private readonly HashSet<string> _names = [];
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _namesBySpan;
    private byte[] _buffer = new byte[1 << 16];
    private int _at;
    private int _end;
    private long _before;
    private int _depth;

    private struct Frame
    {
        public string? Name;
        public int Index;
        public bool IsObject;
    }

    // what names the use and the file in messages: "coco annotations train.json".
    public JsonCursor(Stream stream, string what)
    {
        (_stream, _what) = (stream, what);
        _namesBySpan = _names.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public static JsonCursor Open(string use, string path)
    {
        var what = $"{use} {path.Replace('\n', '?').Replace('\r', '?')}";
        if (Directory.Exists(path)) throw new FileFormatException($"{what}: it is a directory. Name a file.");
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
            if (stream.Length > 0) return new JsonCursor(stream, what);
            stream.Dispose();
            throw new FileFormatException($"{what}: the file is empty.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileFormatException($"{what}: there is no such file.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new FileFormatException($"{what}: cannot read it ({e.Message.Split('\n')[0].TrimEnd('.', '\r')}).", e);
        }
    }

    public void Dispose() => _stream.Dispose();

    public void BeginObject() => Begin('{', "an object", isObject: true);

    public void BeginArray() => Begin('[', "a list", isObject: false);

    // The next member's name; false after the last, when the object is closed.
    public bool NextMember(out string name)
    {
        name = "";
        if (!NextOf('}')) return false;
        if (Peek() != '"') throw Expected("a name in quotes");
        name = Text(_names, _namesBySpan);
        _frames[_depth - 1].Name = name;
        if (Peek() != ':') throw Expected("a colon");
        _at++;
        return true;
    }

    // Whether there is a next element; after the last the list is closed.
    public bool NextElement() => NextOf(']');

    public bool IsNull => Peek() == 'n';

    public bool IsList => Peek() == '[';

    public string String()
    {
        if (Peek() != '"') throw Expected("a text");
        return Text(null, default);
    }

    // A text that occurs often: equal ones become one object.
    public string String(HashSet<string> pool)
    {
        if (Peek() != '"') throw Expected("a text");
        return Text(pool, pool.GetAlternateLookup<ReadOnlySpan<char>>());
    }

    // Any number, NaN and the infinities among them.
    public double Number()
    {
        var token = Word();
        if (token.Length > 0 && (token[0] is >= (byte)'0' and <= (byte)'9' or (byte)'-') && double.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)) return Took(token, value);
        if (token.SequenceEqual("NaN"u8)) return Took(token, double.NaN);
        if (token.SequenceEqual("Infinity"u8)) return Took(token, double.PositiveInfinity);
        if (token.SequenceEqual("-Infinity"u8)) return Took(token, double.NegativeInfinity);
        throw Expected("a number");
    }

    public double Finite()
    {
        var token = Word();
        if (token.Length > 0 && (token[0] is >= (byte)'0' and <= (byte)'9' or (byte)'-') && double.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)) return Took(token, value);
        throw Expected("a finite number");
    }

    // A whole number; 12.0 is one, too.
    public long Integer(long least = long.MinValue, long most = long.MaxValue)
    {
        var token = Word();
        var whole = long.TryParse(token, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value);
        if (!whole && double.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && Math.Abs(real) <= MostExactInteger && real == Math.Floor(real)) (whole, value) = (true, (long)real);
        if (!whole || value < least || value > most) throw Expected(least == long.MinValue ? "a whole number" : $"a whole number from {least} to {most}");
        _at += token.Length;
        return value;
    }

    // true, false, or the numbers that COCO writes for them.
    public bool Flag()
    {
        var token = Word();
        if (token.SequenceEqual("true"u8)) return Took(token, true);
        if (token.SequenceEqual("false"u8)) return Took(token, false);
        if (token.Length > 0 && double.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && !double.IsNaN(value)) return Took(token, value != 0);
        throw Expected("true, false, 1 or 0");
    }

    // Exactly as many finite numbers as the span is long.
    public void Finites(Span<double> into) => Numbers(into, finite: true);

    public void Numbers(Span<double> into, bool finite = false)
    {
        var start = _before + _at;
        BeginArray();
        var count = 0;
        while (NextElement())
        {
            if (count == into.Length) throw Bad($"must be {into.Length} numbers, got more", start);
            into[count++] = finite ? Finite() : Number();
        }
        if (count < into.Length) throw Bad($"must be {into.Length} numbers, got {count}", start);
    }

    public void Skip()
    {
        var floor = _depth;
        do
        {
            if (_depth > floor && !(_frames[_depth - 1].IsObject ? NextMember(out _) : NextElement())) continue;
            switch (Peek())
            {
                case '{': BeginObject(); break;
                case '[': BeginArray(); break;
                case '"': _at = EndOfText(out _) + 1; break;
                default:
                    var word = Word();
                    if (!IsLiteral(word)) throw Expected("a value");
                    _at += word.Length;
                    break;
            }
        }
        while (_depth > floor);
    }

    // Only white space may follow.
    public void End()
    {
        if (Peek() >= 0) throw Expected("the end of the file");
    }

    public FileFormatException Missing(string member) => Bad($"has no '{member}'");

    public FileFormatException Bad(string what) => Bad(what, _before + _at);

    private FileFormatException Bad(string what, long at)
    {
        var path = new StringBuilder();
        for (var i = 0; i < _depth; i++)
        {
            if (!_frames[i].IsObject) path.Append(CultureInfo.InvariantCulture, $"[{_frames[i].Index}]");
            else if (_frames[i].Name is { } name) path.Append(i == 0 ? "" : ".").Append(Show(name));
        }
        return new FileFormatException($"{_what}: {(path.Length == 0 ? "the file" : path)} {Plain(what)} (byte {at}).");
    }

    private static bool IsLiteral(ReadOnlySpan<byte> word) =>
        word.SequenceEqual("null"u8) || word.SequenceEqual("true"u8) || word.SequenceEqual("false"u8) || word.SequenceEqual("NaN"u8) || word.SequenceEqual("Infinity"u8) || word.SequenceEqual("-Infinity"u8) ||
        (word.Length > 0 && (word[0] is >= (byte)'0' and <= (byte)'9' or (byte)'-') && double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out _));

    private T Took<T>(ReadOnlySpan<byte> token, T value)
    {
        _at += token.Length;
        return value;
    }

    private void Begin(char bracket, string kind, bool isObject)
    {
        if (Peek() != bracket) throw Expected(kind);
        if (_depth == MaxDepth) throw Bad($"is nested more than {MaxDepth} deep");
        _at++;
        _frames[_depth++] = new Frame { IsObject = isObject, Index = -1 };
    }

    private bool NextOf(char close)
    {
        ref var frame = ref _frames[_depth - 1];
        var next = Peek();
        if (next == close)
        {
            _at++;
            _depth--;
            return false;
        }
        if (frame.Index >= 0)
        {
            if (next != ',') throw Expected($"a comma or '{close}'");
            _at++;
        }
        frame.Index++;
        return true;
    }

    // The next byte that is not white space, or -1 at the end.
    private int Peek()
    {
        while (true)
        {
            while (_at < _end)
            {
                var b = _buffer[_at];
                if (b > ' ' || b is not ((byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')) return b;
                _at++;
            }
            if (!Refill()) return -1;
        }
    }

    // A run of the characters that numbers and bare words are made of, left in the buffer.
    private ReadOnlySpan<byte> Word()
    {
        Peek();
        var length = 0;
        while (true)
        {
            while (_at + length < _end && (char.IsAsciiLetterOrDigit((char)_buffer[_at + length]) || _buffer[_at + length] is (byte)'-' or (byte)'+' or (byte)'.')) length++;
            if (_at + length < _end || !Refill()) return _buffer.AsSpan(_at, length);
        }
    }

    // The position of the closing quote of the text that begins here.
    private int EndOfText(out bool escaped)
    {
        escaped = false;
        var offset = 1;
        while (true)
        {
            var found = _buffer.AsSpan(_at + offset, _end - _at - offset).IndexOfAny(QuoteOrBackslash);
            if (found < 0)
            {
                offset = _end - _at;
                if (!Refill()) throw Bad("has a text without an end: the file is cut off");
                continue;
            }
            offset += found;
            if (_buffer[_at + offset] == '"') return _at + offset;
            escaped = true;
            while (_at + offset + 1 >= _end) if (!Refill()) throw Bad("has a text without an end: the file is cut off");
            offset += 2;
        }
    }

    private string Text(HashSet<string>? pool, HashSet<string>.AlternateLookup<ReadOnlySpan<char>> lookup)
    {
        var end = EndOfText(out var escaped);
        var utf8 = _buffer.AsSpan(_at + 1, end - _at - 1);
        try
        {
            if (escaped) return Took(end, Unescape(Strict.GetString(utf8)));
            if (pool is null || utf8.Length > 128) return Took(end, Strict.GetString(utf8));
            Span<char> chars = stackalloc char[128];
            var text = chars[..Strict.GetChars(utf8, chars)];
            if (!lookup.TryGetValue(text, out var known)) pool.Add(known = text.ToString());
            return Took(end, known);
        }
        catch (DecoderFallbackException)
        {
            throw Bad("has a text that is not UTF-8");
        }
    }

    private string Took(int end, string text)
    {
        _at = end + 1;
        return text;
    }

    private string Unescape(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                result.Append(text[i]);
                continue;
            }
            var code = 0;
            if (++i < text.Length && text[i] == 'u' && i + 4 < text.Length && int.TryParse(text.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code)) i += 4;
            else if (i < text.Length && "\"\\/bfnrt".IndexOf(text[i]) is >= 0 and var which) code = "\"\\/\b\f\n\r\t"[which];
            else throw Bad("has a text with an escape that JSON does not know");
            result.Append((char)code);
        }
        return result.ToString();
    }

    // More bytes behind those not yet taken; false at the end of the file.
    private bool Refill()
    {
        if (_at > 0)
        {
            Buffer.BlockCopy(_buffer, _at, _buffer, 0, _end - _at);
            (_before, _end, _at) = (_before + _at, _end - _at, 0);
        }
        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= MaxToken) throw Bad($"has a text or number of more than {MaxToken} bytes");
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }
        try
        {
            var got = _stream.Read(_buffer, _end, _buffer.Length - _end);
            _end += got;
            return got > 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileFormatException($"{_what}: cannot read it ({e.Message.Split('\n')[0].TrimEnd('.', '\r')}).", e);
        }
    }

    private FileFormatException Expected(string kind)
    {
        var next = Peek();
        if (next < 0) return Bad($"must be {kind}, but the file ends: it is cut off");
        var shown = Encoding.UTF8.GetString(_buffer.AsSpan(_at, Math.Min(24, _end - _at)));
        var end = shown.AsSpan(1).IndexOfAny(",]}:\n\"");
        return Bad($"must be {kind}, got {Show(end < 0 ? shown : shown[..(end + 1 + (shown[0] == '"' && shown[end + 1] == '"' ? 1 : 0))])}");
    }

    // A file's text, made fit for a one-line message.
    public static string Show(string text) => Plain(text.Length > 60 ? text[..60] + "…" : text);

    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
}
