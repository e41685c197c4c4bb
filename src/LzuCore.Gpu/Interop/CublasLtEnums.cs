using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LzuCore.Gpu.Interop;

// Values of cublasLt.h and library_types.h, CUDA 12 and 13.

/// <summary><c>cublasComputeType_t</c>. <see cref="Single"/> does not use TF32.</summary>
internal enum CublasCompute
{
    Single = 68,
    Double = 70,
    SingleFastTf32 = 77,
}

/// <summary><c>cudaDataType</c>.</summary>
internal enum CudaDataType
{
    Single = 0,
    Double = 1,
}

/// <summary><c>cublasOperation_t</c>.</summary>
internal enum CublasOperation
{
    None = 0,
    Transpose = 1,
}

/// <summary><c>cublasLtMatrixLayoutAttribute_t</c>.</summary>
internal enum CublasLtLayout
{
    /// <summary>int.</summary>
    BatchCount = 5,
    /// <summary>long, in elements.</summary>
    StridedBatchOffset = 6,
}

/// <summary><c>cublasLtMatmulDescAttributes_t</c>.</summary>
internal enum CublasLtDesc
{
    TransA = 3,
    TransB = 4,
    Epilogue = 7,
    BiasPointer = 8,
}

/// <summary><c>cublasLtEpilogue_t</c>; flags.</summary>
[Flags]
internal enum CublasLtEpilogue : uint
{
    Default = 1,
    Relu = 2,
    Bias = 4,
    ReluBias = 6,
}

/// <summary><c>cublasLtMatmulPreferenceAttributes_t</c>.</summary>
internal enum CublasLtPreference
{
    /// <summary>ulong.</summary>
    MaxWorkspaceBytes = 1,
    /// <summary>uint; 256 where not set.</summary>
    MinAlignmentA = 5,
    MinAlignmentB = 6,
    MinAlignmentC = 7,
    MinAlignmentD = 8,
}

/// <summary><c>cublasLtMatmulAlgo_t</c>: plain bytes, good for the version and GPU they come from.</summary>
[InlineArray(8)]
internal struct CublasLtAlgorithm
{
    private ulong _first;
}

/// <summary><c>cublasLtMatmulHeuristicResult_t</c>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 96)]
internal struct CublasLtHeuristic
{
    [FieldOffset(0)] public CublasLtAlgorithm Algorithm;
    [FieldOffset(64)] public nuint WorkspaceBytes;
    [FieldOffset(72)] public int Status;
    [FieldOffset(76)] public float Waves;
}
