using System.Runtime.InteropServices;
using LzuCore.Kernels;

namespace LzuCore.Gpu.Interop;

/// <summary>A cuDNN handle on one stream. A handle serves one thread at a time: hold <see cref="Gate"/> around every use.</summary>
internal sealed unsafe class CudnnHandle : SafeHandle
{
    private readonly CudnnApi _api;

    /// <summary>Opens a handle in the context that is current on this thread.</summary>
    public CudnnHandle(CudnnApi api, nint stream)
        : base(0, ownsHandle: true)
    {
        _api = api;
        nint created = 0;
        api.Require("cudnnCreate", api.Create(&created));
        SetHandle(created);
        var status = api.SetStream(created, stream);
        if (status == 0) return;
        var fault = api.Fault("cudnnSetStream", status);
        Dispose();
        throw fault;
    }

    /// <summary>Serialises the handle's uses.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The <c>cudnnHandle_t</c>.</summary>
    public nint Value => handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _api.Destroy(handle) == 0;
}

/// <summary>One descriptor of the fixed-function API.</summary>
internal sealed unsafe class CudnnDescriptor : SafeHandle
{
    private readonly delegate* unmanaged[Cdecl]<nint, int> _destroy;

    private CudnnDescriptor(CudnnApi api, string kind, delegate* unmanaged[Cdecl]<nint*, int> create, delegate* unmanaged[Cdecl]<nint, int> destroy)
        : base(0, ownsHandle: true)
    {
        _destroy = destroy;
        nint created = 0;
        api.Require($"cudnnCreate{kind}Descriptor", create(&created));
        SetHandle(created);
    }

    /// <summary>The native descriptor.</summary>
    public nint Value => handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>A dense channels-last tensor.</summary>
    public static CudnnDescriptor Tensor(CudnnApi api, CudnnDataType type, int n, int c, int h, int w)
    {
        var made = new CudnnDescriptor(api, "Tensor", api.CreateTensorDescriptor, api.DestroyTensorDescriptor);
        return made.Set(api, "cudnnSetTensor4dDescriptor", api.SetTensor4dDescriptor(made.handle, CudnnFormat.Nhwc, type, n, c, h, w));
    }

    /// <summary>A dense filter whose memory order is output channels, rows, columns, input channels.</summary>
    public static CudnnDescriptor Filter(CudnnApi api, CudnnDataType type, int outputs, int inputs, int h, int w)
    {
        var made = new CudnnDescriptor(api, "Filter", api.CreateFilterDescriptor, api.DestroyFilterDescriptor);
        return made.Set(api, "cudnnSetFilter4dDescriptor", api.SetFilter4dDescriptor(made.handle, type, CudnnFormat.Nhwc, outputs, inputs, h, w));
    }

    /// <summary>The geometry of a cross-correlation.</summary>
    public static CudnnDescriptor Convolution(CudnnApi api, CudnnDataType compute, in Conv2dArgs a, CudnnMath math)
    {
        var made = new CudnnDescriptor(api, "Convolution", api.CreateConvolutionDescriptor, api.DestroyConvolutionDescriptor);
        made.Set(api, "cudnnSetConvolution2dDescriptor", api.SetConvolution2dDescriptor(made.handle, a.Padding.Height, a.Padding.Width,
            a.Stride.Height, a.Stride.Width, a.Dilation.Height, a.Dilation.Width, CudnnConvolutionMode.CrossCorrelation, compute));
        made.Set(api, "cudnnSetConvolutionGroupCount", api.SetConvolutionGroupCount(made.handle, a.Groups));
        return made.Set(api, "cudnnSetConvolutionMathType", api.SetConvolutionMathType(made.handle, math));
    }

    /// <summary>An activation. Of the two NaN rules only this one is accepted by the fused convolution, so its ReLU may turn NaN into 0.</summary>
    public static CudnnDescriptor Activation(CudnnApi api, CudnnActivation mode)
    {
        var made = new CudnnDescriptor(api, "Activation", api.CreateActivationDescriptor, api.DestroyActivationDescriptor);
        return made.Set(api, "cudnnSetActivationDescriptor", api.SetActivationDescriptor(made.handle, mode, CudnnNan.NotPropagate, 0));
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _destroy(handle) == 0;

    private CudnnDescriptor Set(CudnnApi api, string function, int status)
    {
        if (status == 0) return this;
        var fault = api.Fault(function, status);
        Dispose();
        throw fault;
    }
}
