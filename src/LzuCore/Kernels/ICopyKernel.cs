using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>Copies between layouts and dtypes, and fills.</summary>
public interface ICopyKernel : IKernel
{
    /// <summary>output[i] = input[i], broadcasting input, converting the dtype: floats to integers truncate and saturate, anything non-zero is true.</summary>
    void Copy(TensorView input, TensorView output);

    /// <summary>output[i] = value.</summary>
    void Fill(double value, TensorView output);
}
