using System.Diagnostics.CodeAnalysis;
using LzuCore.Tensors;

namespace LzuCore.Cli.Conformance;

/// <summary>Computes the outputs of a case, by name.</summary>
internal delegate IReadOnlyDictionary<string, Tensor> OpRunner(CaseInputs inputs);

/// <summary>Operator name → library call. One line each; what is not here yet is skipped and said so.</summary>
internal static class OpTable
{
    private static readonly Dictionary<string, OpRunner> Runners = new()
    {
        ["grid_sample"] = OpRunners.GridSample,
        ["interpolate"] = OpRunners.Interpolate,
        ["conv2d"] = OpRunners.Conv2d,
        ["conv_transpose2d"] = OpRunners.ConvTranspose2d,
        ["deform_conv2d"] = OpRunners.DeformConv2d,
        ["linear"] = OpRunners.Linear,
        ["relu"] = OpRunners.Relu,
        ["sigmoid"] = OpRunners.Sigmoid,
        ["softmax"] = OpRunners.Softmax,
        ["log_softmax"] = OpRunners.LogSoftmax,
        ["batch_norm"] = OpRunners.BatchNorm,
        ["group_norm"] = OpRunners.GroupNorm,
        ["max_pool2d"] = OpRunners.MaxPool2d,
        ["avg_pool2d"] = OpRunners.AvgPool2d,
        ["adaptive_avg_pool2d"] = OpRunners.AdaptiveAvgPool2d,
        ["saliency_to_grid"] = WarpRunners.SaliencyToGrid,
        ["invert_grid"] = WarpRunners.InvertGrid,
        ["invert_separable"] = WarpRunners.InvertSeparable,
        ["kde_saliency"] = WarpRunners.KdeSaliency,
        ["zoom"] = WarpRunners.Zoom,
        ["unwarp_boxes"] = WarpRunners.UnwarpBoxes,
        ["unzoom"] = WarpRunners.Unzoom,
        ["model"] = ModelRunners.Model,
    };

    /// <summary>The runner of a case, or the reason why there is none.</summary>
    public static bool Find(SuiteCase source, [NotNullWhen(true)] out OpRunner? runner, [NotNullWhen(false)] out string? reason)
    {
        reason = null;
        if (!Runners.TryGetValue(source.Op, out runner)) reason = $"this version has no operator {source.Op}";
        else if (source.Op == "model" && !ModelRunners.Knows(source.Attributes.Text("model"))) reason = $"this version has no model {source.Attributes.Text("model")}";
        return reason is null && runner is not null;
    }
}
