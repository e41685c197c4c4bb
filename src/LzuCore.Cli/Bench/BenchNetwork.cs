using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Tensors;
using LzuCore.Vision.Models;

namespace LzuCore.Cli.Bench;

/// <summary>A network with deterministic weights in the two parts that a zoom stands between.</summary>
/// <param name="Model">The whole, set to evaluation.</param>
/// <param name="Strides">Input pixels a cell of each of the features; none where nothing can be unzoomed.</param>
/// <param name="Features">[N, 3, H, W] to what is unzoomed.</param>
/// <param name="Head">That to all outputs.</param>
internal sealed record BenchNetwork(Module Model, int[] Strides, Func<Tensor, Tensor[]> Features, Func<Tensor[], Tensor[]> Head)
{
    /// <summary>The networks.</summary>
    public static string[] Names => ["retinanet", "retinanet_torchvision", "resnet50", "pspnet", "pspnet_fpn", "fcos3d"];

    /// <summary>One by name, on a device.</summary>
    public static BenchNetwork Of(string name, Device device)
    {
        var network = name switch
        {
            "resnet50" => Classifier(new ResNet(new ResNetOptions { Classes = 1000 })),
            "pspnet" => Segmenter(new PspNet(new PspNetOptions())),
            "pspnet_fpn" => Segmenter(new PspNet(new PspNetOptions { Form = PspNetForm.Pyramid })),
            "fcos3d" => Detector3d(new Fcos3d(new Fcos3dOptions())),
            _ => Detector(new RetinaNet(new RetinaNetOptions { Layout = name == "retinanet" ? CheckpointLayout.Mmdet : CheckpointLayout.Torchvision })),
        };
        DeterministicWeights.Fill(network.Model, 1, device);
        network.Model.Eval();
        return network;
    }

    private static BenchNetwork Classifier(ResNet model) => new(model, [], image => [model.Call(image).Logits!], features => features);

    private static BenchNetwork Detector(RetinaNet model) =>
        new(model, RetinaNet.Strides, model.Features.Call, features => [.. model.Head.Call(features).Tensors]);

    private static BenchNetwork Detector3d(Fcos3d model) =>
        new(model, Fcos3d.Strides, model.Features.Call, features => [.. model.Head.Call(features).Tensors]);

    // The one level that its head reads, at stride 8 or 4.
    private static BenchNetwork Segmenter(PspNet model) => new(model, [model.Neck is null ? 8 : 4], model.Features, features => [.. model.Heads(features).Tensors]);
}
