using LzuCore.Memory;

namespace LzuCore.Cli.Tests.Commands;

/// <summary>What is said about GPUs, with and without one.</summary>
public sealed class GpuTests
{
    [Test]
    public void SomethingElseThanPtx_IsAUsageError() => Lzu.Run("gpu", "cubin").Failed(2, "'cubin'", "choose ptx");

    [Test]
    public void AFileForAFolder_IsAUsageError()
    {
        var file = Path.GetTempFileName();
        Lzu.Run("gpu", "ptx", "--out", file, "--quiet").Failed(2, "--out must be a folder", file);
        File.Delete(file);
    }

    [TestCase("bench", "gemm")]
    [TestCase("zoom", "image:1@64x64", "--out", "nowhere")]
    public void CudaWithoutADriver_IsOneLineAndExitCode3(params string[] command)
    {
        RequireNoGpu();
        Lzu.Run([.. command, "--device", "cuda"]).Failed(3, "device cuda:0 is not available", "--device cpu");
    }

    [Test]
    public void Doctor_ListsWhatThereIs_AndEndsWithTheDeviceThatIsNot()
    {
        RequireNoGpu();
        var run = Lzu.Run("doctor", "--device", "cuda");
        Assert.That(run.Code, Is.EqualTo(3));
        Assert.That(run.Out, Does.Contain("library cuDNN").And.Contain("looked for"));
        Assert.That(run.Error.TrimEnd(), Does.StartWith("error: device cuda:0 is not available").And.Not.Contain("\n"));
    }

    private static void RequireNoGpu()
    {
        try
        {
            LzuCore.Gpu.GpuBackend.Register();
            BackendRegistry.Get(new Device("cuda"));
        }
        catch (DeviceException)
        {
            return;
        }
        Assert.Ignore("this machine has a CUDA GPU");
    }

    [Test]
    public void AStepOfTraining_AndHalves_AreMeasured()
    {
        Lzu.Run("bench", "train", "retinanet", "--size", "64x64", "--batch", "1", "--precision", "bfloat16").Succeeded();
        Lzu.Run("bench", "train", "resnet50").Failed(2, "choose one of");
        Lzu.Run("bench", "conv", "--precision", "float16").Failed(2, "--precision float16");
    }
}
