using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace LzuCore.Gpu.Runtime;

/// <summary>One value of a kernel's argument as the PTX sees it.</summary>
/// <param name="Path">The fields that lead to it.</param>
/// <param name="Type">A primitive, or ILGPU's view, which is an address and a length of 64 bits each.</param>
/// <param name="Offset">Bytes from the start.</param>
internal sealed record ArgumentField(IReadOnlyList<FieldInfo> Path, Type Type, int Offset)
{
    /// <summary>Whether it is a view.</summary>
    public bool IsView => ArgumentLayout.IsView(Type);
}

/// <summary>How ILGPU lays a kernel's struct out in PTX parameter space: fields in order at their natural alignment, nested structs as in C, views as { address, length }.</summary>
/// <remarks>The tests compare every offset with the ld.param instructions of every kernel's PTX.</remarks>
internal sealed class ArgumentLayout
{
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<Type, (int Size, int Alignment)> Measures = new();

    private ArgumentLayout(Type body)
    {
        var fields = new List<ArgumentField>();
        var empty = new List<int>();
        Place(body, 0, [], fields, empty);
        (Fields, Placeholders, Size) = (fields, empty, Measure(body).Size);
    }

    /// <summary>Bytes in all.</summary>
    public int Size { get; }

    /// <summary>The values in the order of their offsets.</summary>
    public IReadOnlyList<ArgumentField> Fields { get; }

    /// <summary>Where ILGPU keeps a byte for a struct without fields, such as a formula without parameters; nothing is written there.</summary>
    public IReadOnlyList<int> Placeholders { get; }

    public static ArgumentLayout Of(Type body) => new(body);

    /// <summary>A method that writes a body's values to where a pointer says.</summary>
    public static Action<TBody, nint> Packer<TBody>() where TBody : struct
    {
        ParameterExpression body = Expression.Parameter(typeof(TBody)), to = Expression.Parameter(typeof(nint));
        var writes = Of(typeof(TBody)).Fields.Select(field =>
        {
            Expression value = field.Path.Aggregate((Expression)body, Expression.Field);
            var method = field.IsView ? nameof(WriteView) : nameof(Write);
            var type = field.IsView ? field.Type.GetGenericArguments()[0] : field.Type;
            return (Expression)Expression.Call(typeof(ArgumentLayout).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type), to, Expression.Constant(field.Offset), value);
        });
        return Expression.Lambda<Action<TBody, nint>>(Expression.Block(writes.DefaultIfEmpty(Expression.Empty())), body, to).Compile();
    }

    internal static bool IsView(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ArrayView<>);

    private static unsafe void Write<T>(nint to, int offset, T value) where T : unmanaged => Unsafe.WriteUnaligned((byte*)to + offset, value);

    private static unsafe void WriteView<T>(nint to, int offset, ArrayView<T> view) where T : unmanaged
    {
        Write(to, offset, view.IsValid ? view.LoadEffectiveAddressAsPtr() : 0);
        Write(to, offset + sizeof(long), view.IsValid ? view.Length : 0L);
    }

    private static void Place(Type type, int offset, IReadOnlyList<FieldInfo> path, List<ArgumentField> fields, List<int> empty)
    {
        if (type.IsPrimitive || IsView(type))
        {
            fields.Add(new ArgumentField(path, type, offset));
            return;
        }
        var at = 0;
        var members = FieldsOf(type).ToList();
        if (members.Count == 0) empty.Add(offset);
        foreach (var field in members)
        {
            var (size, alignment) = Measure(field.FieldType);
            at = Up(at, alignment);
            Place(field.FieldType, offset + at, [.. path, field], fields, empty);
            at += size;
        }
    }

    private static (int Size, int Alignment) Measure(Type type) => Measures.GetOrAdd(type, static type =>
    {
        if (IsView(type)) return (16, 8);
        if (type.IsPrimitive) return type == typeof(bool) ? (1, 1) : Primitive(type);
        if (type.IsEnum) return Measure(Enum.GetUnderlyingType(type));
        int at = 0, widest = 1;
        foreach (var field in FieldsOf(type))
        {
            var (size, alignment) = Measure(field.FieldType);
            at = Up(at, alignment) + size;
            widest = Math.Max(widest, alignment);
        }
        return (Math.Max(1, Up(at, widest)), widest);
    });

    private static (int, int) Primitive(Type type)
    {
        var size = type == typeof(nint) || type == typeof(nuint) ? 8 : System.Runtime.InteropServices.Marshal.SizeOf(type);
        return (size, size);
    }

    private static IEnumerable<FieldInfo> FieldsOf(Type type) =>
        type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).OrderBy(f => f.MetadataToken);

    private static int Up(int at, int alignment) => (at + alignment - 1) / alignment * alignment;
}
