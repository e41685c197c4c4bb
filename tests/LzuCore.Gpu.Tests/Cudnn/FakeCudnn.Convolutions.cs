using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LzuCore.Gpu.Interop;

namespace LzuCore.Gpu.Tests.Cudnn;

// The fixed functions. Tensor values: format, type, n, c, h, w; filter values the same; convolution values: pad, stride, dilation (h, w each), mode, type.
internal sealed unsafe partial class FakeCudnn
{
    /// <summary>What an algorithm query answers, in order.</summary>
    public List<CudnnPerf> Algorithms { get; set; } = [Algorithm(1, CudnnMath.Fma)];

    /// <summary>What a workspace query answers for an algorithm.</summary>
    public Func<int, long> WorkspaceOf { get; set; } = _ => 0;

    /// <summary>The arguments of the last convolution.</summary>
    public (int Algorithm, nint Workspace, long Bytes, CudnnMath Math, double Alpha2) LastRun { get; private set; }

    public static CudnnPerf Algorithm(int number, CudnnMath math, bool deterministic = true, int status = 0) => new()
    {
        Algorithm = number,
        Math = math,
        Determinism = deterministic ? CudnnDeterminism.Deterministic : CudnnDeterminism.NonDeterministic,
        Status = status,
    };

    private void AddConvolutions()
    {
        _exports["cudnnCreateTensorDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint*, int>)&CreateTensor;
        _exports["cudnnCreateFilterDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint*, int>)&CreateFilter;
        _exports["cudnnCreateConvolutionDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint*, int>)&CreateConvolution;
        _exports["cudnnCreateActivationDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint*, int>)&CreateActivation;
        _exports["cudnnDestroyTensorDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&DestroyTensor;
        _exports["cudnnDestroyFilterDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&DestroyFilter;
        _exports["cudnnDestroyConvolutionDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&DestroyConvolution;
        _exports["cudnnDestroyActivationDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&DestroyActivation;
        _exports["cudnnSetTensor4dDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint, int, int, int, int, int, int, int>)&SetTensor;
        _exports["cudnnSetFilter4dDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint, int, int, int, int, int, int, int>)&SetFilter;
        _exports["cudnnSetConvolution2dDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint, int, int, int, int, int, int, int, int, int>)&SetConvolution;
        _exports["cudnnSetConvolutionMathType"] = (nint)(delegate* unmanaged[Cdecl]<nint, CudnnMath, int>)&SetMath;
        _exports["cudnnSetConvolutionGroupCount"] = (nint)(delegate* unmanaged[Cdecl]<nint, int, int>)&SetGroups;
        _exports["cudnnSetActivationDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint, int, int, double, int>)&SetActivation;
        _exports["cudnnGetConvolutionForwardAlgorithm_v7"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, int*, CudnnPerf*, int>)&SearchForward;
        _exports["cudnnGetConvolutionBackwardDataAlgorithm_v7"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, int*, CudnnPerf*, int>)&SearchData;
        _exports["cudnnGetConvolutionBackwardFilterAlgorithm_v7"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, int*, CudnnPerf*, int>)&SearchFilter;
        _exports["cudnnGetConvolutionForwardWorkspaceSize"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, nuint*, int>)&SizeForward;
        _exports["cudnnGetConvolutionBackwardDataWorkspaceSize"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, nuint*, int>)&SizeData;
        _exports["cudnnGetConvolutionBackwardFilterWorkspaceSize"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, nint, nint, nint, int, nuint*, int>)&SizeFilter;
        _exports["cudnnConvolutionForward"] = (nint)(delegate* unmanaged[Cdecl]<nint, void*, nint, nint, nint, nint, nint, int, nint, nuint, void*, nint, nint, int>)&RunForward;
        _exports["cudnnConvolutionBackwardData"] = (nint)(delegate* unmanaged[Cdecl]<nint, void*, nint, nint, nint, nint, nint, int, nint, nuint, void*, nint, nint, int>)&RunData;
        _exports["cudnnConvolutionBackwardFilter"] = (nint)(delegate* unmanaged[Cdecl]<nint, void*, nint, nint, nint, nint, nint, int, nint, nuint, void*, nint, nint, int>)&RunFilter;
        _exports["cudnnConvolutionBackwardBias"] = (nint)(delegate* unmanaged[Cdecl]<nint, void*, nint, nint, void*, nint, nint, int>)&RunBias;
        _exports["cudnnConvolutionBiasActivationForward"] =
            (nint)(delegate* unmanaged[Cdecl]<nint, void*, nint, nint, nint, nint, nint, int, nint, nuint, void*, nint, nint, nint, nint, nint, nint, nint, int>)&RunFused;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CreateTensor(nint* made) => Make("cudnnCreateTensorDescriptor", "tensor", made);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CreateFilter(nint* made) => Make("cudnnCreateFilterDescriptor", "filter", made);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CreateConvolution(nint* made) => Make("cudnnCreateConvolutionDescriptor", "convolution", made);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CreateActivation(nint* made) => Make("cudnnCreateActivationDescriptor", "activation", made);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DestroyTensor(nint d) => End("cudnnDestroyTensorDescriptor", "tensor", d);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DestroyFilter(nint d) => End("cudnnDestroyFilterDescriptor", "filter", d);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DestroyConvolution(nint d) => End("cudnnDestroyConvolutionDescriptor", "convolution", d);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DestroyActivation(nint d) => End("cudnnDestroyActivationDescriptor", "activation", d);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SetTensor(nint d, int format, int type, int n, int c, int h, int w)
    {
        Use("cudnnSetTensor4dDescriptor", "tensor", d).Values = [format, type, n, c, h, w];
        return Enter("cudnnSetTensor4dDescriptor");
    }

    // cuDNN's own order: type before format.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SetFilter(nint d, int type, int format, int k, int c, int h, int w)
    {
        Use("cudnnSetFilter4dDescriptor", "filter", d).Values = [format, type, k, c, h, w];
        return Enter("cudnnSetFilter4dDescriptor");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SetConvolution(nint d, int padH, int padW, int strideH, int strideW, int dilationH, int dilationW, int mode, int type)
    {
        Use("cudnnSetConvolution2dDescriptor", "convolution", d).Values = [padH, padW, strideH, strideW, dilationH, dilationW, mode, type];
        return Enter("cudnnSetConvolution2dDescriptor");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SetMath(nint d, CudnnMath math)
    {
        Use("cudnnSetConvolutionMathType", "convolution", d).Math = math;
        return Enter("cudnnSetConvolutionMathType");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SetGroups(nint d, int groups)
    {
        Use("cudnnSetConvolutionGroupCount", "convolution", d).Groups = groups;
        return Enter("cudnnSetConvolutionGroupCount");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SetActivation(nint d, int mode, int nan, double coefficient)
    {
        Use("cudnnSetActivationDescriptor", "activation", d).Values = [mode, nan, (int)coefficient];
        return Enter("cudnnSetActivationDescriptor");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SearchForward(nint h, nint a, nint b, nint conv, nint c, int requested, int* returned, CudnnPerf* list) =>
        Search("cudnnGetConvolutionForwardAlgorithm_v7", requested, returned, list);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SearchData(nint h, nint a, nint b, nint conv, nint c, int requested, int* returned, CudnnPerf* list) =>
        Search("cudnnGetConvolutionBackwardDataAlgorithm_v7", requested, returned, list);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SearchFilter(nint h, nint a, nint b, nint conv, nint c, int requested, int* returned, CudnnPerf* list) =>
        Search("cudnnGetConvolutionBackwardFilterAlgorithm_v7", requested, returned, list);

    private static int Search(string call, int requested, int* returned, CudnnPerf* list)
    {
        *returned = Math.Min(requested, Current.Algorithms.Count);
        for (var i = 0; i < *returned; i++) list[i] = Current.Algorithms[i];
        return Enter(call);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SizeForward(nint h, nint a, nint b, nint conv, nint c, int algorithm, nuint* bytes) => Size("cudnnGetConvolutionForwardWorkspaceSize", algorithm, bytes);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SizeData(nint h, nint a, nint b, nint conv, nint c, int algorithm, nuint* bytes) => Size("cudnnGetConvolutionBackwardDataWorkspaceSize", algorithm, bytes);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SizeFilter(nint h, nint a, nint b, nint conv, nint c, int algorithm, nuint* bytes) => Size("cudnnGetConvolutionBackwardFilterWorkspaceSize", algorithm, bytes);

    private static int Size(string call, int algorithm, nuint* bytes)
    {
        *bytes = (nuint)Current.WorkspaceOf(algorithm);
        return Enter($"{call}({algorithm})");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int RunForward(nint h, void* alpha, nint x, nint px, nint w, nint pw, nint conv, int algorithm, nint workspace, nuint bytes, void* beta, nint y, nint py)
    {
        const string Call = "cudnnConvolutionForward";
        var status = Enter(Call);
        return status != 0 ? status : Run(Call, 2, (x, px), (w, pw), (y, py), conv, algorithm, workspace, bytes);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int RunData(nint h, void* alpha, nint w, nint pw, nint dy, nint pdy, nint conv, int algorithm, nint workspace, nuint bytes, void* beta, nint dx, nint pdx)
    {
        const string Call = "cudnnConvolutionBackwardData";
        var status = Enter(Call);
        return status != 0 ? status : Run(Call, 0, (dx, pdx), (w, pw), (dy, pdy), conv, algorithm, workspace, bytes);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int RunFilter(nint h, void* alpha, nint x, nint px, nint dy, nint pdy, nint conv, int algorithm, nint workspace, nuint bytes, void* beta, nint dw, nint pdw)
    {
        const string Call = "cudnnConvolutionBackwardFilter";
        var status = Enter(Call);
        return status != 0 ? status : Run(Call, 1, (x, px), (dw, pdw), (dy, pdy), conv, algorithm, workspace, bytes);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int RunBias(nint h, void* alpha, nint dy, nint pdy, void* beta, nint db, nint pdb)
    {
        const string Call = "cudnnConvolutionBackwardBias";
        var status = Enter(Call);
        if (status != 0) return status;
        int[] from = Use(Call, "tensor", dy).Values, to = Use(Call, "tensor", db).Values;
        var sums = new double[to[3]];
        Walk(from, (n, c, i, j, at) => sums[c] += Read(from, pdy, at));
        Walk(to, (n, c, i, j, at) => Write(to, pdb, at, sums[c]));
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int RunFused(nint h, void* alpha1, nint x, nint px, nint w, nint pw, nint conv, int algorithm, nint workspace, nuint bytes,
        void* alpha2, nint z, nint pz, nint bias, nint pBias, nint activation, nint y, nint py)
    {
        const string Call = "cudnnConvolutionBiasActivationForward";
        var status = Enter(Call);
        if (status != 0) return status;
        int[] to = Use(Call, "tensor", y).Values, along = Use(Call, "tensor", bias).Values, residual = Use(Call, "tensor", z).Values;
        if (along is not [_, _, 1, _, 1, 1] || along[3] != to[3]) Current.Faults.Add($"{Call}: the bias is [{string.Join(", ", along)}]");
        var mode = (CudnnActivation)Use(Call, "activation", activation).Values[0];
        var scale = to[1] == (int)CudnnDataType.Double ? *(double*)alpha2 : *(float*)alpha2;
        // z may be y itself, so it is read before y is written.
        var terms = new double[(long)to[2] * to[3] * to[4] * to[5]];
        if (scale != 0) Walk(residual, (n, c, i, j, at) => terms[at] = scale * Read(residual, pz, at));
        Run(Call, 2, (x, px), (w, pw), (y, py), conv, algorithm, workspace, bytes);
        Current.LastRun = Current.LastRun with { Alpha2 = scale };
        Walk(to, (n, c, i, j, at) =>
        {
            var value = Read(to, py, at) + terms[at] + Read(along, pBias, c);
            Write(to, py, at, mode == CudnnActivation.Relu ? Math.Max(value, 0) : value);
        });
        return 0;
    }

    // One of x (0), w (1), y (2) is the target: the sum of products of the other two over all that meets.
    private static int Run(string call, int target, (nint D, nint P) x, (nint D, nint P) w, (nint D, nint P) y, nint conv, int algorithm, nint workspace, nuint bytes)
    {
        int[] dx = Use(call, "tensor", x.D).Values, dw = Use(call, "filter", w.D).Values, dy = Use(call, "tensor", y.D).Values;
        var geometry = Use(call, "convolution", conv);
        Current.LastRun = (algorithm, workspace, (long)bytes, geometry.Math, 0);
        if (bytes != 0) new Span<byte>((void*)workspace, (int)bytes).Fill(0xA5);
        var g = geometry.Values;
        if (g[6] != (int)CudnnConvolutionMode.CrossCorrelation) Current.Faults.Add($"{call}: the filter is flipped");
        var (shape, into) = target switch { 0 => (dx, x.P), 1 => (dw, w.P), _ => (dy, y.P) };
        var sums = new double[(long)shape[2] * shape[3] * shape[4] * shape[5]];
        int groupOutputs = dy[3] / geometry.Groups;
        Walk(dy, (n, o, oy, ox, atY) =>
        {
            for (var c = 0; c < dw[3]; c++)
                for (var i = 0; i < dw[4]; i++)
                    for (var j = 0; j < dw[5]; j++)
                    {
                        int row = oy * g[2] - g[0] + i * g[4], column = ox * g[3] - g[1] + j * g[5];
                        if (row < 0 || row >= dx[4] || column < 0 || column >= dx[5]) continue;
                        long atX = At(dx, n, o / groupOutputs * dw[3] + c, row, column), atW = At(dw, o, c, i, j);
                        if (target == 0) sums[atX] += Read(dw, w.P, atW) * Read(dy, y.P, atY);
                        else if (target == 1) sums[atW] += Read(dx, x.P, atX) * Read(dy, y.P, atY);
                        else sums[atY] += Read(dx, x.P, atX) * Read(dw, w.P, atW);
                    }
        });
        for (long i = 0; i < sums.Length; i++) Write(shape, into, i, sums[i]);
        return 0;
    }

    private static long At(int[] d, int n, int c, int h, int w) => d[0] == (int)CudnnFormat.Nhwc
        ? (((long)n * d[4] + h) * d[5] + w) * d[3] + c
        : (((long)n * d[3] + c) * d[4] + h) * d[5] + w;

    private static void Walk(int[] d, Action<int, int, int, int, long> visit)
    {
        for (var n = 0; n < d[2]; n++)
            for (var c = 0; c < d[3]; c++)
                for (var h = 0; h < d[4]; h++)
                    for (var w = 0; w < d[5]; w++)
                        visit(n, c, h, w, At(d, n, c, h, w));
    }

    private static double Read(int[] d, nint p, long at) => d[1] == (int)CudnnDataType.Double ? ((double*)p)[at] : ((float*)p)[at];

    private static void Write(int[] d, nint p, long at, double value)
    {
        if (d[1] == (int)CudnnDataType.Double) ((double*)p)[at] = value;
        else ((float*)p)[at] = (float)value;
    }
}
