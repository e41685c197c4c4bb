using LzuCore.Gpu.Cudnn;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Tests.Cudnn;

/// <summary>Plans on disk: what was written comes back, for the same problem and home only; anything else is as good as nothing.</summary>
public sealed class CudnnPlanCacheTests
{
    private static readonly PlanHome Home = new("Fake GPU", 90, 132, 91200);
    private static readonly ConvGraphProblem Problem = new(
        new ConvProblem(ConvDirection.Forward, DType.Float16, 1, 8, 56, 16, 56, 8, 3, new(1, 1, 1, 1)), HasBias: true, HasResidual: false, Activation.Relu, Alignment: 16);
    private static readonly byte[] Plan = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
    private string _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Path.Combine(Path.GetTempPath(), $"lzu-plans-{Guid.NewGuid():N}");

    [TearDown]
    public void DeleteFolder()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public void WhatWasWritten_ComesBack_AndTheLastWins()
    {
        var cache = new CudnnPlanCache(_folder, Home);
        Assert.That(cache.Read(Problem), Is.Null);
        cache.Write(Problem, [1, 2]);
        cache.Write(Problem, Plan);
        Assert.That(new CudnnPlanCache(_folder, Home).Read(Problem), Is.EqualTo(Plan));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1), "no drafts stay");
    }

    [Test]
    public void EveryPartOfTheKey_Counts()
    {
        new CudnnPlanCache(_folder, Home).Write(Problem, Plan);
        foreach (var home in new[] { Home with { Name = "Another" }, Home with { ComputeCapability = 80 }, Home with { Multiprocessors = 114 }, Home with { CudnnVersion = 91201 } })
            Assert.That(new CudnnPlanCache(_folder, home).Read(Problem), Is.Null, home.ToString());
        foreach (var problem in new[] { Problem with { HasBias = false }, Problem with { Alignment = 4 }, Problem with { Conv = Problem.Conv with { Args = new(1, 1, 2, 1) } }, Problem with { Conv = Problem.Conv with { DType = DType.BFloat16 } } })
            Assert.That(new CudnnPlanCache(_folder, Home).Read(problem), Is.Null, problem.ToString());
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{\"Format\":\"lzu.cudnn-plan/1\"}")]
    public void ABrokenFile_IsIgnored_AndReplaced(string text)
    {
        var cache = new CudnnPlanCache(_folder, Home);
        Directory.CreateDirectory(_folder);
        File.WriteAllText(cache.PathOf(Problem), text);
        Assert.That(cache.Read(Problem), Is.Null);
        cache.Write(Problem, Plan);
        Assert.That(cache.Read(Problem), Is.EqualTo(Plan));
    }

    [Test]
    public void AFileOfAnotherHome_UnderThisName_IsIgnored()
    {
        CudnnPlanCache cache = new(_folder, Home), other = new(_folder, Home with { CudnnVersion = 92000 });
        other.Write(Problem, Plan);
        File.Move(other.PathOf(Problem), cache.PathOf(Problem));
        Assert.That(cache.Read(Problem), Is.Null);
    }

    [Test]
    public void AFolderThatCannotBeWritten_IsNoFault()
    {
        File.WriteAllText(_folder, "a file where the folder should be");
        var cache = new CudnnPlanCache(_folder, Home);
        Assert.That(() => cache.Write(Problem, Plan), Throws.Nothing);
        Assert.That(cache.Read(Problem), Is.Null);
        File.Delete(_folder);
    }
}
