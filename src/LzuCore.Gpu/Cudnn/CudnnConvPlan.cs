using LzuCore.Gpu.Interop;
using LzuCore.Kernels;

namespace LzuCore.Gpu.Cudnn;

// One problem prepared for cuDNN's fixed functions: descriptors and an algorithm. The three directions have the same signatures in cuDNN (two operands, a
// target), so they differ only in which function pointers are called:
//   forward          x,  w  -> y
//   backward input   w,  dy -> dx
//   backward weight  x,  dy -> dw
internal sealed unsafe class CudnnConvPlan : IDisposable
{
    // Longer than any list cuDNN has: 8 algorithms, each perhaps with two kinds of arithmetic.
    private const int ListLength = 32;

    private readonly CudnnApi _api;
    private readonly ConvProblem _problem;
    private readonly CudnnDescriptor[] _operands;
    private readonly CudnnDescriptor _convolution;
    private readonly CudnnDescriptor? _bias, _activation;

    private CudnnConvPlan(CudnnApi api, ConvProblem p, Activation? fused)
    {
        (_api, _problem) = (api, p);
        var made = new List<CudnnDescriptor>();
        try
        {
            var x = Keep(CudnnDescriptor.Tensor(api, p.DataType, p.Batch, p.Inputs, p.InputSize.Height, p.InputSize.Width));
            var w = Keep(CudnnDescriptor.Filter(api, p.DataType, p.Outputs, p.GroupInputs, p.Kernel.Height, p.Kernel.Width));
            var y = Keep(CudnnDescriptor.Tensor(api, p.DataType, p.Batch, p.Outputs, p.OutputSize.Height, p.OutputSize.Width));
            _operands = p.Direction switch
            {
                ConvDirection.BackwardInput => [w, y, x],
                ConvDirection.BackwardWeight => [x, y, w],
                _ => [x, w, y],
            };
            _convolution = Keep(CudnnDescriptor.Convolution(api, CudnnDataType.Float, p.Args, CudnnMath.Default));
            if (fused is not { } activation) return;
            _bias = Keep(CudnnDescriptor.Tensor(api, p.DataType, 1, p.Outputs, 1, 1));
            _activation = Keep(CudnnDescriptor.Activation(api, activation == Activation.Relu ? CudnnActivation.Relu : CudnnActivation.Identity));
        }
        catch
        {
            made.ForEach(d => d.Dispose());
            throw;
        }

        CudnnDescriptor Keep(CudnnDescriptor descriptor)
        {
            made.Add(descriptor);
            return descriptor;
        }
    }

    /// <summary>The chosen algorithm's number in its direction's enum.</summary>
    public int Algorithm { get; private set; }

    /// <summary>Bytes of scratch that a run needs.</summary>
    public long WorkspaceBytes { get; private set; }

    /// <summary>Prepares a problem, with bias, residual and activation in the same call when <paramref name="fused"/> is not null. Null when cuDNN has no
    /// algorithm that is deterministic, precise enough and within the limit.</summary>
    public static CudnnConvPlan? TryCreate(CudnnApi api, CudnnHandle handle, ConvProblem problem, Activation? fused, LibraryOptions options)
    {
        CudnnConvPlan? plan = null;
        try
        {
            plan = new CudnnConvPlan(api, problem, fused);
            if (plan.Choose(handle, options)) return plan;
        }
        catch (NativeCallException e) when (CudnnApi.IsUnsupported(e.Status))
        {
        }
        catch
        {
            plan?.Dispose();
            throw;
        }
        plan?.Dispose();
        return null;
    }

    /// <summary>target = the product, through the epilogue if the plan is fused. Returns cuDNN's status.</summary>
    public int Run(CudnnHandle handle, nint first, nint second, nint target, nint bias, nint residual, nint workspace)
    {
        float one = 1, zero = 0;
        nint alpha = (nint)(&one), beta = (nint)(&zero);
        nint a = _operands[0].Value, b = _operands[1].Value, c = _operands[2].Value;
        if (_activation is not null)
            // cuDNN reads z even where its factor is 0, and then the output may stand for it.
            return _api.ConvolutionBiasActivationForward(handle.Value, (void*)alpha, a, first, b, second, _convolution.Value, Algorithm, workspace, (nuint)WorkspaceBytes,
                (void*)(residual == 0 ? beta : alpha), c, residual == 0 ? target : residual, _bias!.Value, bias, _activation.Value, c, target);
        var run = _problem.Direction switch
        {
            ConvDirection.BackwardInput => _api.ConvolutionBackwardData,
            ConvDirection.BackwardWeight => _api.ConvolutionBackwardFilter,
            _ => _api.ConvolutionForward,
        };
        return run(handle.Value, (void*)alpha, a, first, b, second, _convolution.Value, Algorithm, workspace, (nuint)WorkspaceBytes, (void*)beta, c, target);
    }

    /// <summary>The name of the function that <see cref="Run"/> calls.</summary>
    public string Function => _activation is not null ? "cudnnConvolutionBiasActivationForward" : _problem.Direction switch
    {
        ConvDirection.BackwardInput => "cudnnConvolutionBackwardData",
        ConvDirection.BackwardWeight => "cudnnConvolutionBackwardFilter",
        _ => "cudnnConvolutionForward",
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var operand in _operands) operand.Dispose();
        _convolution.Dispose();
        _bias?.Dispose();
        _activation?.Dispose();
    }

    // The first entry of cuDNN's list, best first by its own estimate, that obeys every rule.
    private bool Choose(CudnnHandle handle, LibraryOptions options)
    {
        var exact = !options.AllowTf32;
        if (exact) Require("cudnnSetConvolutionMathType", _api.SetConvolutionMathType(_convolution.Value, CudnnMath.Fma));
        var (search, size, name) = _problem.Direction switch
        {
            ConvDirection.BackwardInput => ((nint)_api.GetConvolutionBackwardDataAlgorithm, (nint)_api.GetConvolutionBackwardDataWorkspaceSize, "BackwardData"),
            ConvDirection.BackwardWeight => ((nint)_api.GetConvolutionBackwardFilterAlgorithm, (nint)_api.GetConvolutionBackwardFilterWorkspaceSize, "BackwardFilter"),
            _ => ((nint)_api.GetConvolutionForwardAlgorithm, (nint)_api.GetConvolutionForwardWorkspaceSize, "Forward"),
        };
        nint a = _operands[0].Value, b = _operands[1].Value, c = _operands[2].Value;
        var list = stackalloc CudnnPerf[ListLength];
        int count;
        Require($"cudnnGetConvolution{name}Algorithm_v7",
            ((delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, int*, CudnnPerf*, int>)search)(handle.Value, a, b, _convolution.Value, c, ListLength, &count, list));
        foreach (var entry in new ReadOnlySpan<CudnnPerf>(list, count))
        {
            if (entry.Status != 0 || entry.Determinism != CudnnDeterminism.Deterministic || IsAtomic(entry.Algorithm)) continue;
            // Projects that tried found the fused call reliable with this algorithm alone; for the identity it is documented.
            if (_activation is not null && entry.Algorithm != CudnnAlgorithm.ForwardImplicitPrecomp) continue;
            if (entry.Math == CudnnMath.TensorOpAllowConversion || (exact && entry.Math == CudnnMath.TensorOp)) continue;
            // An entry of the default kind may use TF32; with FMA asked for, cuDNN refuses the size where it cannot obey.
            Require("cudnnSetConvolutionMathType", _api.SetConvolutionMathType(_convolution.Value, exact ? CudnnMath.Fma : entry.Math));
            nuint bytes;
            var status = ((delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, nuint*, int>)size)(handle.Value, a, b, _convolution.Value, c, entry.Algorithm, &bytes);
            if (CudnnApi.IsUnsupported(status)) continue;
            Require($"cudnnGetConvolution{name}WorkspaceSize", status);
            if (bytes > (nuint)options.WorkspaceLimit) continue;
            (Algorithm, WorkspaceBytes) = (entry.Algorithm, (long)bytes);
            return true;
        }
        return false;
    }

    private bool IsAtomic(int algorithm) => _problem.Direction switch
    {
        ConvDirection.BackwardInput => algorithm == CudnnAlgorithm.BackwardDataAtomic,
        ConvDirection.BackwardWeight => algorithm is CudnnAlgorithm.BackwardFilterAtomic or CudnnAlgorithm.BackwardFilterAtomicToo,
        _ => false,
    };

    private void Require(string function, int status) => _api.Require(function, status);
}
