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
        ["linear"] = OpRunners.Linear,
        ["relu"] = OpRunners.Relu,
    };

    /// <summary>The runner of a case, or the reason why there is none.</summary>
    public static bool Find(SuiteCase source, [NotNullWhen(true)] out OpRunner? runner, [NotNullWhen(false)] out string? reason)
    {
        reason = null;
        if (!Runners.TryGetValue(source.Op, out runner)) reason = $"this version has no operator {source.Op}";
        return reason is null && runner is not null;
    }
}
