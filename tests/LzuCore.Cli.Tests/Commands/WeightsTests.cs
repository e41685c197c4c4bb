using LzuCore.Testing.Checkpoints;

namespace LzuCore.Cli.Tests.Commands;

/// <summary>Checkpoints of every family through the verbs that take them.</summary>
public sealed class WeightsTests
{
    private static readonly (string Verb, string Family, string[] Options, Func<object> Root)[] Verbs =
    [
        ("detect", "torchvision retinanet", [], () => CheckpointFile.StateDict(CheckpointFamilies.TorchvisionRetinaNet())),
        ("detect", "torchvision retinanet", [], () => CheckpointFile.StateDict(CheckpointFamilies.TorchvisionRetinaNetV2())),
        ("detect", "mmdetection retinanet", [], () => CheckpointFile.Mmcv(CheckpointFamilies.MmdetRetinaNet().Behind("module."))),
        ("segment", "mmsegmentation pspnet", [], () => CheckpointFile.Mmcv(CheckpointFamilies.PspNet())),
        ("detect3d", "mmdetection3d fcos3d", ["--intrinsics", "60,60,48,32"], () => CheckpointFile.Mmcv([.. CheckpointFamilies.Fcos3d(oldOffsets: true), new("grid_generator.filter", 53)])),
    ];

    [Test]
    public void EveryFamily_Runs_AndInspectNamesIt([Values(0, 1, 2, 3, 4)] int which)
    {
        using var folder = new WorkFolder();
        var (verb, family, options, root) = Verbs[which];
        var file = CheckpointFile.WriteTorch(folder["weights ü.pth"], root());
        Assert.That(Lzu.Run("inspect", file, "--json").Succeeded().Json.GetProperty("family").GetString(), Is.EqualTo(family));
        var run = Lzu.Run([verb, "image:1@64x96", "--weights", file, .. options, "--json"]).Succeeded();
        Assert.That(run.Json.GetProperty("images").GetArrayLength(), Is.EqualTo(1));
    }

    [Test]
    public void WrongFile_IsOneLine_ThatNamesTheRightVerb()
    {
        using var folder = new WorkFolder();
        var file = CheckpointFile.WriteTorch(folder["a.pth"], CheckpointFile.StateDict(CheckpointFamilies.MmdetRetinaNet(8)));
        Lzu.Run("segment", "image:1@64x96", "--weights", file).Failed(2, "a.pth", "a RetinaNet of mmdetection", "lzu detect");
        Lzu.Run("detect3d", "image:1@64x96", "--weights", file, "--intrinsics", "60,60,48,32").Failed(2, "a RetinaNet of mmdetection");
        File.WriteAllBytes(folder["cut.pth"], File.ReadAllBytes(file)[..^1000]);
        Lzu.Run("detect", "image:1@64x96", "--weights", folder["cut.pth"]).Failed(2, "cut.pth");
    }
}
