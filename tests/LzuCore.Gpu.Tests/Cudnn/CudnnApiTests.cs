using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LzuCore.Gpu.Interop;
using LzuCore.Memory;

namespace LzuCore.Gpu.Tests.Cudnn;

/// <summary>Binding by name, layouts of what crosses, and what is said when a call fails.</summary>
public sealed class CudnnApiTests
{
    [Test]
    public void Structs_HaveTheSizesAndOffsetsOfTheHeaders()
    {
        Assert.That(Unsafe.SizeOf<CudnnPerf>(), Is.EqualTo(48));
        Assert.That(Unsafe.SizeOf<CublasLtAlgorithm>(), Is.EqualTo(64));
        Assert.That(Unsafe.SizeOf<CublasLtHeuristic>(), Is.EqualTo(96));
        Assert.That(Offset<CudnnPerf>(nameof(CudnnPerf.Memory)), Is.EqualTo(16));
        Assert.That(Offset<CudnnPerf>(nameof(CudnnPerf.Determinism)), Is.EqualTo(24));
        Assert.That(Offset<CudnnPerf>(nameof(CudnnPerf.Math)), Is.EqualTo(28));
        Assert.That(Offset<CublasLtHeuristic>(nameof(CublasLtHeuristic.WorkspaceBytes)), Is.EqualTo(64));
        Assert.That(Offset<CublasLtHeuristic>(nameof(CublasLtHeuristic.Status)), Is.EqualTo(72));

        static int Offset<T>(string field) => (int)Marshal.OffsetOf<T>(field);
    }

    [Test]
    public void MissingFunctions_AreAllNamedAtOnce()
    {
        using var fake = new FakeCudnn();
        fake.Missing.UnionWith(["cudnnConvolutionForward", "cudnnBackendExecute"]);
        Assert.That(() => fake.Api(), Throws.TypeOf<DeviceException>().With.Message.StartsWith("cuDNN: must export cudnnConvolutionForward, cudnnBackendExecute, got"));
    }

    [Test]
    public void TheLastWords_AreOptional()
    {
        using var fake = new FakeCudnn();
        fake.Missing.Add("cudnnGetLastErrorString");
        Assert.That(fake.Api().Fault("cudnnCreate", 5000).Message, Does.Contain("cudnnCreate must succeed, got status 5000 (FAKE_STATUS)."));
    }

    [Test]
    public void AFailure_SaysFunctionStatusAndWords()
    {
        using var fake = new FakeCudnn { StatusOf = call => call == "cudnnCreate" ? 1001 : 0 };
        var api = fake.Api();
        var fault = Assert.Throws<NativeCallException>(() => _ = new CudnnHandle(api, 0));
        Assert.That(fault!.Function, Is.EqualTo("cudnnCreate"));
        Assert.That(fault.Status, Is.EqualTo(1001));
        Assert.That(fault.Message, Does.StartWith("cuDNN: cudnnCreate must succeed, got status 1001 (FAKE_STATUS: the last words)."));
    }

    [Test]
    public void AHandleWhoseStreamIsRefused_IsDestroyed()
    {
        using var fake = new FakeCudnn { StatusOf = call => call == "cudnnSetStream" ? 2000 : 0 };
        var api = fake.Api();
        Assert.That(() => _ = new CudnnHandle(api, 7), Throws.TypeOf<NativeCallException>());
        Assert.That(fake.Calls, Is.EqualTo(new[] { "cudnnCreate", "cudnnSetStream", "cudnnDestroy" }));
        Assert.That(fake.Alive, Is.Empty);
    }

    [TestCase("cudnnSetTensor4dDescriptor")]
    [TestCase("cudnnSetConvolutionGroupCount")]
    public void ADescriptorThatIsRefused_IsDestroyed(string refused)
    {
        using var fake = new FakeCudnn { StatusOf = call => call == refused ? 2000 : 0 };
        var api = fake.Api();
        Assert.That(() =>
        {
            using var tensor = CudnnDescriptor.Tensor(api, CudnnDataType.Float, 1, 2, 3, 4);
            using var convolution = CudnnDescriptor.Convolution(api, CudnnDataType.Float, new(1, 0, 1, 1), CudnnMath.Fma);
        }, Throws.TypeOf<NativeCallException>().With.Property(nameof(NativeCallException.Function)).EqualTo(refused));
        Assert.That(fake.Alive, Is.Empty);
        Assert.That(fake.Faults, Is.Empty);
    }

    [TestCase(3000, true)]
    [TestCase(3014, true)]
    [TestCase(2000, false)]
    [TestCase(5000, false)]
    [TestCase(0, false)]
    public void Unsupported_IsACategory(int status, bool isUnsupported) => Assert.That(CudnnApi.IsUnsupported(status), Is.EqualTo(isUnsupported));

    [Test]
    public void AnotherVersionOrCuda_IsRefused()
    {
        using var fake = new FakeCudnn();
        Assert.That(() => CudaLibraries.Checked(fake.Api(), 13), Throws.Nothing);
        Assert.That(() => CudaLibraries.Checked(fake.Api(), 12), Throws.TypeOf<DeviceException>().With.Message.Contains("built for CUDA 12, got one for CUDA 13"));
        fake.Version = 100000;
        Assert.That(() => CudaLibraries.Checked(fake.Api(), 13), Throws.TypeOf<DeviceException>().With.Message.Contains("must be version 9, got 100000"));
    }
}
