using LzuCore.Gpu;
using LzuCore.Gpu.Tests.Runtime;
using LzuCore.Memory;

namespace LzuCore.Gpu.Tests;

/// <summary>The composition root of these tests.</summary>
[SetUpFixture]
public sealed class Setup
{
    [OneTimeSetUp]
    public void Register()
    {
        GpuBackend.Register();
        BackendRegistry.Register("madeup", index => GpuBackend.CreateCuda(FakeCuda.Driver(), index, "madeup"));
    }
}
