using System.Globalization;
using System.Numerics;
using System.Text;
using LzuCore.Memory;

namespace LzuCore.Nn.Serialization;

// What the machine asks when a pickle refers to something beyond itself.
internal interface IPickleWorld
{
    // What a persistent id stands for.
    object? Persistent(object? id, PickleInput at);

    // What calling a name with arguments makes: one of the few known things, or an opaque one. Nothing is run.
    object? Call(PickleGlobal function, object?[] arguments, PickleInput at);
}

// A pickle machine that executes nothing. Names are inert, calls go to a list of a dozen known ones (IPickleWorld), objects are built by being ignored.
// No opcode recurses; every length is checked against what is left of the file, every allocation against a budget.
internal sealed class PickleReader(PickleInput input, IPickleWorld world, PickleBudget budget)
{
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<long, object?> _memo = [];
    private int _highest;

    // Runs to STOP and gives what was made.
    public object? Read()
    {
        while (true)
        {
            var opcode = input.Byte();
            if (opcode == '.') break;
            Execute(opcode);
        }
        var result = Pop();
        if (_stack.Count != 0 || _marks.Count != 0) throw input.Bad("it stops with values left over. The file is damaged; fetch it again");
        return result;
    }

    private void Execute(byte opcode)
    {
        switch (opcode)
        {
            case 0x80: Protocol(input.Byte()); break;
            case 0x95: input.Length64(); break;                                                   // FRAME: only a hint for readers
            case (byte)'(': Mark(); break;
            case (byte)'0': PopOrMark(); break;
            case (byte)'1': ToMark(); break;
            case (byte)'2': Push(Top()); break;

            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'K': PushNumber(input.Byte()); break;
            case (byte)'M': PushNumber(input.UInt16()); break;
            case (byte)'J': PushNumber(input.Int32()); break;
            case (byte)'I': Push(IntLine()); break;
            case (byte)'L': Push(LongLine()); break;
            case 0x8a: Push(Long(input.Byte())); break;
            case 0x8b: Push(Long(input.Int32())); break;
            case (byte)'G': PushNew(24, input.Double()); break;
            case (byte)'F': PushNew(24, FloatLine()); break;

            case (byte)'X': Push(input.Text(input.UInt32(), budget)); break;
            case 0x8c: Push(input.Text(input.Byte(), budget)); break;
            case 0x8d: Push(input.Text(input.Length64(), budget)); break;
            case (byte)'V': Push(Unescape(input.Line(budget), "uU")); break;
            case (byte)'T': Push(input.Text(SignedLength(), budget, orLatin1: true)); break;
            case (byte)'U': Push(input.Text(input.Byte(), budget, orLatin1: true)); break;
            case (byte)'S': Push(QuotedLine()); break;
            case (byte)'B': PushNew(48, input.Skip(input.UInt32())); break;
            case (byte)'C': PushNew(48, input.Skip(input.Byte())); break;
            case 0x8e or 0x96: PushNew(48, input.Skip(input.Length64())); break;

            case (byte)')': PushNew(56, new PickleTuple([])); break;
            case (byte)'t': PushTuple(ToMark()); break;
            case 0x85: PushTuple(PopMany(1)); break;
            case 0x86: PushTuple(PopMany(2)); break;
            case 0x87: PushTuple(PopMany(3)); break;
            case (byte)']' or 0x8f: PushNew(72, new PickleList()); break;
            case (byte)'l': PushList(ToMark()); break;
            case 0x91: PushList(ToMark()); break;                                                  // FROZENSET
            case (byte)'a': Append(Pop()); break;
            case (byte)'e' or 0x90: AppendAll(ToMark()); break;
            case (byte)'}': PushNew(80, new PickleDict()); break;
            case (byte)'d': PushDict(ToMark()); break;
            case (byte)'s': SetItems(PopMany(2)); break;
            case (byte)'u': SetItems(ToMark()); break;

            case (byte)'p': Put(LineNumber()); break;
            case (byte)'q': Put(input.Byte()); break;
            case (byte)'r': Put(input.UInt32()); break;
            case 0x94: Put(_memo.Count); break;
            case (byte)'g': Push(Get(LineNumber())); break;
            case (byte)'h': Push(Get(input.Byte())); break;
            case (byte)'j': Push(Get(input.UInt32())); break;

            case (byte)'c': PushGlobal(input.Line(budget), input.Line(budget)); break;
            case 0x93: PushStackGlobal(); break;
            case (byte)'R' or 0x81: Call(); break;                                                 // REDUCE and NEWOBJ: both are a name with a tuple
            case (byte)'b': Build(); break;
            case (byte)'Q': Push(world.Persistent(Pop(), input)); break;
            default: throw input.Bad($"opcode 0x{opcode:x2} is not one that tensors need. The file is damaged or hostile; nothing in it was run");
        }
    }

    private void Protocol(byte version)
    {
        if (version > 5) throw input.Bad($"pickle protocol {version} is announced; 0 to 5 are known. The file is damaged; fetch it again");
    }

    private void Push(object? value)
    {
        _stack.Add(value);
        if (_stack.Count <= _highest) return;
        budget.Spend(24);
        _highest = _stack.Count;
    }

    // Charges for an object before it is kept.
    private void PushNew(long bytes, object value)
    {
        budget.Spend(bytes);
        Push(value);
    }

    private void PushNumber(long value) => PushNew(24, value);

    private int Floor => _marks.Count == 0 ? 0 : _marks[^1];

    private object? Top() => _stack.Count > Floor ? _stack[^1] : throw Underflow();

    private object? Pop()
    {
        var value = Top();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object?[] PopMany(int count)
    {
        if (_stack.Count - Floor < count) throw Underflow();
        return Cut(_stack.Count - count);
    }

    private object?[] ToMark()
    {
        if (_marks.Count == 0) throw input.Bad("a mark is missing. The file is damaged; fetch it again");
        var from = _marks[^1];
        _marks.RemoveAt(_marks.Count - 1);
        return Cut(from);
    }

    private object?[] Cut(int from)
    {
        budget.Spend(8 * (_stack.Count - from));
        var items = _stack.GetRange(from, _stack.Count - from).ToArray();
        _stack.RemoveRange(from, _stack.Count - from);
        return items;
    }

    private FileFormatException Underflow() => input.Bad("a value is missing on the stack. The file is damaged; fetch it again");

    private void Mark()
    {
        budget.Spend(8);
        _marks.Add(_stack.Count);
    }

    private void PopOrMark()
    {
        if (_marks.Count > 0 && _stack.Count == Floor) _marks.RemoveAt(_marks.Count - 1);
        else Pop();
    }

    private void PushTuple(object?[] items) => PushNew(56, new PickleTuple(items));

    private void PushList(object?[] items)
    {
        PushNew(72, new PickleList());
        AppendAll(items);
    }

    private void PushDict(object?[] items)
    {
        PushNew(80, new PickleDict());
        SetItems(items);
    }

    private void Append(object? item)
    {
        switch (Top())
        {
            case PickleList list:
                budget.Spend(16);
                list.Items.Add(item);
                break;
            case PickleOpaque:
                break;
            default:
                throw NotAList();
        }
    }

    private FileFormatException NotAList() => input.Bad("something is appended to what is not a list. The file is damaged; fetch it again");

    private void AppendAll(object?[] items)
    {
        switch (Top())
        {
            case PickleList list:
                budget.Spend(16 * items.Length);
                list.Items.AddRange(items);
                break;
            case PickleOpaque:
                break;
            default:
                throw NotAList();
        }
    }

    private void SetItems(object?[] pairs)
    {
        if (pairs.Length % 2 != 0) throw input.Bad("a dictionary key has no value. The file is damaged; fetch it again");
        switch (Top())
        {
            case PickleDict dict:
                budget.Spend(64 * pairs.Length);
                for (var i = 0; i < pairs.Length; i += 2) dict.Set(pairs[i], pairs[i + 1]);
                break;
            case PickleOpaque:
                break;
            default:
                throw input.Bad("an item is set in what is not a dictionary. The file is damaged; fetch it again");
        }
    }

    private void Put(long slot)
    {
        // Writers number the slots as they go, so a number above the bytes read so far is made up.
        if (slot < 0 || slot >= input.Position) throw input.Bad($"memo slot {slot} is written. The file is damaged; fetch it again");
        if (!_memo.ContainsKey(slot)) budget.Spend(64);
        _memo[slot] = Top();
    }

    private object? Get(long slot) =>
        _memo.TryGetValue(slot, out var value) ? value : throw input.Bad($"memo slot {slot} is read but was never written. The file is damaged; fetch it again");

    private void PushGlobal(string module, string name) => PushNew(40, new PickleGlobal(module, name));

    private void PushStackGlobal()
    {
        var parts = PopMany(2);
        if (parts is not [string module, string name]) throw input.Bad("a global's name is not text. The file is damaged; fetch it again");
        PushGlobal(module, name);
    }

    private void Call()
    {
        var parts = PopMany(2);
        if (parts[1] is not PickleTuple arguments) throw input.Bad("a call has no tuple of arguments. The file is damaged; fetch it again");
        budget.Spend(80);
        Push(parts[0] switch
        {
            PickleGlobal function => world.Call(function, arguments.Items, input),
            PickleOpaque opaque => opaque,
            _ => throw input.Bad("something is called that has no name. The file is damaged or hostile; nothing in it was run"),
        });
    }

    // Object state: a state dict's _metadata, a parameter's hooks. Nothing that tensors need.
    private void Build()
    {
        Pop();
        if (Top() is null or string or long or bool or double or PickleGlobal or PickleTuple)
            throw input.Bad("state is set on a plain value. The file is damaged; fetch it again");
    }

    private long SignedLength()
    {
        var length = input.Int32();
        return length >= 0 ? length : throw input.Bad($"a text of {length} bytes is announced. The file is damaged; fetch it again");
    }

    private object Long(int length)
    {
        if (length is < 0 or > 1024) throw input.Bad($"an integer of {length} bytes is announced. The file is damaged; fetch it again");
        budget.Spend(32 + length);
        return Shorten(new BigInteger(input.Take(length)));
    }

    private static object Shorten(BigInteger value) => value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;

    private object IntLine()
    {
        var line = input.Line(budget);
        return line switch { "01" => true, "00" => false, _ => Integer(line) };
    }

    private object LongLine() => Integer(input.Line(budget).TrimEnd('L'));

    private object Integer(string text) =>
        text.Length <= 2500 && BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? Shorten(value)
            : throw input.Bad($"{ByteSource.Show(text)} is not a whole number. The file is damaged; fetch it again");

    private long LineNumber() => Integer(input.Line(budget)) is long value ? value : throw input.Bad("a memo slot is out of range. The file is damaged; fetch it again");

    private double FloatLine()
    {
        var text = input.Line(budget);
        return text switch
        {
            "nan" => double.NaN,
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) => value,
            _ => throw input.Bad($"{ByteSource.Show(text)} is not a number. The file is damaged; fetch it again"),
        };
    }

    private string QuotedLine()
    {
        var line = input.Line(budget);
        if (line.Length < 2 || line[0] is not ('\'' or '"') || line[^1] != line[0]) throw input.Bad("a text has no quotes. The file is damaged; fetch it again");
        return Unescape(line[1..^1], "x");
    }

    // Backslash escapes: \xNN, \uNNNN, \UNNNNNNNN where asked for, and the one-letter ones.
    private string Unescape(string text, string kinds)
    {
        if (!text.Contains('\\')) return text;
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }
            var kind = text[++i];
            var digits = !kinds.Contains(kind) ? 0 : kind switch { 'x' => 2, 'u' => 4, _ => 8 };
            if (digits == 0)
            {
                result.Append(kind switch { 'n' => "\n", 'r' => "\r", 't' => "\t", '\\' or '\'' or '"' => kind.ToString(), _ => "\\" + kind });
                continue;
            }
            if (i + digits >= text.Length || !uint.TryParse(text.AsSpan(i + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || !(Rune.IsValid(code) || digits == 4))
                throw input.Bad("a text has a broken escape. The file is damaged; fetch it again");
            result.Append(Rune.IsValid(code) ? new Rune(code).ToString() : ((char)code).ToString());
            i += digits;
        }
        return result.ToString();
    }
}
