using LzuCore.Gpu.Interop;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Cudnn;

/// <summary>A product without its data: the key of the choice of an algorithm. Operands are named as in the contract, row-major.</summary>
internal readonly record struct GemmProblem(DType DType, int Batch, int M, int N, int K, GemmOperand A, GemmOperand B, bool HasBias, bool HasResidual, Activation Activation, int Alignment);

// One product prepared for cuBLASLt. Everything is column-major there, and a row-major [M, N] output is its transpose [N, M] to it, so the operands change places:
//   output' [N, M] = b' [N, K] · a' [K, M],    the bias [N] along the rows of output', as cuBLASLt's epilogue wants it.
// The residual is the C of D = epilogue(A · B + beta · C): added before the bias, which changes nothing but rounding.
internal sealed unsafe class CublasLtPlan : IDisposable
{
    // Heuristics sort best first; some results may carry a status.
    private const int Requested = 8;

    private readonly CublasLtApi _api;
    private readonly GemmProblem _problem;
    private readonly CublasLtObject _description, _a, _b, _output;
    private CublasLtAlgorithm _algorithm;

    private CublasLtPlan(CublasLtApi api, GemmProblem p, bool allowTf32)
    {
        (_api, _problem) = (api, p);
        var isDouble = p.DType == DType.Float64;
        var type = isDouble ? CudaDataType.Double : CudaDataType.Single;
        var made = new List<CublasLtObject>();
        try
        {
            var epilogue = (p.HasBias, p.Activation) switch
            {
                (true, Activation.Relu) => CublasLtEpilogue.ReluBias,
                (true, _) => CublasLtEpilogue.Bias,
                (_, Activation.Relu) => CublasLtEpilogue.Relu,
                _ => CublasLtEpilogue.Default,
            };
            made.Add(_description = CublasLtObject.Description(api, isDouble ? CublasCompute.Double : allowTf32 ? CublasCompute.SingleFastTf32 : CublasCompute.Single, type,
                p.B.Operation, p.A.Operation, epilogue));
            made.Add(_b = CublasLtObject.Layout(api, type, p.B.Rows, p.B.Columns, p.B.Leading, p.Batch, p.B.BatchStride));
            made.Add(_a = CublasLtObject.Layout(api, type, p.A.Rows, p.A.Columns, p.A.Leading, p.Batch, p.A.BatchStride));
            made.Add(_output = CublasLtObject.Layout(api, type, p.N, p.M, p.N, p.Batch, (long)p.M * p.N));
        }
        catch
        {
            made.ForEach(o => o.Dispose());
            throw;
        }
    }

    /// <summary>Bytes of scratch that a run needs.</summary>
    public long WorkspaceBytes { get; private set; }

    /// <summary>Prepares a problem; null when cuBLASLt has no algorithm for it.</summary>
    /// <param name="api">cuBLASLt.</param>
    /// <param name="handle">Its handle.</param>
    /// <param name="problem">What to compute.</param>
    /// <param name="options">Precision and limits.</param>
    /// <param name="bias">The address of a bias; the choice reads its alignment.</param>
    public static CublasLtPlan? TryCreate(CublasLtApi api, CublasLtObject handle, GemmProblem problem, LibraryOptions options, nint bias)
    {
        CublasLtPlan? plan = null;
        try
        {
            plan = new CublasLtPlan(api, problem, options.AllowTf32);
            if (plan.Choose(handle, options, bias)) return plan;
        }
        catch (NativeCallException e) when (CublasLtApi.IsUnsupported(e.Status))
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

    /// <summary>output = epilogue(a · b). Returns cuBLASLt's status. One thread at a time: the bias is part of the description.</summary>
    public int Run(CublasLtObject handle, nint a, nint b, nint bias, nint residual, nint output, nint workspace, nint stream)
    {
        double one = 1, zero = 0;
        float oneSingle = 1, zeroSingle = 0;
        var (alpha, beta) = _problem.DType == DType.Float64 ? ((nint)(&one), (nint)(&zero)) : ((nint)(&oneSingle), (nint)(&zeroSingle));
        if (_problem.HasBias) _description.SetBias(bias);
        fixed (CublasLtAlgorithm* algorithm = &_algorithm)
            return _api.Matmul(handle.Value, _description.Value, (void*)alpha, b, _b.Value, a, _a.Value,
                (void*)(_problem.HasResidual ? alpha : beta), _problem.HasResidual ? residual : output, _output.Value, output, _output.Value,
                algorithm, workspace, (nuint)WorkspaceBytes, stream);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _description.Dispose();
        _a.Dispose();
        _b.Dispose();
        _output.Dispose();
    }

    private bool Choose(CublasLtObject handle, LibraryOptions options, nint bias)
    {
        if (_problem.HasBias) _description.SetBias(bias);
        using var preference = CublasLtObject.Preference(_api, options.WorkspaceLimit, (uint)_problem.Alignment);
        var results = stackalloc CublasLtHeuristic[Requested];
        var count = 0;
        _api.Require("cublasLtMatmulAlgoGetHeuristic", _api.MatmulAlgoGetHeuristic(handle.Value, _description.Value, _b.Value, _a.Value, _output.Value, _output.Value,
            preference.Value, Requested, results, &count));
        foreach (var result in new ReadOnlySpan<CublasLtHeuristic>(results, count))
        {
            if (result.Status != 0 || result.WorkspaceBytes > (nuint)options.WorkspaceLimit) continue;
            (_algorithm, WorkspaceBytes) = (result.Algorithm, (long)result.WorkspaceBytes);
            return true;
        }
        return false;
    }
}
