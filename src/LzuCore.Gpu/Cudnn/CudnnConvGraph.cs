using LzuCore.Gpu.Interop;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Cudnn;

// The operation graph of y = relu(conv(x, w) + z + bias), each step after the convolution only if asked for.
// Dims are always in the order n, c, h, w; the strides say channels-last. Between the steps lie virtual tensors: float32 values in registers, never in memory.
// The residual comes before the bias because that is the order fused engines are written for; the sum is the same.
internal sealed class CudnnConvGraph : IDisposable
{
    /// <summary>What the tensors are called when a plan is run.</summary>
    public const long X = 'x', W = 'w', Y = 'y', Residual = 'z', Bias = 'b';

    private const long FirstVirtual = 256;

    private readonly CudnnDescriptorStack _stack;
    private readonly ConvGraphProblem _problem;
    private long _virtuals;

    /// <summary>Describes a problem to cuDNN.</summary>
    /// <exception cref="NativeCallException">cuDNN refuses a part of it.</exception>
    public CudnnConvGraph(CudnnApi api, CudnnHandle handle, ConvGraphProblem problem)
    {
        _stack = new CudnnDescriptorStack(api);
        _problem = problem;
        try
        {
            Graph = Describe(handle);
        }
        catch
        {
            _stack.Dispose();
            throw;
        }
    }

    /// <summary>The completed operation graph.</summary>
    public CudnnBackendDescriptor Graph { get; }

    /// <inheritdoc/>
    public void Dispose() => _stack.Dispose();

    private CudnnBackendDescriptor Describe(CudnnHandle handle)
    {
        var c = _problem.Conv;
        long[] outputDims = [c.Batch, c.Outputs, c.OutputSize.Height, c.OutputSize.Width];
        var x = Real(X, [c.Batch, c.Inputs, c.InputSize.Height, c.InputSize.Width]);
        var w = Real(W, [c.Outputs, c.GroupInputs, c.Kernel.Height, c.Kernel.Width]);
        var y = Real(Y, outputDims);
        var residual = _problem.HasResidual ? Real(Residual, outputDims) : null;
        var bias = _problem.HasBias ? Real(Bias, [1, c.Outputs, 1, 1]) : null;
        var relu = _problem.Activation == Activation.Relu;

        // The last step writes y; how many come before it decides what is virtual.
        var left = 1 + (residual is null ? 0 : 1) + (bias is null ? 0 : 1) + (relu ? 1 : 0);
        var operations = new List<CudnnBackendDescriptor>();
        var value = Target();
        operations.Add(Convolve(x, w, value));
        foreach (var term in new[] { residual, bias })
        {
            if (term is null) continue;
            var sum = Target();
            operations.Add(Point(CudnnPointwise.Add, value, term, sum));
            value = sum;
        }
        if (relu) operations.Add(Point(CudnnPointwise.Relu, value, null, Target()));
        return _stack.New(CudnnBackendType.OperationGraph)
            .Set(CudnnAttribute.GraphHandle, CudnnAttributeType.Handle, handle.Value)
            .Set(CudnnAttribute.GraphOperations, [.. operations])
            .Complete();

        CudnnBackendDescriptor Target() => --left == 0 ? y : Tensor(FirstVirtual + _virtuals++, outputDims, CudnnDataType.Float, isVirtual: true);
    }

    private CudnnBackendDescriptor Real(long id, long[] dims) => Tensor(id, dims, _problem.Conv.DataType, isVirtual: false);

    private CudnnBackendDescriptor Tensor(long id, long[] dims, CudnnDataType type, bool isVirtual)
    {
        var tensor = _stack.New(CudnnBackendType.Tensor)
            .Set(CudnnAttribute.TensorDataType, CudnnAttributeType.DataType, type)
            .Set<long>(CudnnAttribute.TensorDims, CudnnAttributeType.Int64, dims)
            .Set<long>(CudnnAttribute.TensorStrides, CudnnAttributeType.Int64, Layout.ChannelsLast([.. dims.Select(d => (int)d)]).Strides)
            .Set(CudnnAttribute.TensorId, CudnnAttributeType.Int64, id)
            .Set(CudnnAttribute.TensorAlignment, CudnnAttributeType.Int64, (long)_problem.Alignment);
        if (isVirtual) tensor.Set(CudnnAttribute.TensorIsVirtual, CudnnAttributeType.Boolean, (byte)1);
        return tensor.Complete();
    }

    private CudnnBackendDescriptor Convolve(CudnnBackendDescriptor x, CudnnBackendDescriptor w, CudnnBackendDescriptor y)
    {
        var a = _problem.Conv.Args;
        long[] padding = [a.Padding.Height, a.Padding.Width];
        var convolution = _stack.New(CudnnBackendType.Convolution)
            .Set(CudnnAttribute.ConvolutionPrecision, CudnnAttributeType.DataType, CudnnDataType.Float)
            .Set(CudnnAttribute.ConvolutionMode, CudnnAttributeType.ConvolutionMode, CudnnConvolutionMode.CrossCorrelation)
            .Set(CudnnAttribute.ConvolutionSpatialDims, CudnnAttributeType.Int64, 2L)
            .Set<long>(CudnnAttribute.ConvolutionStrides, CudnnAttributeType.Int64, a.Stride.Height, a.Stride.Width)
            .Set<long>(CudnnAttribute.ConvolutionDilations, CudnnAttributeType.Int64, a.Dilation.Height, a.Dilation.Width)
            .Set<long>(CudnnAttribute.ConvolutionPrePaddings, CudnnAttributeType.Int64, padding)
            .Set<long>(CudnnAttribute.ConvolutionPostPaddings, CudnnAttributeType.Int64, padding)
            .Complete();
        // Groups are not stated: cuDNN reads them from the channel counts of x and w.
        return _stack.New(CudnnBackendType.ConvolutionForward)
            .Set(CudnnAttribute.ForwardConvolution, convolution)
            .Set(CudnnAttribute.ForwardX, x)
            .Set(CudnnAttribute.ForwardW, w)
            .Set(CudnnAttribute.ForwardY, y)
            .Set(CudnnAttribute.ForwardAlpha, CudnnAttributeType.Float, 1f)
            .Set(CudnnAttribute.ForwardBeta, CudnnAttributeType.Float, 0f)
            .Complete();
    }

    private CudnnBackendDescriptor Point(CudnnPointwise mode, CudnnBackendDescriptor x, CudnnBackendDescriptor? b, CudnnBackendDescriptor y)
    {
        var point = _stack.New(CudnnBackendType.Pointwise)
            .Set(CudnnAttribute.PointwiseMode, CudnnAttributeType.PointwiseMode, mode)
            .Set(CudnnAttribute.PointwisePrecision, CudnnAttributeType.DataType, CudnnDataType.Float);
        if (mode == CudnnPointwise.Relu) point.Set(CudnnAttribute.PointwiseNan, CudnnAttributeType.NanPropagation, CudnnNan.Propagate);
        point.Complete();
        var operation = _stack.New(CudnnBackendType.PointwiseOperation)
            .Set(CudnnAttribute.PointwiseDescriptor, point)
            .Set(CudnnAttribute.PointwiseX, x)
            .Set(CudnnAttribute.PointwiseY, y);
        if (b is not null)
            operation.Set(CudnnAttribute.PointwiseB, b)
                .Set(CudnnAttribute.PointwiseAlpha1, CudnnAttributeType.Float, 1f)
                .Set(CudnnAttribute.PointwiseAlpha2, CudnnAttributeType.Float, 1f);
        return operation.Complete();
    }
}
