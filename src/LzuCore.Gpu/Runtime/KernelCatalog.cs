using LzuCore.Gpu.Kernels;
using LzuCore.Kernels;

namespace LzuCore.Gpu.Runtime;

/// <summary>Every kernel that this assembly can launch, with all its type arguments: what is compiled ahead of time, listed, and checked without a GPU.</summary>
internal static class KernelCatalog
{
    private static readonly Type[] Elements =
    [
        typeof(Float32Element), typeof(Float64Element), typeof(Float16Element), typeof(BFloat16Element), typeof(Int64Element),
        typeof(Int32Element), typeof(Int16Element), typeof(Int8Element), typeof(UInt8Element), typeof(BoolElement),
    ];

    private static readonly Type[] Halves = [typeof(BFloat16Stored), typeof(Float16Stored)];

    /// <summary>The kernels' types as they are written: one thread per index, or groups.</summary>
    public static IReadOnlyList<Type> Bodies { get; } = [.. typeof(KernelCatalog).Assembly.GetTypes()
        .Where(t => t.IsValueType && (typeof(IKernelBody).IsAssignableFrom(t) || GroupContract(t) is not null)).OrderBy(t => t.FullName, StringComparer.Ordinal)];

    /// <summary>A kernel's type for every set of type arguments that it can be launched with; none for a kernel that this catalogue does not know.</summary>
    public static IEnumerable<Type> Close(Type body)
    {
        if (!body.IsGenericTypeDefinition) return [body];
        var names = string.Join(" ", body.GetGenericArguments().Select(a => a.Name));
        return names switch
        {
            "TFormula" => Formulas(body.GetGenericArguments()[0].GetGenericParameterConstraints().Single(c => c.IsInterface)).Select(f => body.MakeGenericType(f)),
            "T" => new[] { typeof(byte), typeof(ushort), typeof(uint), typeof(ulong) }.Select(t => body.MakeGenericType(t)),
            "TNumber" => new[] { typeof(float), typeof(double), typeof(long), typeof(byte) }.Select(t => body.MakeGenericType(t)),
            "T TReal" => [body.MakeGenericType(typeof(float), typeof(SingleReal)), body.MakeGenericType(typeof(double), typeof(DoubleReal))],
            "T TElement" => [body.MakeGenericType(typeof(float), typeof(Float32Element)), body.MakeGenericType(typeof(double), typeof(Float64Element))],
            "T TKey" => [body.MakeGenericType(typeof(float), typeof(SortKernel.SingleKey)), body.MakeGenericType(typeof(double), typeof(SortKernel.DoubleKey)), body.MakeGenericType(typeof(long), typeof(SortKernel.Int64Key))],
            "T V TLane" => Lanes().Select(l => body.MakeGenericType(l.T, l.V, l.Lane)),
            "T TReal V TLane" => Lanes().Select(l => body.MakeGenericType(l.T, l.Real, l.V, l.Lane)),
            "T TReal V TLane S TStored" => Lanes().Select(l => body.MakeGenericType(l.T, l.Real, l.V, l.Lane, l.V, typeof(Plain<>).MakeGenericType(l.V))).Concat(Halves.SelectMany(h => new[]
            {
                body.MakeGenericType(typeof(float), typeof(SingleReal), typeof(float), typeof(One<float>), typeof(ushort), h),
                body.MakeGenericType(typeof(float), typeof(SingleReal), typeof(Quad<float>), typeof(Four<float>), typeof(Quad<ushort>), typeof(FourStored<>).MakeGenericType(h)),
            })),
            "T TReal S TStored" => [body.MakeGenericType(typeof(float), typeof(SingleReal), typeof(float), typeof(Plain<float>)), body.MakeGenericType(typeof(double), typeof(DoubleReal), typeof(double), typeof(Plain<double>)),
                .. Halves.Select(h => body.MakeGenericType(typeof(float), typeof(SingleReal), typeof(ushort), h))],
            "S TStored" => [body.MakeGenericType(typeof(Quad<float>), typeof(Plain<Quad<float>>)), .. Halves.Select(h => body.MakeGenericType(typeof(Quad<ushort>), typeof(FourStored<>).MakeGenericType(h)))],
            "T TA TB TC" => Products(body, typeof(float), typeof(float), typeof(Plain<float>)).Concat(Products(body, typeof(double), typeof(double), typeof(Plain<double>)))
                .Concat(Halves.SelectMany(h => Products(body, typeof(float), typeof(ushort), h).Skip(1))),
            "TIn TRead TOut TWrite" => Conversions().Select(c => body.MakeGenericType(Stored(c.From), c.From, Stored(c.To), c.To)),
            _ => [],
        };
    }

    /// <summary>The contract of a kernel that works in groups; null for others.</summary>
    public static Type? GroupContract(Type body) => body.GetInterfaces().FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IGroupBody<,>));

    /// <summary>A closed kernel's name, as a file may be called.</summary>
    public static string Name(Type body)
    {
        static string Short(Type t) => t.IsGenericType ? $"{t.Name[..t.Name.IndexOf('`', StringComparison.Ordinal)]}-{string.Join("-", t.GetGenericArguments().Select(Short))}" : t.Name;
        var own = body.Name.Split('`')[0];
        var arguments = body.IsGenericType ? "." + string.Join(".", body.GetGenericArguments().Select(Short)) : "";
        return $"{(body.DeclaringType is { } outer ? outer.Name.Split('`')[0] + "." : "")}{own}{arguments}";
    }

    /// <summary>A closed kernel's name as an identifier of PTX.</summary>
    public static string EntryName(Type body) => string.Concat(Name(body).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));

    private static IEnumerable<Type> Formulas(Type contract) => typeof(IMapFormula).Assembly.GetTypes().Where(t => t.IsValueType && !t.IsGenericType && contract.IsAssignableFrom(t));

    private static IEnumerable<(Type T, Type Real, Type V, Type Lane)> Lanes() =>
    [
        (typeof(float), typeof(SingleReal), typeof(float), typeof(One<float>)), (typeof(float), typeof(SingleReal), typeof(Quad<float>), typeof(Four<float>)),
        (typeof(double), typeof(DoubleReal), typeof(double), typeof(One<double>)), (typeof(double), typeof(DoubleReal), typeof(Quad<double>), typeof(Four<double>)),
    ];

    // Matrix products first, which take no halves; the sums of a weight's gradient are kept as they are computed.
    private static IEnumerable<Type> Products(Type body, Type t, Type stored, Type how)
    {
        Type Of(Type operand) => operand.MakeGenericType(t, stored, how);
        Type result = Of(typeof(RowsResult<,,>)), sums = typeof(RowsResult<,,>).MakeGenericType(t, t, typeof(Plain<>).MakeGenericType(t)), strided = typeof(GemmKernel.StridedRows<>).MakeGenericType(t);
        return
        [
            body.MakeGenericType(t, strided, strided, sums),
            body.MakeGenericType(t, Of(typeof(InputPatches<,,>)), Of(typeof(WeightRows<,,>)), result),
            body.MakeGenericType(t, Of(typeof(OutputPatches<,,>)), Of(typeof(WeightColumns<,,>)), result),
            body.MakeGenericType(t, Of(typeof(OutputColumns<,,>)), Of(typeof(InputColumns<,,>)), sums),
        ];
    }

    private static IEnumerable<(Type From, Type To)> Conversions() => from element in Elements from partner in Elements where element != partner select (element, partner);

    private static Type Stored(Type element) => element.GetInterfaces().Single(i => i.Name.StartsWith("IElement", StringComparison.Ordinal)).GetGenericArguments()[0];
}
