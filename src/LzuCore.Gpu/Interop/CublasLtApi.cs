using System.Runtime.InteropServices;

namespace LzuCore.Gpu.Interop;

// Fields have the names of the C functions without "cublasLt".

/// <summary>cuBLASLt of CUDA 12 or 13 as function pointers.</summary>
internal sealed unsafe class CublasLtApi
{
    private const int NotSupported = 15, ArchitectureMismatch = 8;

    public readonly delegate* unmanaged[Cdecl]<nuint> GetVersion;
    public readonly delegate* unmanaged[Cdecl]<int, byte*> GetStatusName, GetStatusString;
    public readonly delegate* unmanaged[Cdecl]<nint*, int> Create;
    public readonly delegate* unmanaged[Cdecl]<nint, int> Destroy;

    /// <summary>(layout, type, rows, columns, leading dimension): column-major.</summary>
    public readonly delegate* unmanaged[Cdecl]<nint*, CudaDataType, ulong, ulong, long, int> MatrixLayoutCreate;
    public readonly delegate* unmanaged[Cdecl]<nint, int> MatrixLayoutDestroy;
    public readonly delegate* unmanaged[Cdecl]<nint, CublasLtLayout, void*, nuint, int> MatrixLayoutSetAttribute;

    /// <summary>(description, compute type, type of alpha and beta).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint*, CublasCompute, CudaDataType, int> MatmulDescCreate;
    public readonly delegate* unmanaged[Cdecl]<nint, int> MatmulDescDestroy;
    public readonly delegate* unmanaged[Cdecl]<nint, CublasLtDesc, void*, nuint, int> MatmulDescSetAttribute;

    public readonly delegate* unmanaged[Cdecl]<nint*, int> MatmulPreferenceCreate;
    public readonly delegate* unmanaged[Cdecl]<nint, int> MatmulPreferenceDestroy;
    public readonly delegate* unmanaged[Cdecl]<nint, CublasLtPreference, void*, nuint, int> MatmulPreferenceSetAttribute;

    /// <summary>(handle, description, layouts of A, B, C, D, preference, requested, results, returned).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, nint, nint, int, CublasLtHeuristic*, int*, int> MatmulAlgoGetHeuristic;

    /// <summary>(handle, description, alpha, A, its layout, B, its layout, beta, C, its layout, D, its layout, algorithm, workspace, its bytes, stream).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, nint, void*, nint, nint, nint, nint, void*, nint, nint, nint, nint, CublasLtAlgorithm*, nint, nuint, nint, int> Matmul;

    /// <summary>Binds every function, or says which are missing.</summary>
    public CublasLtApi(Func<string, nint> export)
    {
        var e = new NativeExports("cuBLASLt", export);
        GetVersion = (delegate* unmanaged[Cdecl]<nuint>)e.Required("cublasLtGetVersion");
        GetStatusName = (delegate* unmanaged[Cdecl]<int, byte*>)e.Optional("cublasLtGetStatusName");
        GetStatusString = (delegate* unmanaged[Cdecl]<int, byte*>)e.Optional("cublasLtGetStatusString");
        Create = (delegate* unmanaged[Cdecl]<nint*, int>)e.Required("cublasLtCreate");
        Destroy = (delegate* unmanaged[Cdecl]<nint, int>)e.Required("cublasLtDestroy");
        MatrixLayoutCreate = (delegate* unmanaged[Cdecl]<nint*, CudaDataType, ulong, ulong, long, int>)e.Required("cublasLtMatrixLayoutCreate");
        MatrixLayoutDestroy = (delegate* unmanaged[Cdecl]<nint, int>)e.Required("cublasLtMatrixLayoutDestroy");
        MatrixLayoutSetAttribute = (delegate* unmanaged[Cdecl]<nint, CublasLtLayout, void*, nuint, int>)e.Required("cublasLtMatrixLayoutSetAttribute");
        MatmulDescCreate = (delegate* unmanaged[Cdecl]<nint*, CublasCompute, CudaDataType, int>)e.Required("cublasLtMatmulDescCreate");
        MatmulDescDestroy = (delegate* unmanaged[Cdecl]<nint, int>)e.Required("cublasLtMatmulDescDestroy");
        MatmulDescSetAttribute = (delegate* unmanaged[Cdecl]<nint, CublasLtDesc, void*, nuint, int>)e.Required("cublasLtMatmulDescSetAttribute");
        MatmulPreferenceCreate = (delegate* unmanaged[Cdecl]<nint*, int>)e.Required("cublasLtMatmulPreferenceCreate");
        MatmulPreferenceDestroy = (delegate* unmanaged[Cdecl]<nint, int>)e.Required("cublasLtMatmulPreferenceDestroy");
        MatmulPreferenceSetAttribute = (delegate* unmanaged[Cdecl]<nint, CublasLtPreference, void*, nuint, int>)e.Required("cublasLtMatmulPreferenceSetAttribute");
        MatmulAlgoGetHeuristic = (delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, nint, nint, int, CublasLtHeuristic*, int*, int>)e.Required("cublasLtMatmulAlgoGetHeuristic");
        Matmul = (delegate* unmanaged[Cdecl]<nint, nint, void*, nint, nint, nint, nint, void*, nint, nint, nint, nint, CublasLtAlgorithm*, nint, nuint, nint, int>)e.Required("cublasLtMatmul");
        e.RequireAll("Install cuBLAS of CUDA 12 or 13, or remove it: without it the built-in kernels run.");
    }

    /// <summary>Whether a status says that this cannot be done here, and that another way should be tried.</summary>
    public static bool IsUnsupported(int status) => status is NotSupported or ArchitectureMismatch;

    /// <summary>Requires success.</summary>
    /// <exception cref="NativeCallException">Another status.</exception>
    public void Require(string function, int status)
    {
        if (status != 0) throw new NativeCallException("cuBLASLt", function, status, TextOf(status), "Set CUBLASLT_LOG_LEVEL=2 before the start to see cuBLASLt's log.");
    }

    private string TextOf(int status) =>
        string.Join(": ", new[] { GetStatusName == null ? 0 : (nint)GetStatusName(status), GetStatusString == null ? 0 : (nint)GetStatusString(status) }
            .Select(text => Marshal.PtrToStringUTF8(text)).OfType<string>().Distinct().DefaultIfEmpty("no text"));
}

/// <summary>A cuBLASLt handle, or one of the objects that describe a product. All are made by the library and destroyed here.</summary>
internal sealed unsafe class CublasLtObject : SafeHandle
{
    private readonly CublasLtApi _api;
    private readonly delegate* unmanaged[Cdecl]<nint, int> _destroy;

    private CublasLtObject(CublasLtApi api, string function, int status, nint created, delegate* unmanaged[Cdecl]<nint, int> destroy)
        : base(0, ownsHandle: true)
    {
        _api = api;
        _destroy = destroy;
        api.Require(function, status);
        SetHandle(created);
    }

    /// <summary>The native object.</summary>
    public nint Value => handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>A <c>cublasLtHandle_t</c>; safe for several threads.</summary>
    public static CublasLtObject Handle(CublasLtApi api)
    {
        nint made;
        var status = api.Create(&made);
        return new CublasLtObject(api, "cublasLtCreate", status, made, api.Destroy);
    }

    /// <summary>A column-major matrix, or a batch of them <paramref name="batchStride"/> elements apart.</summary>
    public static CublasLtObject Layout(CublasLtApi api, CudaDataType type, long rows, long columns, long leading, int batch, long batchStride)
    {
        nint made;
        var status = api.MatrixLayoutCreate(&made, type, (ulong)rows, (ulong)columns, leading);
        var layout = new CublasLtObject(api, "cublasLtMatrixLayoutCreate", status, made, api.MatrixLayoutDestroy);
        layout.Set("cublasLtMatrixLayoutSetAttribute", api.MatrixLayoutSetAttribute(made, CublasLtLayout.BatchCount, &batch, sizeof(int)));
        layout.Set("cublasLtMatrixLayoutSetAttribute", api.MatrixLayoutSetAttribute(made, CublasLtLayout.StridedBatchOffset, &batchStride, sizeof(long)));
        return layout;
    }

    /// <summary>What is to be computed of A and B.</summary>
    public static CublasLtObject Description(CublasLtApi api, CublasCompute compute, CudaDataType scale, CublasOperation a, CublasOperation b, CublasLtEpilogue epilogue)
    {
        nint made;
        var status = api.MatmulDescCreate(&made, compute, scale);
        var description = new CublasLtObject(api, "cublasLtMatmulDescCreate", status, made, api.MatmulDescDestroy);
        description.Set("cublasLtMatmulDescSetAttribute", api.MatmulDescSetAttribute(made, CublasLtDesc.TransA, &a, sizeof(int)));
        description.Set("cublasLtMatmulDescSetAttribute", api.MatmulDescSetAttribute(made, CublasLtDesc.TransB, &b, sizeof(int)));
        description.Set("cublasLtMatmulDescSetAttribute", api.MatmulDescSetAttribute(made, CublasLtDesc.Epilogue, &epilogue, sizeof(uint)));
        return description;
    }

    /// <summary>Limits for the choice of an algorithm.</summary>
    public static CublasLtObject Preference(CublasLtApi api, long workspaceLimit, uint alignment)
    {
        nint made;
        var status = api.MatmulPreferenceCreate(&made);
        var preference = new CublasLtObject(api, "cublasLtMatmulPreferenceCreate", status, made, api.MatmulPreferenceDestroy);
        var bytes = (ulong)workspaceLimit;
        preference.Set("cublasLtMatmulPreferenceSetAttribute", api.MatmulPreferenceSetAttribute(made, CublasLtPreference.MaxWorkspaceBytes, &bytes, sizeof(ulong)));
        for (var operand = CublasLtPreference.MinAlignmentA; operand <= CublasLtPreference.MinAlignmentD; operand++)
            preference.Set("cublasLtMatmulPreferenceSetAttribute", api.MatmulPreferenceSetAttribute(made, operand, &alignment, sizeof(uint)));
        return preference;
    }

    /// <summary>Where the bias lies; for a description. Set it before asking for an algorithm too, which depends on its alignment.</summary>
    public void SetBias(nint address) =>
        _api.Require("cublasLtMatmulDescSetAttribute", _api.MatmulDescSetAttribute(handle, CublasLtDesc.BiasPointer, &address, (nuint)sizeof(nint)));

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _destroy(handle) == 0;

    private void Set(string function, int status)
    {
        if (status == 0) return;
        Dispose();
        _api.Require(function, status);
    }
}
