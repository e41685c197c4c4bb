using System.Runtime.InteropServices;

namespace LzuCore.Gpu.Interop;

// Values of cudnn_ops.h and cudnn_cnn.h, cuDNN 9.

/// <summary><c>cudnnDataType_t</c>. TF32 is no type: it is float storage with tensor-core arithmetic.</summary>
internal enum CudnnDataType
{
    Float = 0,
    Double = 1,
    Half = 2,
    BFloat16 = 9,
}

/// <summary><c>cudnnTensorFormat_t</c>.</summary>
internal enum CudnnFormat
{
    Nchw = 0,
    Nhwc = 1,
}

/// <summary><c>cudnnMathType_t</c>. <see cref="Default"/> lets float use TF32; <see cref="Fma"/> forbids it; <see cref="TensorOpAllowConversion"/> may round float to half.</summary>
internal enum CudnnMath
{
    Default = 0,
    TensorOp = 1,
    TensorOpAllowConversion = 2,
    Fma = 3,
}

/// <summary><c>cudnnConvolutionMode_t</c>; networks mean cross-correlation, which does not flip the filter.</summary>
internal enum CudnnConvolutionMode
{
    Convolution = 0,
    CrossCorrelation = 1,
}

/// <summary><c>cudnnActivationMode_t</c>.</summary>
internal enum CudnnActivation
{
    Relu = 1,
    Identity = 5,
}

/// <summary><c>cudnnNanPropagation_t</c>.</summary>
internal enum CudnnNan
{
    NotPropagate = 0,
    Propagate = 1,
}

/// <summary><c>cudnnDeterminism_t</c>.</summary>
internal enum CudnnDeterminism
{
    NonDeterministic = 0,
    Deterministic = 1,
}

/// <summary><c>cudnnConvolution*AlgoPerf_t</c>, the same for the three directions: one entry of an algorithm list.</summary>
[StructLayout(LayoutKind.Explicit, Size = 48)]
internal struct CudnnPerf
{
    [FieldOffset(0)] public int Algorithm;
    [FieldOffset(4)] public int Status;
    /// <summary>Milliseconds; negative where nothing was measured.</summary>
    [FieldOffset(8)] public float Time;
    /// <summary>Bytes of workspace.</summary>
    [FieldOffset(16)] public nuint Memory;
    [FieldOffset(24)] public CudnnDeterminism Determinism;
    [FieldOffset(28)] public CudnnMath Math;
}

/// <summary>Algorithm numbers that rules refer to; the others are passed through as they come.</summary>
internal static class CudnnAlgorithm
{
    /// <summary><c>CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM</c>.</summary>
    public const int ForwardImplicitPrecomp = 1;

    /// <summary><c>CUDNN_CONVOLUTION_BWD_DATA_ALGO_0</c>: adds by atomics, in any order.</summary>
    public const int BackwardDataAtomic = 0;

    /// <summary><c>CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0</c> and <c>_3</c>: add by atomics.</summary>
    public const int BackwardFilterAtomic = 0, BackwardFilterAtomicToo = 3;
}
