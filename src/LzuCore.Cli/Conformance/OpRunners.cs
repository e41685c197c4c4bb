using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Cli.Conformance;

/// <summary>The operators of PyTorch.</summary>
internal static class OpRunners
{
    public static IReadOnlyDictionary<string, Tensor> GridSample(CaseInputs c) =>
        Output(F.GridSample(c["input"], c["grid"], Sampling(c.Attributes.Text("mode")), Padding(c.Attributes.Text("padding_mode")), c.Attributes.Flag("align_corners")));

    public static IReadOnlyDictionary<string, Tensor> Interpolate(CaseInputs c)
    {
        var mode = c.Attributes.Text("mode") switch
        {
            "nearest" => InterpolationMode.Nearest,
            "bilinear" => InterpolationMode.Bilinear,
            var other => throw new FileFormatException($"interpolate: mode must be nearest or bilinear, got '{other}'."),
        };
        return Output(F.Interpolate(c["input"], c.Attributes.Size("size"), mode, mode == InterpolationMode.Bilinear && c.Attributes.Flag("align_corners", fallback: false)));
    }

    public static IReadOnlyDictionary<string, Tensor> Conv2d(CaseInputs c) =>
        Output(F.Conv2d(c["input"], c["weight"], c.Find("bias"), c.Attributes.SizeOrNull("stride"), c.Attributes.SizeOrNull("padding"), c.Attributes.SizeOrNull("dilation"), c.Attributes.Whole("groups", 1)));

    public static IReadOnlyDictionary<string, Tensor> ConvTranspose2d(CaseInputs c) =>
        Output(F.ConvTranspose2d(c["input"], c["weight"], c.Find("bias"), c.Attributes.SizeOrNull("stride"), c.Attributes.SizeOrNull("padding"), c.Attributes.SizeOrNull("output_padding"), c.Attributes.Whole("groups", 1), c.Attributes.SizeOrNull("dilation")));

    public static IReadOnlyDictionary<string, Tensor> DeformConv2d(CaseInputs c) => Output(F.DeformConv2d(c["input"], c["weight"], c.Find("bias"), c["offset"], c.Find("mask"),
        c.Attributes.SizeOrNull("stride"), c.Attributes.SizeOrNull("padding"), c.Attributes.SizeOrNull("dilation"), c.Attributes.Whole("groups", 1), c.Attributes.Whole("deform_groups", 1)));

    public static IReadOnlyDictionary<string, Tensor> Linear(CaseInputs c) => Output(F.Linear(c["input"], c["weight"], c.Find("bias")));

    public static IReadOnlyDictionary<string, Tensor> Relu(CaseInputs c) => Output(c["input"].Relu());

    public static IReadOnlyDictionary<string, Tensor> Sigmoid(CaseInputs c) => Output(c["input"].Sigmoid());

    public static IReadOnlyDictionary<string, Tensor> Softmax(CaseInputs c) => Output(c["input"].Softmax(c.Attributes.Whole("dim")));

    public static IReadOnlyDictionary<string, Tensor> LogSoftmax(CaseInputs c) => Output(c["input"].LogSoftmax(c.Attributes.Whole("dim")));

    public static IReadOnlyDictionary<string, Tensor> BatchNorm(CaseInputs c) => Output(F.BatchNorm(c["input"], c.Find("running_mean"), c.Find("running_var"), c.Find("weight"), c.Find("bias"),
        c.Attributes.Flag("training"), c.Attributes.Number("momentum", 0.1), c.Attributes.Number("eps", 1e-5)));

    public static IReadOnlyDictionary<string, Tensor> GroupNorm(CaseInputs c) =>
        Output(F.GroupNorm(c["input"], c.Attributes.Whole("groups"), c.Find("weight"), c.Find("bias"), c.Attributes.Number("eps", 1e-5)));

    public static IReadOnlyDictionary<string, Tensor> MaxPool2d(CaseInputs c) =>
        Output(F.MaxPool2d(c["input"], c.Attributes.Size("kernel"), c.Attributes.SizeOrNull("stride"), c.Attributes.SizeOrNull("padding"), c.Attributes.Flag("ceil_mode", fallback: false)));

    public static IReadOnlyDictionary<string, Tensor> AvgPool2d(CaseInputs c) =>
        Output(F.AvgPool2d(c["input"], c.Attributes.Size("kernel"), c.Attributes.SizeOrNull("stride"), c.Attributes.SizeOrNull("padding"),
            c.Attributes.Flag("ceil_mode", fallback: false), c.Attributes.Flag("count_include_pad", fallback: true)));

    public static IReadOnlyDictionary<string, Tensor> AdaptiveAvgPool2d(CaseInputs c) => Output(F.AdaptiveAvgPool2d(c["input"], c.Attributes.Size("size")));

    private static IReadOnlyDictionary<string, Tensor> Output(Tensor output) => new Dictionary<string, Tensor> { ["output"] = output };

    private static SamplingMode Sampling(string word) => word switch
    {
        "nearest" => SamplingMode.Nearest,
        "bilinear" => SamplingMode.Bilinear,
        _ => throw new FileFormatException($"grid_sample: mode must be nearest or bilinear, got '{word}'."),
    };

    private static PaddingMode Padding(string word) => word switch
    {
        "zeros" => PaddingMode.Zeros,
        "border" => PaddingMode.Border,
        "reflection" => PaddingMode.Reflection,
        _ => throw new FileFormatException($"grid_sample: padding_mode must be zeros, border or reflection, got '{word}'."),
    };
}
