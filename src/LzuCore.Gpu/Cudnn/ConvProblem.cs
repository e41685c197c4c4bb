using LzuCore.Gpu.Interop;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Cudnn;

/// <summary>Which of a convolution's three products is asked for.</summary>
internal enum ConvDirection
{
    Forward,
    BackwardInput,
    BackwardWeight,
}

/// <summary>A convolution without its data: what a choice of algorithm depends on, and so the key of every cache.</summary>
internal readonly record struct ConvProblem(
    ConvDirection Direction, DType DType, int Batch, int Inputs, Size2 InputSize, int Outputs, Size2 OutputSize, int GroupInputs, Size2 Kernel, Conv2dArgs Args)
{
    /// <summary>How cuDNN names the element type.</summary>
    public CudnnDataType DataType => DType switch
    {
        DType.Float64 => CudnnDataType.Double,
        DType.Float16 => CudnnDataType.Half,
        DType.BFloat16 => CudnnDataType.BFloat16,
        _ => CudnnDataType.Float,
    };

    /// <summary>Reads a problem from the views of a forward pass, whichever of the three is the unknown. Null when cuDNN is not to be asked: an operand is
    /// empty, not dense in the default layout, of another dtype, or too long for 32-bit strides.</summary>
    public static ConvProblem? Of(ConvDirection direction, in Conv2dArgs args, TensorView input, TensorView weight, TensorView output)
    {
        if (!Fits(input, output.DType) || !Fits(weight, output.DType) || !Fits(output, output.DType)) return null;
        return new ConvProblem(direction, output.DType, input.Shape[0], input.Shape[1], new(input.Shape[2], input.Shape[3]),
            output.Shape[1], new(output.Shape[2], output.Shape[3]), weight.Shape[1], new(weight.Shape[2], weight.Shape[3]), args);
    }

    private static bool Fits(TensorView view, DType dtype) => view.DType == dtype && view.Count is > 0 and <= int.MaxValue && view.Layout.IsChannelsLast;
}
