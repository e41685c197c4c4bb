using LzuCore.Gpu.Interop;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Cudnn;

// Convolution by cuDNN's fixed functions, channels-last, float32.
//   epilogue   float32 with a bias: cudnnConvolutionBiasActivationForward, one call. Otherwise the plain convolution, then passes of our own.
//   choice     cuDNN's estimated list at the first use of a shape; only deterministic algorithms within the workspace limit. A plan is kept per problem.
//   fallback   what cuDNN does not support is remembered, and goes to another kernel from then on.
//   capture    no first use of a shape inside a stream capture: run it once before.
//   order      everything goes into one stream, so a workspace may return to the pool right after the call.
// Same as: the CPU's Conv2dKernel to rounding. A fused ReLU may turn NaN into 0, where the CPU keeps it.
internal sealed class CudnnConv2d : IConv2dKernel, ITakesHalves, IDisposable
{
    private readonly Backend _backend;
    private readonly CudnnApi _api;
    private readonly IConv2dKernel _fallback;
    private readonly LibraryOptions _options;
    private readonly CudnnHandle _handle;
    private readonly Dictionary<PlanKey, CudnnConvPlan?> _plans = [];

    private readonly record struct PlanKey(ConvProblem Problem, Activation? Fused);

    /// <summary>Opens a cuDNN handle on a stream.</summary>
    public CudnnConv2d(Backend backend, CudnnApi api, nint stream, IConv2dKernel fallback, LibraryOptions? options = null)
    {
        (_backend, _api, _fallback, _options) = (backend, api, fallback, options ?? new LibraryOptions());
        _options.MakeCurrent?.Invoke();
        _handle = new CudnnHandle(api, stream);
    }

    public void Forward(in Conv2dArgs args, TensorView input, TensorView weight, in Epilogue epilogue, TensorView output)
    {
        if (Problem(ConvDirection.Forward, args, input, weight, output) is { } problem)
        {
            if (CanFuse(epilogue, output) && TryRun(problem, epilogue.Activation, input, weight, output, epilogue)) return;
            if (TryRun(problem, null, input, weight, output, default))
            {
                SeparateEpilogue.Apply(_backend, epilogue, output, biasAxis: 1);
                return;
            }
        }
        _fallback.Forward(args, input, weight, epilogue, output);
    }

    public void BackwardInput(in Conv2dArgs args, TensorView dOutput, TensorView weight, in Epilogue epilogue, TensorView dInput)
    {
        if (Problem(ConvDirection.BackwardInput, args, dInput, weight, dOutput) is { } problem && TryRun(problem, null, weight, dOutput, dInput, default))
            SeparateEpilogue.Apply(_backend, epilogue, dInput, biasAxis: 1);
        else
            _fallback.BackwardInput(args, dOutput, weight, epilogue, dInput);
    }

    public void BackwardWeight(in Conv2dArgs args, TensorView input, TensorView dOutput, TensorView dWeight)
    {
        if (Problem(ConvDirection.BackwardWeight, args, input, dWeight, dOutput) is { } problem && TryRun(problem, null, input, dOutput, dWeight, default)) return;
        _fallback.BackwardWeight(args, input, dOutput, dWeight);
    }

    public unsafe void BackwardBias(TensorView dOutput, TensorView dBias)
    {
        var shape = dOutput.Shape;
        if (dOutput.DType is not (DType.Float32 or DType.Float64) || dOutput.Count is 0 or > int.MaxValue || !dOutput.Layout.IsChannelsLast || dBias.Layout.Strides[0] != 1)
        {
            _fallback.BackwardBias(dOutput, dBias);
            return;
        }
        _options.MakeCurrent?.Invoke();
        int status;
        lock (_handle.Gate)
        {
            var type = dOutput.DType == DType.Float64 ? CudnnDataType.Double : CudnnDataType.Float;
            using var from = CudnnDescriptor.Tensor(_api, type, shape[0], shape[1], shape[2], shape[3]);
            using var to = CudnnDescriptor.Tensor(_api, type, 1, shape[1], 1, 1);
            double one = 1, zero = 0;
            float oneSingle = 1, zeroSingle = 0;
            var wide = dOutput.DType == DType.Float64;
            status = _api.ConvolutionBackwardBias(_handle.Value, wide ? &one : &oneSingle, from.Value, dOutput.DeviceAddress(), wide ? &zero : &zeroSingle, to.Value, dBias.DeviceAddress());
            if (!CudnnApi.IsUnsupported(status)) _api.Require("cudnnConvolutionBackwardBias", status);
        }
        if (status != 0) _fallback.BackwardBias(dOutput, dBias);
    }

    /// <summary>Closes the handle and every plan; the stream must be idle.</summary>
    public void Dispose()
    {
        _options.MakeCurrent?.Invoke();
        lock (_handle.Gate)
        {
            foreach (var plan in _plans.Values) plan?.Dispose();
            _plans.Clear();
            _handle.Dispose();
        }
    }

    // cuDNN covers float64 poorly where channels lie last; it is for checking gradients here, which our own kernel serves.
    private static ConvProblem? Problem(ConvDirection direction, in Conv2dArgs args, TensorView input, TensorView weight, TensorView output) =>
        output.DType == DType.Float32 ? ConvProblem.Of(direction, args, input, weight, output) : null;

    // The fused call wants a bias; without one, plain and a pass costs less than a buffer of zeros kept for the purpose.
    private static bool CanFuse(in Epilogue epilogue, TensorView output) =>
        output.DType == DType.Float32 && epilogue.Bias is { DType: DType.Float32 } bias && IsDense(bias)
        && (epilogue.Residual is not { } residual || (residual.DType == DType.Float32 && residual.Layout.IsChannelsLast));

    private static bool IsDense(TensorView bias) => bias.Shape[0] == 1 || bias.Layout.Strides[0] == 1;

    private bool TryRun(ConvProblem problem, Activation? fused, TensorView first, TensorView second, TensorView target, in Epilogue epilogue)
    {
        _options.MakeCurrent?.Invoke();
        lock (_handle.Gate)
        {
            var key = new PlanKey(problem, fused);
            if (!_plans.TryGetValue(key, out var plan)) _plans[key] = plan = CudnnConvPlan.TryCreate(_api, _handle, problem, fused, _options);
            if (plan is null) return false;
            var workspace = plan.WorkspaceBytes > 0 ? _backend.Allocate(DType.UInt8, plan.WorkspaceBytes) : null;
            try
            {
                var status = plan.Run(_handle, first.DeviceAddress(), second.DeviceAddress(), target.DeviceAddress(),
                    epilogue.Bias?.DeviceAddress() ?? 0, epilogue.Residual?.DeviceAddress() ?? 0, workspace?.DeviceAddress() ?? 0);
                if (!CudnnApi.IsUnsupported(status))
                {
                    _api.Require(plan.Function, status);
                    return true;
                }
            }
            finally
            {
                workspace?.Release();
            }
            plan.Dispose();
            _plans[key] = null;
            return false;
        }
    }
}
