using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Matrix products on the CPU.
internal sealed class GemmKernel : IGemmKernel
{
    public void Forward(in GemmArgs args, TensorView a, TensorView b, in Epilogue epilogue, TensorView output)
    {
        if (output.Count == 0) return;
        if (output.DType == DType.Float64) PlainGemm<double>.Forward(a, b, epilogue, output);
        else PlainGemm<float>.Forward(a, b, epilogue, output);
    }
}
