using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LzuCore.Gpu.Interop;

namespace LzuCore.Gpu.Tests.Cudnn;

/// <summary>A cuBLASLt without a GPU: column-major products of what the layouts and the description say, and books of every object.</summary>
internal sealed unsafe class FakeCublasLt : IDisposable
{
    private static FakeCublasLt? _current;
    private static readonly nint Words = Marshal.StringToCoTaskMemUTF8("FAKE_STATUS");

    // Never twice, so that a leaked object of an earlier test is not taken for one of this.
    private static nint _next = 0x1000;
    private readonly nint _first = _next;

    public FakeCublasLt() => _current = this;

    private static FakeCublasLt Current => _current ?? throw new InvalidOperationException("no fake is current");

    /// <summary>An object, its numbers from creation, and its attributes.</summary>
    public sealed class Entry(string kind)
    {
        public string Kind { get; } = kind;
        public long[] Values { get; set; } = [];
        public Dictionary<int, byte[]> Attributes { get; } = [];

        public long this[int attribute, long otherwise = 0] => !Attributes.TryGetValue(attribute, out var b) ? otherwise : b.Length == 8 ? BitConverter.ToInt64(b) : BitConverter.ToInt32(b);
    }

    public List<string> Calls { get; } = [];
    public List<string> Faults { get; } = [];
    public Dictionary<nint, Entry> Alive { get; } = [];
    public List<Entry> Made { get; } = [];
    public Func<string, int> StatusOf { get; set; } = _ => 0;

    /// <summary>What a heuristic query answers: a number for the algorithm, its workspace and status; null for none. Gets the epilogue and the alpha type.</summary>
    public Func<CublasLtEpilogue, CudaDataType, (int Number, long Workspace, int Status)[]> Heuristics { get; set; } = (_, _) => [(1, 0, 0)];

    /// <summary>The last product: algorithm, workspace, its bytes, beta, whether C is D, the stream.</summary>
    public (ulong Algorithm, nint Workspace, long Bytes, double Beta, bool InPlace, nint Stream) LastRun { get; private set; }

    public CublasLtApi Api() => new(Export);

    public int CountOf(string call) => Calls.Count(c => c == call);

    public void Dispose() => _current = null;

    public nint Export(string name) => name switch
    {
        "cublasLtGetVersion" => (nint)(delegate* unmanaged[Cdecl]<nuint>)&GetVersion,
        "cublasLtGetStatusName" or "cublasLtGetStatusString" => (nint)(delegate* unmanaged[Cdecl]<int, byte*>)&Text,
        "cublasLtCreate" => (nint)(delegate* unmanaged[Cdecl]<nint*, int>)&Create,
        "cublasLtDestroy" => (nint)(delegate* unmanaged[Cdecl]<nint, int>)&Destroy,
        "cublasLtMatrixLayoutCreate" => (nint)(delegate* unmanaged[Cdecl]<nint*, int, ulong, ulong, long, int>)&LayoutCreate,
        "cublasLtMatrixLayoutDestroy" => (nint)(delegate* unmanaged[Cdecl]<nint, int>)&LayoutDestroy,
        "cublasLtMatrixLayoutSetAttribute" => (nint)(delegate* unmanaged[Cdecl]<nint, int, void*, nuint, int>)&LayoutSet,
        "cublasLtMatmulDescCreate" => (nint)(delegate* unmanaged[Cdecl]<nint*, int, int, int>)&DescCreate,
        "cublasLtMatmulDescDestroy" => (nint)(delegate* unmanaged[Cdecl]<nint, int>)&DescDestroy,
        "cublasLtMatmulDescSetAttribute" => (nint)(delegate* unmanaged[Cdecl]<nint, int, void*, nuint, int>)&DescSet,
        "cublasLtMatmulPreferenceCreate" => (nint)(delegate* unmanaged[Cdecl]<nint*, int>)&PreferenceCreate,
        "cublasLtMatmulPreferenceDestroy" => (nint)(delegate* unmanaged[Cdecl]<nint, int>)&PreferenceDestroy,
        "cublasLtMatmulPreferenceSetAttribute" => (nint)(delegate* unmanaged[Cdecl]<nint, int, void*, nuint, int>)&PreferenceSet,
        "cublasLtMatmulAlgoGetHeuristic" => (nint)(delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, nint, nint, int, CublasLtHeuristic*, int*, int>)&Search,
        "cublasLtMatmul" => (nint)(delegate* unmanaged[Cdecl]<nint, nint, void*, nint, nint, nint, nint, void*, nint, nint, nint, nint, CublasLtAlgorithm*, nint, nuint, nint, int>)&Matmul,
        _ => 0,
    };

    private static int Enter(string call)
    {
        Current.Calls.Add(call);
        return Current.StatusOf(call);
    }

    private static int Make(string kind, nint* made, params long[] values)
    {
        var status = Enter($"create {kind}");
        if (status != 0) return status;
        var entry = new Entry(kind) { Values = values };
        *made = _next += 16;
        Current.Alive.Add(*made, entry);
        Current.Made.Add(entry);
        return 0;
    }

    private static int End(string kind, nint handle)
    {
        // The finalizer of what an earlier test leaked, which that test has reported.
        if (_current is null || handle <= Current._first) return 0;
        if (!Current.Alive.Remove(handle, out var entry) || entry.Kind != kind) Current.Faults.Add($"destroy {kind}: {handle:x} is none");
        return Enter($"destroy {kind}");
    }

    private static Entry Use(string kind, nint handle)
    {
        if (Current.Alive.TryGetValue(handle, out var entry) && entry.Kind == kind) return entry;
        Current.Faults.Add($"{handle:x} is no living {kind}");
        return new Entry(kind);
    }

    private static int Set(string kind, nint handle, int attribute, void* value, nuint size)
    {
        Use(kind, handle).Attributes[attribute] = new ReadOnlySpan<byte>(value, (int)size).ToArray();
        return Enter($"set {kind} {attribute}");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint GetVersion() => 130000;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* Text(int status) => (byte*)Words;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Create(nint* made) => Make("handle", made);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Destroy(nint handle) => End("handle", handle);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int LayoutCreate(nint* made, int type, ulong rows, ulong columns, long leading) => Make("layout", made, type, (long)rows, (long)columns, leading);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int LayoutDestroy(nint handle) => End("layout", handle);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int LayoutSet(nint handle, int attribute, void* value, nuint size) => Set("layout", handle, attribute, value, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DescCreate(nint* made, int compute, int scale) => Make("description", made, compute, scale);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DescDestroy(nint handle) => End("description", handle);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DescSet(nint handle, int attribute, void* value, nuint size) => Set("description", handle, attribute, value, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int PreferenceCreate(nint* made) => Make("preference", made);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int PreferenceDestroy(nint handle) => End("preference", handle);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int PreferenceSet(nint handle, int attribute, void* value, nuint size) => Set("preference", handle, attribute, value, size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Search(nint handle, nint description, nint a, nint b, nint c, nint d, nint preference, int requested, CublasLtHeuristic* results, int* returned)
    {
        var what = Use("description", description);
        Use("preference", preference);
        var answers = Current.Heuristics((CublasLtEpilogue)what[(int)CublasLtDesc.Epilogue], (CudaDataType)what.Values[1]);
        *returned = Math.Min(requested, answers.Length);
        for (var i = 0; i < *returned; i++)
        {
            results[i] = new CublasLtHeuristic { WorkspaceBytes = (nuint)answers[i].Workspace, Status = answers[i].Status };
            results[i].Algorithm[0] = (ulong)answers[i].Number;
        }
        if (what[(int)CublasLtDesc.Epilogue] is 4 or 6 && what[(int)CublasLtDesc.BiasPointer] == 0) Current.Faults.Add("the bias is not set when an algorithm is asked for");
        return Enter("search");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Matmul(nint handle, nint description, void* alpha, nint pa, nint a, nint pb, nint b, void* beta, nint pc, nint c, nint pd, nint d,
        CublasLtAlgorithm* algorithm, nint workspace, nuint bytes, nint stream)
    {
        var status = Enter("matmul");
        if (status != 0) return status;
        Use("handle", handle);
        Entry what = Use("description", description), la = Use("layout", a), lb = Use("layout", b), lc = Use("layout", c), ld = Use("layout", d);
        var isDouble = what.Values[1] == (int)CudaDataType.Double;
        double one = isDouble ? *(double*)alpha : *(float*)alpha, scale = isDouble ? *(double*)beta : *(float*)beta;
        Current.LastRun = ((*algorithm)[0], workspace, (long)bytes, scale, pc == pd, stream);
        if (bytes != 0) new Span<byte>((void*)workspace, (int)bytes).Fill(0xA5);
        var epilogue = (CublasLtEpilogue)what[(int)CublasLtDesc.Epilogue, 1];
        bool transposeA = what[(int)CublasLtDesc.TransA] == 1, transposeB = what[(int)CublasLtDesc.TransB] == 1;
        long rows = ld.Values[1], columns = ld.Values[2], depth = transposeA ? la.Values[1] : la.Values[2];
        if ((transposeA ? la.Values[2] : la.Values[1]) != rows || (transposeB ? lb.Values[1] : lb.Values[2]) != columns || (transposeB ? lb.Values[2] : lb.Values[1]) != depth)
            Current.Faults.Add("matmul: the shapes do not fit");
        foreach (var layout in new[] { la, lb, lc, ld })
            if (layout.Values[3] < layout.Values[1] || layout[(int)CublasLtLayout.BatchCount, 1] != ld[(int)CublasLtLayout.BatchCount, 1]) Current.Faults.Add("matmul: a leading dimension is too short or the batches differ");
        for (long batch = 0; batch < ld[(int)CublasLtLayout.BatchCount, 1]; batch++)
            for (long j = 0; j < columns; j++)
                for (long i = 0; i < rows; i++)
                {
                    double sum = 0;
                    for (long k = 0; k < depth; k++)
                        sum += Read(la, pa, batch, transposeA ? k : i, transposeA ? i : k) * Read(lb, pb, batch, transposeB ? j : k, transposeB ? k : j);
                    sum = one * sum + (scale == 0 ? 0 : scale * Read(lc, pc, batch, i, j));
                    if (epilogue.HasFlag(CublasLtEpilogue.Bias))
                    {
                        var bias = (nint)what[(int)CublasLtDesc.BiasPointer];
                        sum += isDouble ? ((double*)bias)[i] : ((float*)bias)[i];
                    }
                    if (epilogue.HasFlag(CublasLtEpilogue.Relu)) sum = Math.Max(sum, 0);
                    var at = At(ld, batch, i, j);
                    if (isDouble) ((double*)pd)[at] = sum;
                    else ((float*)pd)[at] = (float)sum;
                }
        return 0;
    }

    private static long At(Entry layout, long batch, long row, long column) => batch * layout[(int)CublasLtLayout.StridedBatchOffset] + row + column * layout.Values[3];

    private static double Read(Entry layout, nint p, long batch, long row, long column)
    {
        var at = At(layout, batch, row, column);
        return layout.Values[0] == (int)CudaDataType.Double ? ((double*)p)[at] : ((float*)p)[at];
    }
}
