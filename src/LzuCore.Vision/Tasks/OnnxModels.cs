using System.Globalization;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Onnx;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Tasks.Detection3d;
using LzuCore.Vision.Tasks.Segmentation;

namespace LzuCore.Vision.Tasks;

/// <summary>The models as ONNX graphs: from a normalised picture of one size, <c>image</c> [1, 3, H, W] float32, to what their heads give. A fixed zoom is part of the graph;
/// decoding is not, because it is a few lines of thresholds in any language and thousands of nodes here.</summary>
/// <remarks>The file's metadata says how bytes become the input (scale, mean, std, channel order), the strides, and the classes.</remarks>
public static class OnnxModels
{
    /// <summary>A residual network: <c>logits</c>, or without a classifier its levels <c>c2</c> … <c>c5</c>.</summary>
    /// <param name="model">Set to evaluation.</param>
    /// <param name="image">The picture's size.</param>
    /// <param name="normalization">What the model was trained with; null for torchvision's.</param>
    public static OnnxGraph Of(ResNet model, Size2 image, Normalization? normalization = null)
    {
        model.Eval();
        return Capture("resnet", model, image, normalization ?? Normalization.Torchvision, "logits [1, classes]; or c2 to c5, the features at strides 4 to 32", [], input =>
        {
            var output = model.Call(input);
            return output.Logits is { } logits ? [("logits", logits)] : [.. output.Levels.Select((level, i) => ($"c{i + 2}", level))];
        });
    }

    /// <summary>A detector: <c>cls0</c> … <c>cls4</c> and <c>reg0</c> … <c>reg4</c>, class logits and box deltas of each level, finest first.</summary>
    /// <param name="detector">With its zoom, if that is fixed.</param>
    /// <param name="image">The picture's size.</param>
    /// <exception cref="ArgumentValueException">The zoom depends on boxes, which a graph of one picture has not.</exception>
    public static OnnxGraph Of(Detector detector, Size2 image)
    {
        var classes = detector.Model.Options.Classes;
        return Capture("retinanet", detector.Model, image, detector.Normalization, "cls0 to cls4 [1, 9 classes, h, w] and reg0 to reg4 [1, 36, h, w], anchor-major, of the levels at strides 8 to 128",
            [
                ("classes", string.Join(',', Enumerable.Range(0, classes).Select(i => ClassNames.Of(i, classes)))),
                ("strides", string.Join(',', RetinaNet.Strides)),
                ("layout", detector.Model.Options.Layout == CheckpointLayout.Mmdet ? "mmdet" : "torchvision"),
            ],
            input =>
            {
                var output = detector.Forward(input);
                return [.. output.Logits.Select((t, i) => ($"cls{i}", t)), .. output.Deltas.Select((t, i) => ($"reg{i}", t))];
            });
    }

    /// <summary>A segmentation network: <c>logits</c> at its features' resolution.</summary>
    /// <param name="segmenter">With its zoom, if that is fixed.</param>
    /// <param name="image">The picture's size.</param>
    /// <exception cref="ArgumentValueException">The zoom depends on boxes, which a graph of one picture has not.</exception>
    public static OnnxGraph Of(Segmenter segmenter, Size2 image) =>
        Capture("pspnet", segmenter.Model, image, segmenter.Normalization, "logits [1, classes, h, w] at the features' resolution", [("strides", string.Join(',', segmenter.Model.Strides))],
            input => [("logits", segmenter.Forward(input).Logits)]);

    /// <summary>A 3-D detector: <c>cls0</c> … <c>cls4</c>, <c>box0</c> …, <c>dir0</c> …, <c>attr0</c> …, <c>ctr0</c> …, finest level first.</summary>
    /// <param name="detector">With its zoom, if that is fixed.</param>
    /// <param name="image">The picture's size.</param>
    /// <exception cref="ArgumentValueException">The zoom depends on boxes, which a graph of one picture has not.</exception>
    public static OnnxGraph Of(Detector3d detector, Size2 image) =>
        Capture("fcos3d", detector.Model, image, detector.Normalization,
            "cls0 to cls4 [1, classes, h, w], box [1, 9, h, w] (offset in pixels, depth, size, local yaw, velocity), dir [1, 2, h, w], attr [1, attributes, h, w], ctr [1, 1, h, w], of the levels at strides 8 to 128",
            [("strides", string.Join(',', Fcos3d.Strides))],
            input =>
            {
                var output = detector.Forward(input);
                return
                [
                    .. output.Classes.Select((t, i) => ($"cls{i}", t)), .. output.Boxes.Select((t, i) => ($"box{i}", t)), .. output.Directions.Select((t, i) => ($"dir{i}", t)),
                    .. output.Attributes.Select((t, i) => ($"attr{i}", t)), .. output.Centerness.Select((t, i) => ($"ctr{i}", t)),
                ];
            });

    private static OnnxGraph Capture(string name, Module model, Size2 image, Normalization normalization, string outputs, IEnumerable<(string, string)> facts,
        Func<Tensor, IReadOnlyList<(string, Tensor)>> compute)
    {
        // Any picture serves: the graph keeps its size, not its values.
        var input = Tensor.Uniform([1, 3, image.Height, image.Width], RandomSource.FromSeed(1), -1, 1);
        return OnnxExport.Capture([("image", input)], () => compute(input), model, new OnnxDescription
        {
            Name = name,
            Text = $"image: float32 [1, 3, {image.Height}, {image.Width}], normalised: (byte / scale - mean) / std, channels in channel_order. Outputs: {outputs}.",
            Metadata =
            [
                ("image_size", image.ToString()), ("channel_order", normalization.Bgr ? "bgr" : "rgb"), ("scale", Text(normalization.Scale)),
                ("mean", Text(normalization.Mean)), ("std", Text(normalization.Std)), .. facts,
            ],
        });
    }

    private static string Text(float value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Text((float A, float B, float C) values) => $"{Text(values.A)},{Text(values.B)},{Text(values.C)}";
}
