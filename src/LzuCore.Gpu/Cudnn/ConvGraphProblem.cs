using System.Numerics;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Cudnn;

/// <summary>A forward convolution with its epilogue and what is known of its addresses: the key of a graph and of its plan, in memory and, as text, on disk.</summary>
/// <param name="Conv">The convolution.</param>
/// <param name="HasBias">A bias along the channels.</param>
/// <param name="HasResidual">A term of the output's shape.</param>
/// <param name="Activation">Applied last.</param>
/// <param name="Alignment">Bytes: the largest power of two, up to 16, that divides every address. A plan made for more must not run on less.</param>
internal readonly record struct ConvGraphProblem(ConvProblem Conv, bool HasBias, bool HasResidual, Activation Activation, int Alignment)
{
    // Engines gain nothing from more: their widest load has 16 bytes.
    private const int WidestLoad = 16;

    /// <summary>The problem that some operands pose. Null when the graph cannot state it.</summary>
    public static ConvGraphProblem? Of(in Conv2dArgs args, TensorView input, TensorView weight, in Epilogue epilogue, TensorView output)
    {
        if (ConvProblem.Of(ConvDirection.Forward, args, input, weight, output) is not { } conv) return null;
        if (epilogue.Bias is { } bias && (bias.DType != output.DType || (bias.Shape[0] > 1 && bias.Layout.Strides[0] != 1))) return null;
        // The choice of a plan runs the convolution many times over the same output, so the residual must not lie in it.
        if (epilogue.Residual is { } residual && (residual.DType != output.DType || !residual.Layout.IsChannelsLast || ReferenceEquals(residual.Storage, output.Storage))) return null;
        var addresses = input.DeviceAddress() | weight.DeviceAddress() | output.DeviceAddress() | (epilogue.Bias?.DeviceAddress() ?? 0) | (epilogue.Residual?.DeviceAddress() ?? 0) | WidestLoad;
        return new ConvGraphProblem(conv, epilogue.Bias is not null, epilogue.Residual is not null, epilogue.Activation, 1 << BitOperations.TrailingZeroCount(addresses));
    }
}
