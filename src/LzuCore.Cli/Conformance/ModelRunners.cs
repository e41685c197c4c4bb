using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;

namespace LzuCore.Cli.Conformance;

/// <summary>Whole models with deterministic weights on the deterministic image.</summary>
internal static class ModelRunners
{
    private static readonly Dictionary<string, Func<CaseInputs, Dictionary<string, Tensor>>> Models = new()
    {
        ["resnet50"] = Resnet50,
        ["retinanet"] = c => Retinanet(c, CheckpointLayout.Mmdet, Normalization.ImageNetRgb),
        ["fcos3d"] = Fcos3d,
        ["pspnet"] = Pspnet,
        ["pspnet_fpn"] = PspnetPyramid,
        ["retinanet_torchvision"] = c => Retinanet(c, CheckpointLayout.Torchvision, Normalization.Torchvision),
    };

    /// <summary>Whether there is such a model.</summary>
    public static bool Knows(string model) => Models.ContainsKey(model);

    public static IReadOnlyDictionary<string, Tensor> Model(CaseInputs c) => Models[c.Attributes.Text("model")](c);

    private static Dictionary<string, Tensor> Resnet50(CaseInputs c)
    {
        var model = Prepared(c, new ResNet(new ResNetOptions { Classes = 1000 }));
        var output = model.Call(Image(c, Normalization.Torchvision));
        var named = new Dictionary<string, Tensor> { ["stem"] = output.Stem, ["logits"] = output.Logits! };
        for (var i = 0; i < output.Levels.Length; i++) named[$"layer{i + 1}"] = output.Levels[i];
        return named;
    }

    private static Dictionary<string, Tensor> Retinanet(CaseInputs c, CheckpointLayout layout, Normalization normalization)
    {
        var model = Prepared(c, new RetinaNet(new RetinaNetOptions { Layout = layout }));
        var features = model.Backbone.Call(Image(c, normalization)).Levels;
        var pyramid = model.Neck.Call(features);
        var output = model.Head.Call(pyramid);
        var named = new Dictionary<string, Tensor>();
        for (var i = 0; i < features.Length; i++) named[$"c{i + 2}"] = features[i];
        for (var i = 0; i < pyramid.Length; i++)
        {
            named[$"p{i + 3}"] = pyramid[i];
            named[$"cls{i}"] = output.Logits[i];
            named[$"reg{i}"] = output.Deltas[i];
        }
        named["cls_logits"] = Pyramid.Rows(output.Logits, model.Options.Classes);
        named["bbox_regression"] = Pyramid.Rows(output.Deltas, 4);
        return named;
    }

    private static Dictionary<string, Tensor> Pspnet(CaseInputs c)
    {
        var model = Prepared(c, new PspNet(new PspNetOptions()));
        var features = model.Backbone.Call(Image(c, Normalization.ImageNetRgb)).Levels;
        var logits = model.DecodeHead.Call(features[3]);
        var image = c.Attributes.Inner("image");
        var named = new Dictionary<string, Tensor>
        {
            ["decode"] = logits,
            ["aux"] = model.AuxiliaryHead!.Call(features[2]),
            ["decode_up"] = F.Interpolate(logits, new Size2(image.Whole("height"), image.Whole("width")), InterpolationMode.Bilinear, alignCorners: false),
        };
        for (var i = 0; i < features.Length; i++) named[$"c{i + 2}"] = features[i];
        return named;
    }

    private static Dictionary<string, Tensor> PspnetPyramid(CaseInputs c)
    {
        var model = Prepared(c, new PspNet(new PspNetOptions { Form = PspNetForm.Pyramid }));
        var pyramid = model.Neck!.Call(model.Backbone.Call(Image(c, Normalization.ImageNetRgb)).Levels);
        var named = new Dictionary<string, Tensor> { ["decode"] = model.DecodeHead.Call(pyramid[0]) };
        for (var i = 0; i < pyramid.Length; i++) named[$"p{i + 2}"] = pyramid[i];
        return named;
    }

    private static Dictionary<string, Tensor> Fcos3d(CaseInputs c)
    {
        var model = Prepared(c, new Fcos3d(new Fcos3dOptions()));
        var features = model.Backbone.Call(Image(c, Normalization.CaffeBgr)).Levels;
        var pyramid = model.Neck.Call(features);
        var output = model.Head.Call(pyramid);
        var named = new Dictionary<string, Tensor>();
        for (var i = 0; i < features.Length; i++) named[$"c{i + 2}"] = features[i];
        for (var i = 0; i < pyramid.Length; i++)
        {
            named[$"p{i + 3}"] = pyramid[i];
            named[$"cls{i}"] = output.Classes[i];
            named[$"box{i}"] = output.Boxes[i];
            named[$"dir{i}"] = output.Directions[i];
            named[$"attr{i}"] = output.Attributes[i];
            named[$"ctr{i}"] = output.Centerness[i];
        }
        return named;
    }

    private static T Prepared<T>(CaseInputs c, T model) where T : Module
    {
        DeterministicWeights.Fill(model, c.Attributes.Whole("weights_seed"), c.Device);
        model.Eval();
        return model;
    }

    private static Tensor Image(CaseInputs c, Normalization normalization)
    {
        var image = c.Attributes.Inner("image");
        return DeterministicImage.Make(image.Whole("seed"), new Size2(image.Whole("height"), image.Whole("width"))).ToTensor(normalization).To(c.Device);
    }
}
