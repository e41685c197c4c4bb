namespace LzuCore.Vision.Imaging;

/// <summary>How bytes become network input: <c>value = (byte / Scale - Mean) / Std</c> per channel, in float32, in that order.</summary>
/// <param name="Scale">What the byte is divided by: 1, or 255 for 0..1.</param>
/// <param name="Mean">Per output channel.</param>
/// <param name="Std">Per output channel.</param>
/// <param name="Bgr">Whether the output channels are blue, green, red.</param>
public sealed record Normalization(float Scale, (float, float, float) Mean, (float, float, float) Std, bool Bgr = false)
{
    /// <summary>Bytes as they are, 0..255, RGB.</summary>
    public static Normalization None { get; } = new(1, (0, 0, 0), (1, 1, 1));

    /// <summary>0..1, RGB.</summary>
    public static Normalization Unit { get; } = new(255, (0, 0, 0), (1, 1, 1));

    /// <summary>ImageNet mean and deviation in bytes, RGB: mmdetection's pytorch-style backbones.</summary>
    public static Normalization ImageNetRgb { get; } = new(1, (123.675f, 116.28f, 103.53f), (58.395f, 57.12f, 57.375f));

    /// <summary>ImageNet mean in bytes, BGR, no deviation: mmdetection's caffe-style backbones.</summary>
    public static Normalization CaffeBgr { get; } = new(1, (103.530f, 116.280f, 123.675f), (1, 1, 1), Bgr: true);

    /// <summary>0..1, then ImageNet mean and deviation, RGB: torchvision.</summary>
    public static Normalization Torchvision { get; } = new(255, (0.485f, 0.456f, 0.406f), (0.229f, 0.224f, 0.225f));

    // There are only 256 bytes: 768 exact values serve every pixel.
    internal float[][] Table() => [Values(Mean.Item1, Std.Item1), Values(Mean.Item2, Std.Item2), Values(Mean.Item3, Std.Item3)];

    internal float MeanOf(int channel) => channel switch { 0 => Mean.Item1, 1 => Mean.Item2, _ => Mean.Item3 };

    internal float StdOf(int channel) => channel switch { 0 => Std.Item1, 1 => Std.Item2, _ => Std.Item3 };

    private float[] Values(float mean, float std) => [.. Enumerable.Range(0, 256).Select(v => (v / Scale - mean) / std)];
}
