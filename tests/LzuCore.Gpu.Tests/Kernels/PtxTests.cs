using System.Text.RegularExpressions;
using ILGPU.Runtime.Cuda;
using LzuCore.Gpu.Runtime;

namespace LzuCore.Gpu.Tests.Kernels;

/// <summary>Every kernel compiles to PTX, without a GPU: for the architectures of A100 and H100, float32 and float64, every formula. Guards what costs most when it slips in.</summary>
public sealed partial class PtxTests
{
    private static readonly KernelCompiler[] Compilers = [new(CudaArchitecture.SM_80), new(CudaArchitecture.SM_90)];

    private static IEnumerable<TestCaseData> Kernels => KernelCatalog.Bodies.Select(b => new TestCaseData(b).SetArgDisplayNames(KernelCatalog.Name(b)));

    [OneTimeTearDown]
    public void DisposeCompilers()
    {
        foreach (var compiler in Compilers) compiler.Dispose();
    }

    [Test]
    public void EveryKernelFamily_HasBodies() =>
        Assert.That(KernelCatalog.Bodies.Select(b => b.DeclaringType).Distinct().Count(), Is.GreaterThanOrEqualTo(20));

    [TestCaseSource(nameof(Kernels))]
    public void Body_CompilesToCleanPtx(Type body)
    {
        var closed = KernelCatalog.Close(body).ToList();
        Assert.That(closed, Is.Not.Empty, "no type arguments are known for this kernel: add them to KernelCatalog.Close");
        var faults = new List<string>();
        foreach (var kernel in closed)
            foreach (var compiler in Compilers)
            {
                var ptx = compiler.Compile(kernel).Ptx;
                var counts = PtxListing.Of(ptx);
                var name = KernelCatalog.Name(kernel);
                if (Generic().Match(ptx) is { Success: true } access) faults.Add($"{name}: '{access.Value}' names no address space");
                if (counts.Local > 0 || ptx.Contains(".local")) faults.Add($"{name}: local memory");
                if (Approximation().Match(ptx) is { Success: true } coarse) faults.Add($"{name}: '{coarse.Value}', which DeviceMath should have replaced");
                if (counts.Stores + counts.VectorStores == 0) faults.Add($"{name}: writes nothing");
                // Kernels that move fours must do so in 16-byte accesses (32 bytes of float64 are two of them).
                if (name.Contains("Four") && (counts.VectorLoads == 0 || counts.VectorStores == 0)) faults.Add($"{name}: fours are not moved by vector instructions");
            }
        Assert.That(faults, Is.Empty, string.Join("\n", faults));
    }

    [GeneratedRegex(@"\b(ld|st)\.(?!param|global|local|shared|const)[^\n;]*")]
    private static partial Regex Generic();

    [GeneratedRegex(@"\b(tanh|ex2|lg2|sin|cos|sqrt|rsqrt|rcp|div)\.approx[^\n;]*")]
    private static partial Regex Approximation();
}
