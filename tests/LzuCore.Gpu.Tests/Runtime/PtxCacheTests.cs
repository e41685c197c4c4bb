using ILGPU.Runtime.Cuda;
using LzuCore.Gpu.Kernels;
using LzuCore.Gpu.Runtime;

namespace LzuCore.Gpu.Tests.Runtime;

/// <summary>Compiled kernels on disk.</summary>
public sealed class PtxCacheTests
{
    private static readonly Type Body = typeof(CopyKernel.FillBody<uint>);

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("lzu-ptx").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void ASecondCompiler_GetsTheFirstOnesText()
    {
        var made = Compile(Body);
        var file = Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).Single();
        Assert.That(File.ReadAllText(file), Is.EqualTo(made.Ptx));
        File.WriteAllText(file, made.Ptx + "// kept\n}");
        Assert.That(Compile(Body).Ptx, Does.EndWith("// kept\n}"));
        Assert.That(Compile(Body).Name, Is.EqualTo(made.Name));
    }

    [TestCase("")]
    [TestCase("half a tex")]
    [TestCase(".visible .entry another_kernel() { }")]
    public void AFileThatIsNotTheKernels_IsReplaced(string broken)
    {
        var made = Compile(Body);
        var file = Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).Single();
        File.WriteAllText(file, broken);
        Assert.That(Compile(Body).Ptx, Does.Contain($".entry {made.Name}("));
        Assert.That(File.ReadAllText(file), Does.Contain($".entry {made.Name}("));
    }

    [Test]
    public void AKernelOfGroups_KeepsItsLanes()
    {
        var body = KernelCatalog.Close(typeof(TileProduct<,,,>)).First();
        Assert.That(Compile(body).Lanes, Is.EqualTo(64));
        Assert.That(Compile(body).Lanes, Is.EqualTo(64));
    }

    [Test]
    public void AFolderThatCannotBeMade_IsNoFault()
    {
        var file = Path.Combine(_folder, "a file");
        File.WriteAllText(file, "");
        using var compiler = new KernelCompiler(CudaArchitecture.SM_90, file);
        Assert.That(compiler.Compile(Body).Ptx, Does.Contain(".entry "));
    }

    private CompiledKernel Compile(Type body)
    {
        using var compiler = new KernelCompiler(CudaArchitecture.SM_90, _folder);
        return compiler.Compile(body);
    }
}
