using System.Numerics;
using LzuCore.Gpu.Interop;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Cudnn;

// Matrix products by cuBLASLt, float32 (exact, or TF32 where allowed) and float64.
//   operands  a transpose, a leading dimension, a batch stride (0 shares the operand); other strides go to the fallback.
//   epilogue  bias and ReLU by cuBLASLt, the residual as its C; where it has no algorithm for that, the plain product, then passes of our own.
//   choice    the first of cuBLASLt's estimates, at the first use of a problem; kept per problem, together with "none".
// The choice depends on how addresses are aligned, so a product of the same shape at another alignment may differ by rounding.
internal sealed class CublasLtGemm : IGemmKernel, IDisposable
{
    // Bytes; the pool's blocks are aligned to it, and no load is wider than 16.
    private const int PoolAlignment = 256;

    private readonly Backend _backend;
    private readonly CublasLtApi _api;
    private readonly nint _stream;
    private readonly IGemmKernel _fallback;
    private readonly LibraryOptions _options;
    private readonly CublasLtObject _handle;
    private readonly Lock _gate = new();
    private readonly Dictionary<GemmProblem, CublasLtPlan?> _plans = [];

    /// <summary>Opens a cuBLASLt handle.</summary>
    public CublasLtGemm(Backend backend, CublasLtApi api, nint stream, IGemmKernel fallback, LibraryOptions? options = null)
    {
        (_backend, _api, _stream, _fallback, _options) = (backend, api, stream, fallback, options ?? new LibraryOptions());
        _options.MakeCurrent?.Invoke();
        _handle = CublasLtObject.Handle(api);
    }

    public void Forward(in GemmArgs args, TensorView a, TensorView b, in Epilogue epilogue, TensorView output)
    {
        if (Problem(a, b, epilogue, output) is { } problem)
        {
            if (TryRun(problem, a, b, epilogue, output)) return;
            var plain = problem with { HasBias = false, HasResidual = false, Activation = Activation.None };
            if (plain != problem && TryRun(plain, a, b, default, output))
            {
                SeparateEpilogue.Apply(_backend, epilogue, output, biasAxis: 2);
                return;
            }
        }
        _fallback.Forward(args, a, b, epilogue, output);
    }

    /// <summary>Closes the handle and every plan; the stream must be idle.</summary>
    public void Dispose()
    {
        _options.MakeCurrent?.Invoke();
        lock (_gate)
        {
            foreach (var plan in _plans.Values) plan?.Dispose();
            _plans.Clear();
            _handle.Dispose();
        }
    }

    private static GemmProblem? Problem(TensorView a, TensorView b, in Epilogue epilogue, TensorView output)
    {
        if (output.DType is not (DType.Float32 or DType.Float64) || a.DType != output.DType || b.DType != output.DType) return null;
        if (output.Count == 0 || a.Shape[2] == 0 || !output.Layout.IsRowMajor) return null;
        if (epilogue.Bias is { } bias && (bias.DType != output.DType || (bias.Shape[0] > 1 && bias.Layout.Strides[0] != 1))) return null;
        if (epilogue.Residual is { } residual && (residual.DType != output.DType || !residual.Layout.IsRowMajor)) return null;
        if (GemmOperand.TransposeOf(a) is not { } left || GemmOperand.TransposeOf(b) is not { } right) return null;
        var addresses = a.DeviceAddress() | b.DeviceAddress() | output.DeviceAddress() | (epilogue.Bias?.DeviceAddress() ?? 0) | (epilogue.Residual?.DeviceAddress() ?? 0) | PoolAlignment;
        return new GemmProblem(output.DType, output.Shape[0], output.Shape[1], output.Shape[2], a.Shape[2], left, right,
            epilogue.Bias is not null, epilogue.Residual is not null, epilogue.Activation, 1 << BitOperations.TrailingZeroCount(addresses));
    }

    private bool TryRun(GemmProblem problem, TensorView a, TensorView b, in Epilogue epilogue, TensorView output)
    {
        _options.MakeCurrent?.Invoke();
        lock (_gate)
        {
            var bias = epilogue.Bias?.DeviceAddress() ?? 0;
            if (!_plans.TryGetValue(problem, out var plan)) _plans[problem] = plan = CublasLtPlan.TryCreate(_api, _handle, problem, _options, bias);
            if (plan is null) return false;
            var workspace = plan.WorkspaceBytes > 0 ? _backend.Allocate(DType.UInt8, plan.WorkspaceBytes) : null;
            try
            {
                var status = plan.Run(_handle, a.DeviceAddress(), b.DeviceAddress(), bias, epilogue.Residual?.DeviceAddress() ?? 0, output.DeviceAddress(),
                    workspace?.DeviceAddress() ?? 0, _stream);
                if (!CublasLtApi.IsUnsupported(status))
                {
                    _api.Require("cublasLtMatmul", status);
                    return true;
                }
            }
            finally
            {
                workspace?.Release();
            }
            plan.Dispose();
            _plans[problem] = null;
            return false;
        }
    }
}
