using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using LzuCore.Gpu.Kernels;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;

namespace LzuCore.Gpu.Tests.Kernels;

/// <summary>Every kernel compiles to PTX, without a GPU: for the architectures of A100 and H100, float32 and float64, every formula. Guards what costs most when it slips in.</summary>
public sealed partial class PtxTests
{
    private static readonly CudaArchitecture[] Architectures = [CudaArchitecture.SM_80, CudaArchitecture.SM_90];

    private static readonly Type[] Bodies = [.. typeof(GpuBackend).Assembly.GetTypes()
        .Where(t => t.IsValueType && typeof(IKernelBody).IsAssignableFrom(t)).OrderBy(t => t.FullName, StringComparer.Ordinal)];

    private Context _context = null!;

    private static IEnumerable<TestCaseData> Kernels => Bodies.Select(b => new TestCaseData(b).SetArgDisplayNames($"{b.DeclaringType!.Name}.{b.Name}"));

    [OneTimeSetUp]
    public void CreateContext() => _context = GpuBackend.Compiler(b => b.PTXBackend(PTXBackendMode.Enhanced));

    [OneTimeTearDown]
    public void DisposeContext() => _context.Dispose();

    [Test]
    public void EveryKernelFamily_HasBodies() =>
        Assert.That(Bodies.Select(b => b.DeclaringType).Distinct().Count(), Is.GreaterThanOrEqualTo(6));

    [TestCaseSource(nameof(Kernels))]
    public void Body_CompilesToCleanPtx(Type body)
    {
        var closed = Close(body).ToList();
        Assert.That(closed, Is.Not.Empty, "no type arguments are known for this kernel: add them to Close");
        var faults = new List<string>();
        foreach (var architecture in Architectures)
        {
            using var backend = new PTXBackend(_context, architecture, CudaInstructionSet.ISA_80, null!);
            foreach (var kernel in closed)
            {
                var ptx = Compile(backend, kernel);
                if (Generic().Match(ptx) is { Success: true } access) faults.Add($"{Name(kernel)}, {architecture}: '{access.Value}' names no address space");
                // float64 exp, log and powers are ILGPU's software routines, which do use local memory.
                if (!kernel.Name.Contains("Double") && ptx.Contains(".local")) faults.Add($"{Name(kernel)}, {architecture}: local memory");
                if (Approximation().Match(ptx) is { Success: true } coarse) faults.Add($"{Name(kernel)}, {architecture}: '{coarse.Value}', which DeviceMath should have replaced");
                if (!ptx.Contains("st.global")) faults.Add($"{Name(kernel)}, {architecture}: writes nothing");
            }
        }
        Assert.That(faults, Is.Empty, string.Join("\n", faults));
    }

    private static string Compile(PTXBackend backend, Type body)
    {
        var entry = typeof(Launcher).GetMethod(nameof(Launcher.Entry), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(body);
        try
        {
            return ((PTXCompiledKernel)backend.Compile(EntryPointDescription.FromImplicitlyGroupedKernel(entry), new KernelSpecialization())).PTXAssembly;
        }
        catch (Exception e)
        {
            throw new AssertionException($"{Name(body)} does not compile for a GPU: {e.Message}", e);
        }
    }

    // Every set of type arguments that the backend can launch a body with.
    private static IEnumerable<Type> Close(Type body)
    {
        if (!body.IsGenericTypeDefinition) return [body];
        return string.Join(" ", body.GetGenericArguments().Select(a => a.Name)) switch
        {
            "TFormula" => Formulas(body.GetGenericArguments()[0].GetGenericParameterConstraints().Single(c => c.IsInterface)).Select(f => body.MakeGenericType(f)),
            "T TReal" => [body.MakeGenericType(typeof(float), typeof(SingleReal)), body.MakeGenericType(typeof(double), typeof(DoubleReal))],
            "T V TLane" => [body.MakeGenericType(typeof(float), typeof(float), typeof(One<float>)), body.MakeGenericType(typeof(float), typeof(Quad<float>), typeof(Four<float>)),
                body.MakeGenericType(typeof(double), typeof(double), typeof(One<double>)), body.MakeGenericType(typeof(double), typeof(Quad<double>), typeof(Four<double>))],
            "T TReal V TLane" => [body.MakeGenericType(typeof(float), typeof(SingleReal), typeof(float), typeof(One<float>)), body.MakeGenericType(typeof(float), typeof(SingleReal), typeof(Quad<float>), typeof(Four<float>)),
                body.MakeGenericType(typeof(double), typeof(DoubleReal), typeof(double), typeof(One<double>)), body.MakeGenericType(typeof(double), typeof(DoubleReal), typeof(Quad<double>), typeof(Four<double>))],
            "T TKey" => [body.MakeGenericType(typeof(float), typeof(SortKernel.SingleKey)), body.MakeGenericType(typeof(double), typeof(SortKernel.DoubleKey)), body.MakeGenericType(typeof(long), typeof(SortKernel.Int64Key))],
            "T TElement" => [body.MakeGenericType(typeof(float), typeof(Float32Element)), body.MakeGenericType(typeof(double), typeof(Float64Element))],
            "TNumber" => new[] { typeof(float), typeof(double), typeof(long), typeof(byte) }.Select(t => body.MakeGenericType(t)),
            "T" => new[] { typeof(byte), typeof(ushort), typeof(uint), typeof(ulong), typeof(float), typeof(double), typeof(long) }.Select(t => body.MakeGenericType(t)),
            "TIn TRead TOut TWrite" => Conversions.Select(c => body.MakeGenericType(Stored(c.From), c.From, Stored(c.To), c.To)),
            _ => [],
        };
    }

    private static IEnumerable<Type> Formulas(Type contract) =>
        typeof(IMapFormula).Assembly.GetTypes().Concat(typeof(GpuBackend).Assembly.GetTypes()).Where(t => t.IsValueType && !t.IsGenericType && contract.IsAssignableFrom(t));

    private static Type[] Elements =>
    [
        typeof(Float32Element), typeof(Float64Element), typeof(Float16Element), typeof(BFloat16Element), typeof(Int64Element),
        typeof(Int32Element), typeof(Int16Element), typeof(Int8Element), typeof(UInt8Element), typeof(BoolElement),
    ];

    // Reading and writing share no code, so every element paired with one floating and one integral partner covers all pairs.
    private static IEnumerable<(Type From, Type To)> Conversions =>
        from element in Elements
        from partner in new[] { typeof(Float32Element), typeof(Int64Element) }
        where element != partner
        from pair in new[] { (element, partner), (partner, element) }
        select pair;

    private static Type Stored(Type element) => element.GetInterfaces().Single(i => i.Name.StartsWith("IElement", StringComparison.Ordinal)).GetGenericArguments()[0];

    private static string Name(Type body) => $"{body.DeclaringType!.Name}.{body.Name}<{string.Join(", ", body.GetGenericArguments().Select(a => a.Name))}>";

    [GeneratedRegex(@"\b(ld|st)\.(?!param|global|local|shared|const)[^\n;]*")]
    private static partial Regex Generic();

    [GeneratedRegex(@"\b(tanh|ex2|lg2|sin|cos)\.approx[^\n;]*")]
    private static partial Regex Approximation();
}
