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
        named["cls_logits"] = Flat(output.Logits, model.Options.Classes);
        named["bbox_regression"] = Flat(output.Deltas, 4);
        return named;
    }

    // Level by level, cell by cell, anchor by anchor: [N, A·K, H, W] to [N, ΣHWA, K].
    private static Tensor Flat(Tensor[] levels, int values) =>
        F.Concat([.. levels.Select(l => l.Permute(0, 2, 3, 1).Reshape(l.Shape[0], l.Shape[2] * l.Shape[3] * l.Shape[1] / values, values))], 1);

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
