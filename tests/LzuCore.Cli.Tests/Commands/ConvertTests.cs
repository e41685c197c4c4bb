using LzuCore.Testing.Checkpoints;

namespace LzuCore.Cli.Tests.Commands;

public sealed class ConvertTests
{
    private string _folder = "";

    private static string Golden(string file) => Path.Combine(Repository.Root, "tests", "goldens", "checkpoints", file);

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("lzu-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    private static List<string> Facts(string file) =>
        [.. Lzu.Run("inspect", file, "--json").Succeeded().Json.GetProperty("tensors").EnumerateArray().Select(t => t.GetRawText().Replace(" ", "").Replace("\n", "")).Order(StringComparer.Ordinal)];

    [TestCase("zip_mmdet_style.pth")]
    [TestCase("legacy_views_shared.pth")]
    [TestCase("zip_all_dtypes.pth")]
    [TestCase("bare_pickle_tensor.pkl")]
    public void Safetensors_HasTheSameNamesTypesAndBits(string file)
    {
        var to = Path.Combine(_folder, "öut.safetensors");
        var document = Lzu.Run("convert", Golden(file), to, "--json").Succeeded().Json;
        Assert.That(Facts(to), Is.EqualTo(Facts(Golden(file))));
        Assert.That(document.GetProperty("tensors").GetInt32(), Is.EqualTo(Facts(to).Count));
        Assert.That(document.GetProperty("bytes").GetInt64(), Is.EqualTo(new FileInfo(to).Length));
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.EqualTo(new[] { to }));
    }

    [Test]
    public void Npz_HasTheSameBits_AndComesBack()
    {
        var (npz, back) = (Path.Combine(_folder, "a.npz"), Path.Combine(_folder, "a.safetensors"));
        Lzu.Run("convert", Golden("zip_mmdet_style.pth"), npz).Succeeded();
        Lzu.Run("convert", npz, back).Succeeded();
        Assert.That(Facts(npz), Is.EqualTo(Facts(Golden("zip_mmdet_style.pth"))));
        Assert.That(Facts(back), Is.EqualTo(Facts(npz)));
    }

    [Test]
    public void Npz_WidensBfloat16_AndSaysSo()
    {
        var npz = Path.Combine(_folder, "a.npz");
        Assert.That(Lzu.Run("convert", Golden("ok_all_dtypes.safetensors"), npz).Succeeded().Error, Does.Contain("bfloat16"));
        Assert.That(Facts(npz).Single(f => f.Contains("\"bf16\"")), Does.Contain("\"float32\""));
        Assert.That(Facts(npz).Where(f => !f.Contains("\"bf16\"")), Is.EqualTo(Facts(Golden("ok_all_dtypes.safetensors")).Where(f => !f.Contains("\"bf16\""))));
    }

    [TestCase("out.pth", "not written")]
    [TestCase("out.bin", "must end in")]
    [TestCase("out", "must end in")]
    public void UnknownTarget_IsRefusedBeforeAnythingIsRead(string name, string says) => Lzu.Run("convert", "missing", Path.Combine(_folder, name)).Failed(2, says);

    [Test]
    public void BadSource_LeavesNothingBehind()
    {
        Lzu.Run("convert", Golden("bad_zip_crc.pth"), Path.Combine(_folder, "new", "a.safetensors")).Failed(2, "checksum");
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.Empty);
    }

    private static List<string> Names(string file) => [.. Lzu.Run("inspect", file, "--json").Succeeded().Json.GetProperty("tensors").EnumerateArray().Select(t => t.GetProperty("name").GetString()!)];

    [Test]
    public void Layout_WritesMmdetsNames_AndSaysWhatWasLeftOut()
    {
        var weights = CheckpointFamilies.TorchvisionRetinaNet(8, TorchvisionSpelling.Oldest, p6: 2048, tracked: true).ToList();
        var from = CheckpointFile.WriteTorch(Path.Combine(_folder, "a.pth"), CheckpointFile.Mmcv([.. weights.Behind("module."), .. weights.Take(3).Averages(), new CheckpointEntry("module.grid_generator.filter", 53)]));
        var (to, back) = (Path.Combine(_folder, "b.safetensors"), Path.Combine(_folder, "c.safetensors"));
        var run = Lzu.Run("convert", from, to, "--layout", "mmdet", "--json").Succeeded();
        Assert.That(run.Json.GetProperty("family").GetString(), Is.EqualTo("torchvision retinanet"));
        Assert.That(run.Json.GetProperty("tensors").GetInt32(), Is.EqualTo(weights.Count));
        Assert.That(run.Json.GetProperty("left_out").EnumerateArray().Select(v => v.GetString()), Is.EquivalentTo(new[]
        {
            "optimizer/state/0/momentum_buffer", "optimizer/state/1/momentum_buffer", "state_dict/module.grid_generator.filter",
            "state_dict/ema_backbone_body_conv1_weight", "state_dict/ema_backbone_body_bn1_weight", "state_dict/ema_backbone_body_bn1_bias",
        }));
        Assert.That(run.Error, Does.Contain("left out: 2 under optimizer").And.Contain("left out: 3 under state_dict/ema").And.Contain("left out: 1 under state_dict/module").And.Contain("ReLU before P7").And.Not.Contain("eps"));
        Assert.That(Names(to), Is.EquivalentTo(CheckpointFamilies.MmdetRetinaNet(8).Select(e => e.Key)));
        Lzu.Run("convert", to, back, "--layout", "torchvision").Succeeded();
        Assert.That(Names(back), Is.EquivalentTo(CheckpointFamilies.TorchvisionRetinaNet(8, tracked: true).Select(e => e.Key)));
        // The same values, whatever they are called.
        Assert.That(Lzu.Run("inspect", back, "--json").Json.GetProperty("tensors").EnumerateArray().Select(t => t.GetProperty("sha256").GetString()).Order(),
            Is.EqualTo(Lzu.Run("inspect", to, "--json").Json.GetProperty("tensors").EnumerateArray().Select(t => t.GetProperty("sha256").GetString()).Order()));
    }

    [Test]
    public void Layout_SaysWhatThePublishedNormsWant()
    {
        var from = CheckpointFile.WriteTorch(Path.Combine(_folder, "a.pth"), CheckpointFile.StateDict(CheckpointFamilies.TorchvisionRetinaNet()));
        Assert.That(Lzu.Run("convert", from, Path.Combine(_folder, "b.safetensors"), "--layout", "mmdet").Succeeded().Error, Does.Contain("--norm-eps 0"));
    }

    [TestCase("mmdet", "backbone.")]
    [TestCase("torchvision", "")]
    public void Layout_OfABackbone_IsItsLibrarysOwn(string layout, string prefix)
    {
        var from = CheckpointFile.WriteTorch(Path.Combine(_folder, "a.pth"), CheckpointFile.StateDict(CheckpointFamilies.ResNet50(classes: 10)));
        var to = Path.Combine(_folder, "b.npz");
        var run = Lzu.Run("convert", from, to, "--layout", layout, "--json").Succeeded();
        Assert.That(run.Json.GetProperty("left_out").GetArrayLength(), Is.EqualTo(layout == "mmdet" ? 2 : 0));
        Assert.That(Names(to), Is.EquivalentTo(CheckpointFamilies.ResNet50(prefix, classes: layout == "mmdet" ? 0 : 10).Select(e => e.Key)));
    }

    [Test]
    public void Layout_TakesAwayAPrefix_AndTheMethodsConstants()
    {
        var from = CheckpointFile.WriteTorch(Path.Combine(_folder, "a.pth"), CheckpointFile.Mmcv([.. CheckpointFamilies.Fcos3d(oldOffsets: true).Behind("model.")]));
        var to = Path.Combine(_folder, "b.safetensors");
        Lzu.Run("detect3d", "image:1@64x64", "--weights", from, "--intrinsics", "50,50,32,32").Failed(2, "'model.'", "lzu convert");
        Assert.That(Lzu.Run("convert", from, to, "--layout", "mmdet").Succeeded().Error, Does.Contain("'model.' was taken from every key"));
        Assert.That(Names(to), Is.EquivalentTo(CheckpointFamilies.Fcos3d().Select(e => e.Key)));
    }

    [Test]
    public void Layout_ThatCannotBe_IsRefused_AndLeavesNothing()
    {
        var fcos3d = CheckpointFile.WriteTorch(Path.Combine(_folder, "a.pth"), CheckpointFile.StateDict(CheckpointFamilies.Fcos3d()));
        var to = Path.Combine(_folder, "b.safetensors");
        Lzu.Run("convert", fcos3d, to, "--layout", "torchvision").Failed(2, "an FCOS3D of mmdetection3d", "torchvision has no such network");
        Lzu.Run("convert", Golden("ok_all_dtypes.safetensors"), to, "--layout", "mmdet").Failed(2, "no network that is known here");
        var half = CheckpointFile.WriteTorch(Path.Combine(_folder, "c.pth"), CheckpointFile.StateDict(CheckpointFamilies.MmdetRetinaNet(8).Where(e => !e.Key.Contains("reg_convs"))));
        Lzu.Run("convert", half, to, "--layout", "mmdet").Failed(2, "8 missing", "a RetinaNet of mmdetection");
        Assert.That(File.Exists(to), Is.False);
    }
}
