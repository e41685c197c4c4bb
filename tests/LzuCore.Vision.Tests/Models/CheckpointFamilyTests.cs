using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Serialization;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing.Checkpoints;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;

namespace LzuCore.Vision.Tests.Models;

/// <summary>A checkpoint of each family, written by rules of its own library, loads whole; a wrong one is refused in one line that says what it is and what to do.</summary>
public sealed class CheckpointFamilyTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("lzu families ").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    private StateDict Read(object root)
    {
        using var file = Checkpoint.Open(CheckpointFile.WriteTorch(Path.Combine(_folder, "weights.pth"), root));
        return file.ToStateDict();
    }

    private static StateDict Bare(IEnumerable<CheckpointEntry> entries) => new(entries.Select(e => KeyValuePair.Create(e.Key, Tensor.Zeros(new Shape(e.Shape)))));

    // The rules agree with state dicts that the libraries themselves wrote out.
    [Test]
    public void Rules_MakeTheLibrariesOwnLists()
    {
        Check(CheckpointFamilies.ResNet50(classes: 1000), "resnet50.txt");
        Check(CheckpointFamilies.MmdetRetinaNet(8), "retinanet_mmdet.txt");
        Check(CheckpointFamilies.TorchvisionRetinaNet(8, tracked: true), "retinanet_torchvision.txt");
        Assert.That(CheckpointFamilies.ResNet50(classes: 1000).Count(), Is.EqualTo(320));
        Assert.That(CheckpointFamilies.Fcos3d().Count(), Is.EqualTo(437));

        static void Check(IEnumerable<CheckpointEntry> entries, string list) => Assert.That(entries.Select(e => $"{e.Key} [{string.Join(", ", e.Shape)}]"),
            Is.EquivalentTo(File.ReadAllLines(Path.Combine(ModelGoldens.Root, "tests", "goldens", "keys", list)).Where(l => l.Length > 0 && l[0] != '#')));
    }

    [TestCase(true, 1000), TestCase(false, 1000), TestCase(true, 0)]
    public void TorchvisionResNet_Loads(bool tracked, int classes)
    {
        var model = ModelCheckpoint.ResNet(Read(CheckpointFile.StateDict(CheckpointFamilies.ResNet50(tracked: tracked, classes: classes))));
        Assert.That(model.Keys.Any(k => k.Key == "fc.weight"), Is.EqualTo(classes > 0));
        Assert.That(Loaded(model, "layer4.2.conv2.weight"));
    }

    [TestCase(TorchvisionSpelling.Current), TestCase(TorchvisionSpelling.PlainPyramid), TestCase(TorchvisionSpelling.Oldest)]
    public void TorchvisionRetinaNet_Loads_InEverySpelling(TorchvisionSpelling spelling)
    {
        var model = ModelCheckpoint.RetinaNet(Read(CheckpointFile.StateDict(CheckpointFamilies.TorchvisionRetinaNet(spelling: spelling))));
        Assert.That(model.Options, Is.EqualTo(new RetinaNetOptions { Classes = 91, Layout = CheckpointLayout.Torchvision, Extra = ExtraLevels.OnOutput, NormEps = 0 }));
        Assert.That(Loaded(model, "head.regression_head.conv.3.0.weight") && Loaded(model, "backbone.fpn.inner_blocks.2.0.weight"));
    }

    [Test]
    public void TorchvisionRetinaNetV2_Loads_WithItsGroupNormsAndP6FromC5()
    {
        var model = ModelCheckpoint.RetinaNet(Read(CheckpointFile.StateDict(CheckpointFamilies.TorchvisionRetinaNetV2())));
        Assert.That(model.Options, Is.EqualTo(new RetinaNetOptions { Classes = 91, Layout = CheckpointLayout.Torchvision, Extra = ExtraLevels.OnInput, HeadNormGroups = 32 }));
        Assert.That(Loaded(model, "head.classification_head.conv.2.1.weight"));
    }

    [Test]
    public void MmdetRetinaNet_Loads_FromWhatItsRunnerSaves()
    {
        var weights = CheckpointFamilies.MmdetRetinaNet().ToList();
        using var file = Checkpoint.Open(CheckpointFile.WriteTorch(Path.Combine(_folder, "epoch_12.pth"), CheckpointFile.Mmcv([.. weights, .. weights.Where(e => e.Key.EndsWith("conv1.weight")).Averages()])));
        Assert.That(file.Skipped, Has.Some.Contains("ConfigDict").And.Some.Contains("datetime"));
        Assert.That(file.Tensors.Select(t => t.Name), Has.Some.StartsWith("optimizer/"));
        var model = ModelCheckpoint.RetinaNet(file.ToStateDict());
        Assert.That(model.Options, Is.EqualTo(new RetinaNetOptions { Classes = 80, Extra = ExtraLevels.OnInput }));
        Assert.That(Loaded(model, "neck.fpn_convs.3.conv.weight"));
    }

    [Test]
    public void DataParallelsPrefix_IsTakenAway_FromAllOrSomeKeys()
    {
        var weights = CheckpointFamilies.MmdetRetinaNet(8).ToList();
        Assert.That(ModelCheckpoint.RetinaNet(Read(CheckpointFile.Mmcv(weights.Behind("module.")))).Options.Classes, Is.EqualTo(8));
        var mixed = Bare([.. weights.Behind("module."), new CheckpointEntry("ema_backbone_conv1_weight", 64, 3, 7, 7), new CheckpointEntry("module.grid_generator.kernel", 3)]);
        Assert.That(CheckpointFamily.Clean(mixed).LeftOut, Is.EqualTo(new[] { "ema_backbone_conv1_weight", "module.grid_generator.kernel" }));
        Assert.That(ModelCheckpoint.RetinaNet(mixed).Options.Classes, Is.EqualTo(8));
    }

    [TestCase(false), TestCase(true)]
    public void Fcos3d_Loads_OfEitherAge_AndTheMethodsOwn(bool old)
    {
        CheckpointEntry[] own = [new("grid_generator.filter", 1, 1, 53), new("grid_generator.P_basis", 1, 1, 79)];
        var model = ModelCheckpoint.Fcos3d(Read(CheckpointFile.Mmcv([.. CheckpointFamilies.Fcos3d(old), .. own])));
        Assert.That((model.Options.Classes, model.Options.Attributes, model.Options.Style), Is.EqualTo((10, 9, ResNetStyle.Caffe)));
        Assert.That(Loaded(model, "backbone.layer3.0.conv2.conv_offset.weight"));
    }

    [Test]
    public void PspNet_Loads()
    {
        var model = ModelCheckpoint.PspNet(Read(CheckpointFile.Mmcv(CheckpointFamilies.PspNet())));
        Assert.That((model.Options.Classes, model.Options.Form, model.Options.Channels), Is.EqualTo((19, PspNetForm.Dilated, (int?)512)));
        Assert.That(Loaded(model, "backbone.stem.3.weight") && Loaded(model, "auxiliary_head.convs.0.conv.weight"));
    }

    [Test]
    public void Safetensors_LoadAsTheOthersDo()
    {
        using var file = Checkpoint.Open(CheckpointFile.WriteSafetensors(Path.Combine(_folder, "a.safetensors"), CheckpointFamilies.TorchvisionRetinaNet(4)));
        Assert.That(ModelCheckpoint.RetinaNet(file.ToStateDict()).Options.Classes, Is.EqualTo(4));
    }

    // eps 0 is a quirk of one published file; nothing else may get it by accident.
    [Test]
    public void NormEps_IsZero_OnlyForWhatLooksLikeThePublishedCocoWeights()
    {
        Assert.That(Eps(CheckpointFamilies.TorchvisionRetinaNet(91)), Is.Zero);
        Assert.That(Eps(CheckpointFamilies.TorchvisionRetinaNet(8)), Is.EqualTo(1e-5));
        Assert.That(Eps(CheckpointFamilies.TorchvisionRetinaNet(91, tracked: true)), Is.EqualTo(1e-5));
        Assert.That(Eps(CheckpointFamilies.MmdetRetinaNet(91)), Is.EqualTo(1e-5));
        Assert.That(ModelCheckpoint.RetinaNet(Bare(CheckpointFamilies.TorchvisionRetinaNet(91)), normEps: 1e-3).Options.NormEps, Is.EqualTo(1e-3));

        static double Eps(IEnumerable<CheckpointEntry> entries) => ModelCheckpoint.RetinaNet(Bare(entries)).Options.NormEps;
    }

    [TestCase(18), TestCase(34), TestCase(50), TestCase(101), TestCase(152)]
    public void Depth_IsToldFromTheBlocks(int depth)
    {
        var keys = new ResNet(new ResNetOptions { Depth = depth }).Keys.Select(k => k.Key).ToList();
        var zeros = new StateDict(new ResNet(new ResNetOptions { Depth = depth }).Keys.Select(k => KeyValuePair.Create(k.Key, Tensor.Zeros(k.Shape))));
        Assert.That(ModelCheckpoint.ResNet(zeros).Keys.Select(k => k.Key), Is.EqualTo(keys));
    }

    [Test]
    public void EqualWeights_UnderBothLibrariesNames_GiveEqualOutputs()
    {
        // Two lists made by two rules, in the same order of roles; P6 is made from C5 in both.
        var mmdet = CheckpointFamilies.MmdetRetinaNet(3).ToList();
        var torchvision = CheckpointFamilies.TorchvisionRetinaNet(3, p6: 2048, tracked: true).ToList();
        Assert.That(torchvision.Select(e => string.Join(",", e.Shape)), Is.EqualTo(mmdet.Select(e => string.Join(",", e.Shape))));
        var weights = DeterministicWeights.Make(mmdet.Select(e => (e.Key, new Shape(e.Shape))), 1);
        var names = mmdet.Zip(torchvision).ToDictionary(p => p.First.Key, p => p.Second.Key);
        using var off = Grad.Off();
        var image = DeterministicImage.Make(1, (64, 96)).ToTensor(Normalization.ImageNetRgb);
        foreach (var layout in new[] { CheckpointLayout.Mmdet, CheckpointLayout.Torchvision })
        {
            var (one, other) = (Output(weights), Output(weights.Rename(k => names[k])));
            foreach (var (a, b) in one.Zip(other)) Assert.That(b, Is.EqualTo(a));
            Assert.That(one.SelectMany(v => v).Distinct().Count(), Is.GreaterThan(1000));

            float[][] Output(StateDict state)
            {
                var model = ModelCheckpoint.RetinaNet(state, layout);
                model.Eval();
                return [.. model.Call(image).Tensors.Select(t => t.ToArray<float>())];
            }
        }
    }

    [Test]
    public void GroupNorms_HaveNamesInBothLibraries()
    {
        var model = new RetinaNet(new RetinaNetOptions { HeadNormGroups = 32, Layout = CheckpointLayout.Mmdet, Extra = ExtraLevels.OnInput, Classes = 91 });
        Assert.That(CheckpointFamilies.TorchvisionRetinaNetV2().Select(e => CheckpointKeys.ToMmdet(e.Key)), Is.EquivalentTo(model.Keys.Select(k => k.Key)));
        Assert.That(CheckpointFamilies.TorchvisionRetinaNetV2().Select(e => CheckpointKeys.ToTorchvision(CheckpointKeys.ToMmdet(e.Key)!)), Is.EqualTo(CheckpointFamilies.TorchvisionRetinaNetV2().Select(e => e.Key)));
        Assert.That(ModelCheckpoint.RetinaNet(Bare(CheckpointFamilies.TorchvisionRetinaNetV2()), CheckpointLayout.Mmdet).Options.HeadNormGroups, Is.EqualTo(32));
    }

    private static IEnumerable<TestCaseData> Wrong()
    {
        var retinanet = CheckpointFamilies.MmdetRetinaNet(8).ToList();
        yield return Case("another network", CheckpointFamilies.PspNet(), "a PSPNet of mmsegmentation", "lzu segment");
        yield return Case("another network of space", CheckpointFamilies.Fcos3d(), "an FCOS3D of mmdetection3d", "lzu detect3d");
        yield return Case("a classifier", CheckpointFamilies.ResNet50(classes: 1000), "a ResNet of torchvision", "no head");
        yield return Case("no head", retinanet.Where(e => !e.Key.StartsWith("bbox_head.")), "a backbone and pyramid of mmdetection without a head", "no head");
        yield return Case("no tower", retinanet.Where(e => !e.Key.StartsWith("bbox_head.reg_")), "a RetinaNet of mmdetection", "8 missing", "all under bbox_head.reg_convs", "a part of the network only");
        yield return Case("no output", retinanet.Where(e => !e.Key.StartsWith("bbox_head.retina_cls")), "a RetinaNet of mmdetection", "bbox_head.retina_cls.weight must be there", "as published");
        yield return Case("two class counts", retinanet.Select(e => e.Key == "bbox_head.retina_cls.bias" ? e with { Shape = [720] } : e), "1 mis-shaped (bbox_head.retina_cls.bias wants [72], got [720])", "a RetinaNet of mmdetection");
        yield return Case("other anchors", retinanet.Select(e => e.Key.StartsWith("bbox_head.retina_cls") ? e with { Shape = [80, .. e.Shape[1..]] } : e), "80 outputs", "other anchors");
        yield return Case("a prefix", retinanet.Behind("student."), "'student.'", "a RetinaNet of mmdetection", "lzu convert IN OUT.safetensors --layout mmdet");
        yield return Case("renamed laterals", retinanet.Select(e => e with { Key = e.Key.Replace("lateral_convs", "laterals") }), "6 missing", "6 unexpected", "neck.laterals", "StateDict.Rename");
        yield return Case("a second stage", retinanet.Append(new("rpn_head.rpn_conv.weight", 1)), "a two-stage detector of mmdetection", "not here");
        yield return Case("a mask", retinanet.Append(new("mask_head.conv.weight", 1)), "1 unexpected (mask_head.conv.weight [1])", "more than this network has");
        yield return Case("FCOS", [.. CheckpointFamilies.TorchvisionRetinaNet(), new("head.regression_head.bbox_ctrness.weight", 1, 256, 3, 3)], "an FCOS of torchvision", "not here");
        yield return Case("nothing", [], "no weights at all");
        yield return Case("something else", [new("transformer.wte\u001b[31m.weight", 3)], "no network that is known here", "transformer.wte?[31m.weight", "lzu inspect");
        yield return Case("two spellings", [.. retinanet, new("module.bbox_head.retina_cls.bias", 72)], "both become 'bbox_head.retina_cls.bias'");

        static TestCaseData Case(string what, IEnumerable<CheckpointEntry> entries, params string[] says) => new TestCaseData(entries.ToArray(), says).SetArgDisplayNames(what);
    }

    [TestCaseSource(nameof(Wrong))]
    public void WrongCheckpoint_IsRefusedInOneLine(CheckpointEntry[] entries, string[] says)
    {
        var fault = Assert.Catch<LzuException>(() => ModelCheckpoint.RetinaNet(Bare(entries)))!;
        TestContext.Out.WriteLine(fault.Message);
        Assert.That(fault.Message, Does.Not.Contain("\n").And.EndsWith("."));
        Assert.That(fault.Message, Has.Length.LessThan(700));
        foreach (var part in says) Assert.That(fault.Message, Does.Contain(part));
    }

    [Test]
    public void RetinaNet_IsNoPspNetAndNoFcos3d_AndSaysSo()
    {
        var retinanet = Bare(CheckpointFamilies.TorchvisionRetinaNet(8));
        foreach (Action load in new Action[] { () => ModelCheckpoint.PspNet(retinanet), () => ModelCheckpoint.Fcos3d(retinanet), () => ModelCheckpoint.ResNet(retinanet) })
            Assert.That(() => load(), Throws.TypeOf<FileFormatException>().With.Message.Contains("a RetinaNet of torchvision").And.Message.Contains("lzu detect"));
    }

    [Test]
    public void TruncatedFile_IsRefused_WhereverItEnds()
    {
        var path = CheckpointFile.WriteTorch(Path.Combine(_folder, "whole.pth"), CheckpointFile.Mmcv(CheckpointFamilies.MmdetRetinaNet(8)));
        using (var file = File.OpenWrite(path)) file.SetLength(file.Length - 100);
        Assert.That(() => Checkpoint.Open(path), Throws.TypeOf<FileFormatException>().With.Message.Contains("whole.pth"));
        var safe = CheckpointFile.WriteSafetensors(Path.Combine(_folder, "whole.safetensors"), CheckpointFamilies.MmdetRetinaNet(8));
        using (var file = File.OpenWrite(safe)) file.SetLength(file.Length / 2);
        Assert.That(() => Checkpoint.Open(safe), Throws.TypeOf<FileFormatException>().With.Message.Contains("whole.safetensors"));
    }

    [Test]
    public void Prefix_IsFound_HoweverDeep()
    {
        string[] keys = [.. CheckpointFamilies.MmdetRetinaNet().Select(e => e.Key)];
        Assert.That(CheckpointFamily.Prefix(keys), Is.Empty);
        Assert.That(CheckpointFamily.Prefix(keys.Select(k => "model.student." + k)), Is.EqualTo("model.student."));
        Assert.That(CheckpointFamily.Prefix(["a.b.c", "a.b.d"]), Is.Null);
        Assert.That(CheckpointFamily.Prefix([]), Is.Null);
    }

    // The file's values have arrived, in the file's order.
    private static bool Loaded(Module model, string key)
    {
        var values = model.StateDict()[key].ToArray<float>();
        return key.Contains(".1.weight") ? values.All(v => v == 1) : values.Take(1000).Select((v, i) => v == CheckpointFile.Value(i)).All(same => same);
    }
}
