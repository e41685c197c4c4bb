using System.Text.RegularExpressions;
using ILGPU.Runtime.Cuda;
using LzuCore.Gpu.Runtime;

namespace LzuCore.Gpu.Tests.Runtime;

/// <summary>The bytes of a kernel's arguments lie where its PTX reads them: every ld.param of every kernel against the layout.</summary>
public sealed partial class ArgumentLayoutTests
{
    private static readonly KernelCompiler Compiler = new(CudaArchitecture.SM_90);

    private static IEnumerable<TestCaseData> Kernels => KernelCatalog.Bodies.Select(b => new TestCaseData(b).SetArgDisplayNames(KernelCatalog.Name(b)));

    [OneTimeTearDown]
    public void DisposeCompiler() => Compiler.Dispose();

    [TestCaseSource(nameof(Kernels))]
    public void Layout_IsThePtxs(Type body)
    {
        foreach (var kernel in KernelCatalog.Close(body))
        {
            var name = KernelCatalog.Name(kernel);
            var ptx = Compiler.Compile(kernel).Ptx;
            var layout = ArgumentLayout.Of(kernel);
            var declared = Parameter().Match(ptx);
            Assert.That(declared.Success, name);
            Assert.That(layout.Size, Is.EqualTo(int.Parse(declared.Groups[2].Value)), $"{name}: size");
            // Offset to width, in bits; a view is its address and its length.
            var expected = layout.Fields.SelectMany(f => f.IsView ? [(f.Offset, 64), (f.Offset + 8, 64)] : new[] { (f.Offset, 8 * Width(f.Type)) }).Concat(layout.Placeholders.Select(at => (at, 8))).ToDictionary(f => f.Item1, f => f.Item2);
            var loads = Load().Matches(ptx).Where(m => m.Groups[2].Value == declared.Groups[1].Value).ToList();
            Assert.That(loads, Is.Not.Empty, name);
            foreach (Match load in loads)
            {
                var offset = load.Groups[3].Success ? int.Parse(load.Groups[3].Value) : 0;
                Assert.That(expected.TryGetValue(offset, out var bits), $"{name}: reads {offset}, where the layout has nothing");
                Assert.That(int.Parse(load.Groups[1].Value), Is.EqualTo(bits), $"{name}: width at {offset}");
            }
        }
    }

    private static int Width(Type type) => type == typeof(bool) ? 1 : System.Runtime.InteropServices.Marshal.SizeOf(type);

    [GeneratedRegex(@"\.param \.align \d+ \.b8 (_\w+)\[(\d+)\]")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"ld\.param\.[a-z](\d+)\s+%\w+, \[(_\w+?)(?:\+(\d+))?\]")]
    private static partial Regex Load();
}
