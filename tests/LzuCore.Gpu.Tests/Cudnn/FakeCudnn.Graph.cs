using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using LzuCore.Gpu.Interop;

namespace LzuCore.Gpu.Tests.Cudnn;

// The graph API: attributes are kept as they come; Execute interprets the graph under the plan.
internal sealed unsafe partial class FakeCudnn
{
    /// <summary>An engine configuration that a heuristic may propose.</summary>
    public sealed record Engine(string Name, long Workspace = 0, int PlanStatus = 0, int RunStatus = 0, params CudnnNumericalNote[] Notes);

    /// <summary>What each heuristic mode proposes.</summary>
    public Dictionary<CudnnHeuristic, List<Engine>> Proposals { get; } = [];

    /// <summary>Names of the engines that were executed, in order.</summary>
    public List<string> Executed { get; } = [];

    /// <summary>The workspace of the last execution.</summary>
    public nint LastPackWorkspace { get; private set; }

    /// <summary>The graphs behind plans that were written as text; as a real plan, the text alone makes a plan again.</summary>
    private readonly Dictionary<string, (Engine Engine, List<Func<Dictionary<long, nint>, bool>> Steps)> _written = [];

    private void AddGraph()
    {
        _exports["cudnnBackendCreateDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<CudnnBackendType, nint*, int>)&BackendCreate;
        _exports["cudnnBackendDestroyDescriptor"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&BackendDestroy;
        _exports["cudnnBackendFinalize"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&BackendFinalize;
        _exports["cudnnBackendSetAttribute"] = (nint)(delegate* unmanaged[Cdecl]<nint, CudnnAttribute, CudnnAttributeType, long, void*, int>)&BackendSet;
        _exports["cudnnBackendGetAttribute"] = (nint)(delegate* unmanaged[Cdecl]<nint, CudnnAttribute, CudnnAttributeType, long, long*, void*, int>)&BackendGet;
        _exports["cudnnBackendExecute"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, nint, int>)&BackendExecute;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int BackendCreate(CudnnBackendType type, nint* made)
    {
        var status = Make($"create {type}", "backend", made);
        if (status == 0) Current.Alive[*made].Values = [(int)type];
        return status;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int BackendDestroy(nint d)
    {
        if (_current is null || d <= Current._first) return 0;
        // A parent that is still there refers to this one.
        if (Current.Alive.Values.FirstOrDefault(p => p.Handle != d && References(p).Contains(d)) is { } parent)
            Current.Faults.Add($"destroy {TypeOf(Use("destroy", "backend", d))}: a living {TypeOf(parent)} refers to it");
        return End("destroy", "backend", d);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int BackendSet(nint d, CudnnAttribute name, CudnnAttributeType type, long count, void* values)
    {
        var entry = Use($"set {name}", "backend", d);
        if (entry.IsComplete) Current.Faults.Add($"set {name}: the {TypeOf(entry)} is complete");
        entry.Attributes.Add((name, type, count, new ReadOnlySpan<byte>(values, (int)count * SizeOf(type)).ToArray()));
        foreach (var child in type == CudnnAttributeType.Descriptor ? new ReadOnlySpan<nint>(values, (int)count) : [])
            if (!Use($"set {name}", "backend", child).IsComplete && name != CudnnAttribute.PlanEngineConfig) Current.Faults.Add($"set {name}: the child is not complete");
        return Enter($"set {name}");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int BackendFinalize(nint d)
    {
        var entry = Use("finalize", "backend", d);
        var status = Enter($"finalize {TypeOf(entry)}");
        if (status != 0) return status;
        if (TypeOf(entry) == CudnnBackendType.EngineHeuristic && !Current.Proposals.ContainsKey((CudnnHeuristic)Number(entry, CudnnAttribute.HeuristicMode))) return 3000;
        if (TypeOf(entry) == CudnnBackendType.ExecutionPlan)
        {
            if (Bytes(entry, CudnnAttribute.PlanJson) is { } json)
            {
                if (!Current._written.TryGetValue(Encoding.UTF8.GetString(json), out var written)) return 1003;
                entry.Engine = written.Engine;
            }
            else entry.Engine = Current.Alive[(nint)Number(entry, CudnnAttribute.PlanEngineConfig)].Engine;
            if (entry.Engine!.PlanStatus != 0) return entry.Engine.PlanStatus;
        }
        entry.IsComplete = true;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int BackendGet(nint d, CudnnAttribute name, CudnnAttributeType type, long requested, long* count, void* values)
    {
        var entry = Use($"get {name}", "backend", d);
        var status = Enter($"get {name}");
        if (status != 0) return status;
        switch (name)
        {
            case CudnnAttribute.HeuristicResults:
                var proposals = Current.Proposals[(CudnnHeuristic)Number(entry, CudnnAttribute.HeuristicMode)];
                *count = proposals.Count;
                for (var i = 0; i < Math.Min(requested, proposals.Count); i++) Use("get results", "backend", ((nint*)values)[i]).Engine = proposals[i];
                // A configuration refers to the graph it is for.
                foreach (var config in new ReadOnlySpan<nint>(values, (int)requested))
                    Use("get results", "backend", config).Attributes.Add((CudnnAttribute.HeuristicGraph, CudnnAttributeType.Descriptor, 1, Bytes(entry, CudnnAttribute.HeuristicGraph)!));
                return 0;
            case CudnnAttribute.EngineConfigEngine:
                Use("get engine", "backend", *(nint*)values).Engine = entry.Engine;
                *count = 1;
                return 0;
            case CudnnAttribute.EngineNumericalNotes:
                *count = entry.Engine!.Notes.Length;
                for (var i = 0; i < Math.Min(requested, *count); i++) ((CudnnNumericalNote*)values)[i] = entry.Engine.Notes[i];
                return 0;
            case CudnnAttribute.PlanWorkspaceSize:
                *(long*)values = entry.Engine!.Workspace;
                *count = 1;
                return 0;
            case CudnnAttribute.PlanJson:
                var text = Encoding.UTF8.GetBytes($"{{\"engine\":\"{entry.Engine!.Name}\"}}");
                *count = text.Length;
                text.AsSpan(0, (int)Math.Min(requested, text.Length)).CopyTo(new Span<byte>(values, (int)requested));
                Current._written[Encoding.UTF8.GetString(text)] = (entry.Engine, Steps(entry));
                return 0;
            default:
                Current.Faults.Add($"get {name} is not expected");
                return 2000;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int BackendExecute(nint handle, nint planHandle, nint packHandle)
    {
        Entry plan = Use("execute", "backend", planHandle), pack = Use("execute", "backend", packHandle);
        Use("execute", "handle", handle);
        var status = Enter("execute");
        if (status != 0) return status;
        if (!plan.IsComplete || !pack.IsComplete) Current.Faults.Add("execute: the plan or the pack is not complete");
        Current.Executed.Add(plan.Engine!.Name);
        if (plan.Engine.RunStatus != 0) return plan.Engine.RunStatus;
        var ids = MemoryMarshal.Cast<byte, long>(Bytes(pack, CudnnAttribute.PackIds)!);
        var pointers = MemoryMarshal.Cast<byte, nint>(Bytes(pack, CudnnAttribute.PackPointers)!);
        Current.LastPackWorkspace = (nint)Number(pack, CudnnAttribute.PackWorkspace);
        if (plan.Engine.Workspace != 0) new Span<byte>((void*)Current.LastPackWorkspace, (int)plan.Engine.Workspace).Fill(0xA5);
        var memory = new Dictionary<long, nint>();
        for (var i = 0; i < ids.Length; i++) memory.Add(ids[i], pointers[i]);
        var steps = Bytes(plan, CudnnAttribute.PlanJson) is { } json ? Current._written[Encoding.UTF8.GetString(json)].Steps : Steps(plan);
        if (!steps.All(s => s(memory))) Current.Faults.Add("execute: a tensor of the graph is not in the pack");
        return 0;
    }

    // The operations of a plan's graph, bound to their tensors' descriptions, so that they outlive the descriptors.
    private static List<Func<Dictionary<long, nint>, bool>> Steps(Entry plan)
    {
        var config = Current.Alive[(nint)Number(plan, CudnnAttribute.PlanEngineConfig)];
        var graph = Use("execute", "backend", (nint)Number(config, CudnnAttribute.HeuristicGraph));
        var virtuals = new Dictionary<long, double[]>();
        return [.. MemoryMarshal.Cast<byte, nint>(Bytes(graph, CudnnAttribute.GraphOperations)!).ToArray().Select(h => Step(Current.Alive[h], virtuals))];
    }

    private static Func<Dictionary<long, nint>, bool> Step(Entry operation, Dictionary<long, double[]> virtuals)
    {
        if (TypeOf(operation) == CudnnBackendType.ConvolutionForward)
        {
            FakeTensor x = Tensor(operation, CudnnAttribute.ForwardX), w = Tensor(operation, CudnnAttribute.ForwardW), y = Tensor(operation, CudnnAttribute.ForwardY);
            var conv = Current.Alive[(nint)Number(operation, CudnnAttribute.ForwardConvolution)];
            long[] stride = Numbers(conv, CudnnAttribute.ConvolutionStrides), dilation = Numbers(conv, CudnnAttribute.ConvolutionDilations), pad = Numbers(conv, CudnnAttribute.ConvolutionPrePaddings);
            return memory => x.TryRead(memory, virtuals, out var from) && w.TryRead(memory, virtuals, out var weight)
                && y.TryWrite(memory, virtuals, y.Map((n, o, oy, ox) =>
                {
                    double sum = 0;
                    long groupOutputs = y.Dims[1] / (x.Dims[1] / w.Dims[1]);
                    for (long c = 0; c < w.Dims[1]; c++)
                        for (long i = 0; i < w.Dims[2]; i++)
                            for (long j = 0; j < w.Dims[3]; j++)
                            {
                                long row = oy * stride[0] - pad[0] + i * dilation[0], column = ox * stride[1] - pad[1] + j * dilation[1];
                                if (row >= 0 && row < x.Dims[2] && column >= 0 && column < x.Dims[3])
                                    sum += from[x.Flat(n, o / groupOutputs * w.Dims[1] + c, row, column)] * weight[w.Flat(o, c, i, j)];
                            }
                    return sum;
                }));
        }
        FakeTensor a = Tensor(operation, CudnnAttribute.PointwiseX), to = Tensor(operation, CudnnAttribute.PointwiseY);
        var mode = (CudnnPointwise)Number(Current.Alive[(nint)Number(operation, CudnnAttribute.PointwiseDescriptor)], CudnnAttribute.PointwiseMode);
        if (mode == CudnnPointwise.Relu)
            return memory => a.TryRead(memory, virtuals, out var value) && to.TryWrite(memory, virtuals, to.Map((n, c, h, w) => Math.Max(0, value[a.Flat(n, c, h, w)])));
        var b = Tensor(operation, CudnnAttribute.PointwiseB);
        return memory => a.TryRead(memory, virtuals, out var left) && b.TryRead(memory, virtuals, out var right)
            && to.TryWrite(memory, virtuals, to.Map((n, c, h, w) => left[a.Flat(n, c, h, w)] + right[b.Flat(b.Dims[0] == 1 ? 0 : n, c, b.Dims[2] == 1 ? 0 : h, b.Dims[3] == 1 ? 0 : w)]));
    }

    private static FakeTensor Tensor(Entry operation, CudnnAttribute name)
    {
        var t = Current.Alive[(nint)Number(operation, name)];
        return new FakeTensor(Number(t, CudnnAttribute.TensorId), (CudnnDataType)Number(t, CudnnAttribute.TensorDataType),
            Numbers(t, CudnnAttribute.TensorDims), Numbers(t, CudnnAttribute.TensorStrides), Bytes(t, CudnnAttribute.TensorIsVirtual) is [1]);
    }

    public long IdOf(nint tensor) => Number(Made.Single(e => e.Handle == tensor), CudnnAttribute.TensorId);

    private static IEnumerable<nint> References(Entry entry) =>
        entry.Attributes.Where(a => a.Type == CudnnAttributeType.Descriptor).SelectMany(a => MemoryMarshal.Cast<byte, nint>(a.Bytes).ToArray());

    private static CudnnBackendType TypeOf(Entry entry) => (CudnnBackendType)entry.Values[0];

    public static byte[]? Bytes(Entry entry, CudnnAttribute name) => entry.Attributes.Where(a => a.Name == name).Select(a => a.Bytes).FirstOrDefault();

    public static long[] Numbers(Entry entry, CudnnAttribute name) => MemoryMarshal.Cast<byte, long>(Bytes(entry, name) ?? []).ToArray();

    public static long Number(Entry entry, CudnnAttribute name) => Bytes(entry, name) switch
    {
        { Length: 8 } eight => BitConverter.ToInt64(eight),
        { Length: 4 } four => BitConverter.ToInt32(four),
        _ => throw new InvalidOperationException($"{TypeOf(entry)} has no {name}"),
    };

    public static int SizeOf(CudnnAttributeType type) => type switch
    {
        CudnnAttributeType.Boolean or CudnnAttributeType.Char => 1,
        CudnnAttributeType.Handle or CudnnAttributeType.Int64 or CudnnAttributeType.VoidPointer or CudnnAttributeType.Descriptor => 8,
        _ => 4,
    };
}

/// <summary>A graph's tensor as described: reads and writes through its strides and type.</summary>
internal sealed record FakeTensor(long Id, CudnnDataType Type, long[] Dims, long[] Strides, bool IsVirtual)
{
    /// <summary>The row-major index in the arrays that steps pass.</summary>
    public long Flat(long n, long c, long h, long w) => ((n * Dims[1] + c) * Dims[2] + h) * Dims[3] + w;

    public double[] Map(Func<long, long, long, long, double> value)
    {
        var all = new double[Dims[0] * Dims[1] * Dims[2] * Dims[3]];
        for (long n = 0; n < Dims[0]; n++)
            for (long c = 0; c < Dims[1]; c++)
                for (long h = 0; h < Dims[2]; h++)
                    for (long w = 0; w < Dims[3]; w++) all[Flat(n, c, h, w)] = value(n, c, h, w);
        return all;
    }

    public unsafe bool TryRead(Dictionary<long, nint> memory, Dictionary<long, double[]> virtuals, out double[] values)
    {
        values = [];
        if (IsVirtual) return virtuals.TryGetValue(Id, out values!);
        if (!memory.TryGetValue(Id, out var p)) return false;
        values = Map((n, c, h, w) =>
        {
            var at = n * Strides[0] + c * Strides[1] + h * Strides[2] + w * Strides[3];
            return Type switch
            {
                CudnnDataType.Half => (double)((Half*)p)[at],
                CudnnDataType.BFloat16 => BitConverter.Int32BitsToSingle(((ushort*)p)[at] << 16),
                _ => ((float*)p)[at],
            };
        });
        return true;
    }

    public unsafe bool TryWrite(Dictionary<long, nint> memory, Dictionary<long, double[]> virtuals, double[] values)
    {
        if (IsVirtual)
        {
            virtuals[Id] = values;
            return true;
        }
        if (!memory.TryGetValue(Id, out var p)) return false;
        Map((n, c, h, w) =>
        {
            var at = n * Strides[0] + c * Strides[1] + h * Strides[2] + w * Strides[3];
            var value = values[Flat(n, c, h, w)];
            if (Type == CudnnDataType.Half) ((Half*)p)[at] = (Half)value;
            else if (Type == CudnnDataType.BFloat16) ((ushort*)p)[at] = (ushort)((BitConverter.SingleToInt32Bits((float)value) + 0x8000) >> 16);
            else ((float*)p)[at] = (float)value;
            return 0;
        });
        return true;
    }
}
