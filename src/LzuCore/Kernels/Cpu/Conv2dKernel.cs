using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Convolution on the CPU.
internal sealed unsafe class Conv2dKernel : IConv2dKernel
{
    public void Forward(in Conv2dArgs args, TensorView input, TensorView weight, in Epilogue epilogue, TensorView output)
    {
        if (output.Count == 0) return;
        if (output.DType == DType.Float64) PlainForward<double>(args, input, weight, epilogue, output);
        else PlainForward<float>(args, input, weight, epilogue, output);
    }

    public void BackwardInput(in Conv2dArgs args, TensorView dOutput, TensorView weight, in Epilogue epilogue, TensorView dInput)
    {
        if (dInput.Count == 0) return;
        if (dInput.DType == DType.Float64) PlainBackwardInput<double>(args, dOutput, weight, epilogue, dInput);
        else PlainBackwardInput<float>(args, dOutput, weight, epilogue, dInput);
    }

    public void BackwardWeight(in Conv2dArgs args, TensorView input, TensorView dOutput, TensorView dWeight)
    {
        if (dWeight.Count == 0) return;
        if (dWeight.DType == DType.Float64) PlainBackwardWeight<double>(args, input, dOutput, dWeight);
        else PlainBackwardWeight<float>(args, input, dOutput, dWeight);
    }

    public void BackwardBias(TensorView dOutput, TensorView dBias)
    {
        var channels = dOutput.Shape[1];
        var pixels = channels == 0 ? 0 : dOutput.Count / channels;
        if (dBias.DType == DType.Float64) SumRows(dOutput.Pointer<double>(), dBias.Pointer<double>(), pixels, channels);
        else SumRows(dOutput.Pointer<float>(), dBias.Pointer<float>(), pixels, channels);
    }

    // Column sums in float64: a block of channels a unit, pixels in order.
    private static void SumRows<T>(T* rows, T* sums, long pixels, int channels) where T : unmanaged, IFloatingPointIeee754<T>
    {
        const int Block = 64;
        ParallelRows.For((channels + Block - 1) / Block, 1, (begin, end) =>
        {
            var total = stackalloc double[Block];
            for (var block = begin; block < end; block++)
            {
                int first = block * Block, count = Math.Min(Block, channels - first);
                new Span<double>(total, Block).Clear();
                for (long p = 0; p < pixels; p++)
                {
                    var row = rows + p * channels + first;
                    for (var c = 0; c < count; c++) total[c] += double.CreateTruncating(row[c]);
                }
                for (var c = 0; c < count; c++) sums[first + c] = T.CreateTruncating(total[c]);
            }
        });
    }

    private static void PlainForward<T>(in Conv2dArgs args, TensorView input, TensorView weight, in Epilogue epilogue, TensorView output) where T : unmanaged, IFloatingPointIeee754<T> =>
        new PlainConv<T>(args, input.Shape, weight.Shape, output.Shape).Forward(input.Pointer<T>(), weight.Pointer<T>(), new PlainEpilogue<T>(epilogue), output.Pointer<T>());

    private static void PlainBackwardInput<T>(in Conv2dArgs args, TensorView dOutput, TensorView weight, in Epilogue epilogue, TensorView dInput) where T : unmanaged, IFloatingPointIeee754<T> =>
        new PlainConv<T>(args, dInput.Shape, weight.Shape, dOutput.Shape).BackwardInput(dOutput.Pointer<T>(), weight.Pointer<T>(), new PlainEpilogue<T>(epilogue), dInput.Pointer<T>());

    private static void PlainBackwardWeight<T>(in Conv2dArgs args, TensorView input, TensorView dOutput, TensorView dWeight) where T : unmanaged, IFloatingPointIeee754<T> =>
        new PlainConv<T>(args, input.Shape, dWeight.Shape, dOutput.Shape).BackwardWeight(input.Pointer<T>(), dOutput.Pointer<T>(), dWeight.Pointer<T>());
}
