namespace LzuCore.Kernels.Cpu;

/// <summary>How a kernel computes convolutions of 3x3 taps and stride 1 or 2, and the forward pass of 7x7 taps and stride 2 and of 1x1 taps; others are always direct.</summary>
internal enum ConvAlgorithm
{
    /// <summary>Winograd's, or Strassen's, where it is estimated to be faster (<see cref="WinogradForm.For"/>) and allowed (<see cref="CpuBackend.Winograd"/>, <see cref="CpuBackend.Strassen"/>).</summary>
    Fastest,
    /// <summary>By the definition, as a matrix product: the reference.</summary>
    Direct,
    /// <summary>Winograd's F(4x6, 3x3) for all of stride 1, the forms of stride 2 for all of that, and Strassen's for all 1x1 of even channels, for tests and measurements.</summary>
    Winograd4x6,
    /// <summary>The same with F(2x4, 3x3) for stride 1; of weights' gradients F(4x6, 3x3), which they always are.</summary>
    Winograd2x4,
}
