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

    public static IReadOnlyDictionary<string, Tensor> Linear(CaseInputs c) => Output(F.Linear(c["input"], c["weight"], c.Find("bias")));

    public static IReadOnlyDictionary<string, Tensor> Relu(CaseInputs c) => Output(c["input"].Relu());

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
