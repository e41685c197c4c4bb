using System.Runtime.InteropServices;

namespace LzuCore.Gpu.Interop;

// Fields have the names of the C functions without "cudnn". Handles and descriptors are nint, device pointers nint, host scalars void*.

/// <summary>cuDNN 9 as function pointers: the fixed-function convolutions here, the graph API in the other half.</summary>
/// <remarks>The fixed functions are deprecated since 9.0 and promised until 10. All come from the shim libcudnn.so.9, which loads its parts itself.</remarks>
internal sealed unsafe partial class CudnnApi
{
    private const string Remedy = "Install cuDNN 9 with its convolution libraries (not the JIT-only package), or remove it: without it the built-in kernels run.";

    public readonly delegate* unmanaged[Cdecl]<nuint> GetVersion, GetCudartVersion;
    public readonly delegate* unmanaged[Cdecl]<int, byte*> GetErrorString;
    public readonly delegate* unmanaged[Cdecl]<byte*, nuint, void> GetLastErrorString;
    public readonly delegate* unmanaged[Cdecl]<nint*, int> Create;
    public readonly delegate* unmanaged[Cdecl]<nint, int> Destroy;
    public readonly delegate* unmanaged[Cdecl]<nint, nint, int> SetStream;

    public readonly delegate* unmanaged[Cdecl]<nint*, int> CreateTensorDescriptor, CreateFilterDescriptor, CreateConvolutionDescriptor, CreateActivationDescriptor;
    public readonly delegate* unmanaged[Cdecl]<nint, int> DestroyTensorDescriptor, DestroyFilterDescriptor, DestroyConvolutionDescriptor, DestroyActivationDescriptor;

    /// <summary>(descriptor, format, type, n, c, h, w): dims in this order for channels-last too.</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, CudnnFormat, CudnnDataType, int, int, int, int, int> SetTensor4dDescriptor;

    /// <summary>(descriptor, type, format, k, c, h, w): type and format the other way round than for a tensor.</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, CudnnDataType, CudnnFormat, int, int, int, int, int> SetFilter4dDescriptor;

    /// <summary>(descriptor, pad h w, stride h w, dilation h w, mode, compute type).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, int, int, int, int, int, int, CudnnConvolutionMode, CudnnDataType, int> SetConvolution2dDescriptor;
    public readonly delegate* unmanaged[Cdecl]<nint, CudnnMath, int> SetConvolutionMathType;
    public readonly delegate* unmanaged[Cdecl]<nint, int, int> SetConvolutionGroupCount;
    public readonly delegate* unmanaged[Cdecl]<nint, CudnnActivation, CudnnNan, double, int> SetActivationDescriptor;

    /// <summary>(handle, three descriptors around the convolution's in the order of the direction, requested, returned, list).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, int*, CudnnPerf*, int>
        GetConvolutionForwardAlgorithm, GetConvolutionBackwardDataAlgorithm, GetConvolutionBackwardFilterAlgorithm;

    /// <summary>(handle, the same four descriptors, algorithm, bytes).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, nuint*, int>
        GetConvolutionForwardWorkspaceSize, GetConvolutionBackwardDataWorkspaceSize, GetConvolutionBackwardFilterWorkspaceSize;

    /// <summary>(handle, alpha, x descriptor and data, w, convolution, algorithm, workspace, its bytes, beta, y); the adjoints have (w, dy, dx) and (x, dy, dw).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, void*, nint, nint, nint, nint, nint, int, nint, nuint, void*, nint, nint, int>
        ConvolutionForward, ConvolutionBackwardData, ConvolutionBackwardFilter;

    /// <summary>(handle, alpha, dy, beta, db).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, void*, nint, nint, void*, nint, nint, int> ConvolutionBackwardBias;

    /// <summary>(handle, alpha1, x, w, convolution, algorithm, workspace, its bytes, alpha2, z, bias, activation, y).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, void*, nint, nint, nint, nint, nint, int, nint, nuint, void*, nint, nint, nint, nint, nint, nint, nint, int>
        ConvolutionBiasActivationForward;

    /// <summary>Binds every function, or says which are missing.</summary>
    public CudnnApi(Func<string, nint> export)
    {
        var e = new NativeExports("cuDNN", export);
        GetVersion = (delegate* unmanaged[Cdecl]<nuint>)e.Required("cudnnGetVersion");
        GetCudartVersion = (delegate* unmanaged[Cdecl]<nuint>)e.Required("cudnnGetCudartVersion");
        GetErrorString = (delegate* unmanaged[Cdecl]<int, byte*>)e.Required("cudnnGetErrorString");
        GetLastErrorString = (delegate* unmanaged[Cdecl]<byte*, nuint, void>)e.Optional("cudnnGetLastErrorString");
        Create = (delegate* unmanaged[Cdecl]<nint*, int>)e.Required("cudnnCreate");
        Destroy = (delegate* unmanaged[Cdecl]<nint, int>)e.Required("cudnnDestroy");
        SetStream = (delegate* unmanaged[Cdecl]<nint, nint, int>)e.Required("cudnnSetStream");
        CreateTensorDescriptor = (delegate* unmanaged[Cdecl]<nint*, int>)e.Required("cudnnCreateTensorDescriptor");
        CreateFilterDescriptor = (delegate* unmanaged[Cdecl]<nint*, int>)e.Required("cudnnCreateFilterDescriptor");
        CreateConvolutionDescriptor = (delegate* unmanaged[Cdecl]<nint*, int>)e.Required("cudnnCreateConvolutionDescriptor");
        CreateActivationDescriptor = (delegate* unmanaged[Cdecl]<nint*, int>)e.Required("cudnnCreateActivationDescriptor");
        DestroyTensorDescriptor = (delegate* unmanaged[Cdecl]<nint, int>)e.Required("cudnnDestroyTensorDescriptor");
        DestroyFilterDescriptor = (delegate* unmanaged[Cdecl]<nint, int>)e.Required("cudnnDestroyFilterDescriptor");
        DestroyConvolutionDescriptor = (delegate* unmanaged[Cdecl]<nint, int>)e.Required("cudnnDestroyConvolutionDescriptor");
        DestroyActivationDescriptor = (delegate* unmanaged[Cdecl]<nint, int>)e.Required("cudnnDestroyActivationDescriptor");
        SetTensor4dDescriptor = (delegate* unmanaged[Cdecl]<nint, CudnnFormat, CudnnDataType, int, int, int, int, int>)e.Required("cudnnSetTensor4dDescriptor");
        SetFilter4dDescriptor = (delegate* unmanaged[Cdecl]<nint, CudnnDataType, CudnnFormat, int, int, int, int, int>)e.Required("cudnnSetFilter4dDescriptor");
        SetConvolution2dDescriptor = (delegate* unmanaged[Cdecl]<nint, int, int, int, int, int, int, CudnnConvolutionMode, CudnnDataType, int>)e.Required("cudnnSetConvolution2dDescriptor");
        SetConvolutionMathType = (delegate* unmanaged[Cdecl]<nint, CudnnMath, int>)e.Required("cudnnSetConvolutionMathType");
        SetConvolutionGroupCount = (delegate* unmanaged[Cdecl]<nint, int, int>)e.Required("cudnnSetConvolutionGroupCount");
        SetActivationDescriptor = (delegate* unmanaged[Cdecl]<nint, CudnnActivation, CudnnNan, double, int>)e.Required("cudnnSetActivationDescriptor");
        GetConvolutionForwardAlgorithm = (delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, int*, CudnnPerf*, int>)e.Required("cudnnGetConvolutionForwardAlgorithm_v7");
        GetConvolutionBackwardDataAlgorithm = (delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, int*, CudnnPerf*, int>)e.Required("cudnnGetConvolutionBackwardDataAlgorithm_v7");
        GetConvolutionBackwardFilterAlgorithm = (delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, int*, CudnnPerf*, int>)e.Required("cudnnGetConvolutionBackwardFilterAlgorithm_v7");
        GetConvolutionForwardWorkspaceSize = (delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, nuint*, int>)e.Required("cudnnGetConvolutionForwardWorkspaceSize");
        GetConvolutionBackwardDataWorkspaceSize = (delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, nuint*, int>)e.Required("cudnnGetConvolutionBackwardDataWorkspaceSize");
        GetConvolutionBackwardFilterWorkspaceSize = (delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, nuint*, int>)e.Required("cudnnGetConvolutionBackwardFilterWorkspaceSize");
        ConvolutionForward = (delegate* unmanaged[Cdecl]<nint, void*, nint, nint, nint, nint, nint, int, nint, nuint, void*, nint, nint, int>)e.Required("cudnnConvolutionForward");
        ConvolutionBackwardData = (delegate* unmanaged[Cdecl]<nint, void*, nint, nint, nint, nint, nint, int, nint, nuint, void*, nint, nint, int>)e.Required("cudnnConvolutionBackwardData");
        ConvolutionBackwardFilter = (delegate* unmanaged[Cdecl]<nint, void*, nint, nint, nint, nint, nint, int, nint, nuint, void*, nint, nint, int>)e.Required("cudnnConvolutionBackwardFilter");
        ConvolutionBackwardBias = (delegate* unmanaged[Cdecl]<nint, void*, nint, nint, void*, nint, nint, int>)e.Required("cudnnConvolutionBackwardBias");
        ConvolutionBiasActivationForward = (delegate* unmanaged[Cdecl]<nint, void*, nint, nint, nint, nint, nint, int, nint, nuint, void*, nint, nint, nint, nint, nint, nint, nint, int>)e.Required("cudnnConvolutionBiasActivationForward");
        BindGraph(e);
        e.RequireAll(Remedy);
    }

    /// <summary>major · 10000 + minor · 100 + patch.</summary>
    public int Version => (int)GetVersion();

    /// <summary>The version of CUDA that this cuDNN was built for; the same file name serves CUDA 12 and 13.</summary>
    public int CudaMajor => (int)GetCudartVersion() / 1000;

    /// <summary>Whether a status says that this cannot be done here, and that another way should be tried: 3xxx.</summary>
    public static bool IsUnsupported(int status) => status / 1000 == 3;

    /// <summary>Requires success.</summary>
    /// <exception cref="NativeCallException">Another status.</exception>
    public void Require(string function, int status)
    {
        if (status != 0) throw Fault(function, status);
    }

    /// <summary>The exception for a status. Call it on the thread that made the call: cuDNN keeps its last words per thread.</summary>
    public NativeCallException Fault(string function, int status)
    {
        var text = Marshal.PtrToStringUTF8((nint)GetErrorString(status)) ?? "no text";
        if (GetLastErrorString != null)
        {
            const int Size = 1024;
            var buffer = stackalloc byte[Size];
            *buffer = 0;
            GetLastErrorString(buffer, Size);
            buffer[Size - 1] = 0;
            if (Marshal.PtrToStringUTF8((nint)buffer) is { Length: > 0 } words) text += ": " + words.Trim();
        }
        return new NativeCallException("cuDNN", function, status, text, "Set CUDNN_LOGLEVEL_DBG=3 and CUDNN_LOGDEST_DBG=stderr before the start to see cuDNN's log.");
    }
}
