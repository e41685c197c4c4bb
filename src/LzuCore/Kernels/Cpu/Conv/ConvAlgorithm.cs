namespace LzuCore.Kernels.Cpu;

/// <summary>How a kernel computes convolutions of 3x3 taps and stride 1; others are always direct.</summary>
internal enum ConvAlgorithm
{
    /// <summary>Winograd's F(4x6, 3x3) where it is estimated to be faster and allowed (<see cref="CpuBackend.Winograd"/>).</summary>
    Fastest,
    /// <summary>By the definition, as a matrix product: the reference.</summary>
    Direct,
    /// <summary>Winograd's F(4x6, 3x3) everywhere, for tests and measurements.</summary>
    Winograd,
}
