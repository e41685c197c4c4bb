using LzuCore.Gpu;

namespace LzuCore.Gpu.Tests;

/// <summary>The composition root of these tests.</summary>
[SetUpFixture]
public sealed class Setup
{
    [OneTimeSetUp]
    public void Register() => GpuBackend.Register();
}
