using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>Options of a matrix product. Blittable.</summary>
/// <param name="KeepPacked">b is a weight that will be used again: what is computed from its bytes (packed panels) may be kept with its storage.</param>
public readonly record struct GemmArgs(bool KeepPacked = false);

/// <summary>Batched matrix products. a is [B, M, K], b is [B, K, N], output [B, M, N]; a and b may have any strides, so a transpose is a view and a shared
/// operand has batch stride 0; output is dense. float32 or float64. The order of every sum is fixed by the shapes.</summary>
public interface IGemmKernel : IKernel
{
    /// <summary>output[b] = epilogue(a[b] · b[b]); the epilogue's bias is [N], its residual has the output's layout.</summary>
    void Forward(in GemmArgs args, TensorView a, TensorView b, in Epilogue epilogue, TensorView output);
}
