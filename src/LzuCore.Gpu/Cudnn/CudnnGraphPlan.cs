using LzuCore.Gpu.Interop;

namespace LzuCore.Gpu.Cudnn;

/// <summary>An execution plan of the graph API, and every descriptor it rests on.</summary>
internal sealed class CudnnGraphPlan : IDisposable
{
    private readonly CudnnApi _api;
    private readonly CudnnBackendDescriptor _plan;
    private IDisposable?[] _below;

    private CudnnGraphPlan(CudnnApi api, CudnnBackendDescriptor plan, params IDisposable?[] below)
    {
        (_api, _plan, _below) = (api, plan, below);
        Span<long> bytes = stackalloc long[1];
        plan.Get(CudnnAttribute.PlanWorkspaceSize, CudnnAttributeType.Int64, bytes);
        WorkspaceBytes = bytes[0];
    }

    /// <summary>Bytes of scratch that a run needs.</summary>
    public long WorkspaceBytes { get; }

    /// <summary>A plan for an engine configuration, which it takes over. Null when cuDNN cannot make one here, or cannot compile it; the configuration is destroyed then too.</summary>
    public static CudnnGraphPlan? TryBuild(CudnnApi api, CudnnHandle handle, CudnnBackendDescriptor config) =>
        TryComplete(api, plan => plan
            .Set(CudnnAttribute.PlanHandle, CudnnAttributeType.Handle, handle.Value)
            .Set(CudnnAttribute.PlanEngineConfig, config), IsRefusal, config);

    /// <summary>A plan from <see cref="ToJson"/>. Null when this cuDNN, GPU or driver does not take it, whatever the reason: the text comes from a file.</summary>
    public static CudnnGraphPlan? TryLoad(CudnnApi api, CudnnHandle handle, ReadOnlySpan<byte> json)
    {
        var text = json.ToArray();
        return TryComplete(api, plan => plan
            .Set<byte>(CudnnAttribute.PlanJson, CudnnAttributeType.Char, text)
            .Set(CudnnAttribute.PlanHandle, CudnnAttributeType.Handle, handle.Value), static _ => true, null);
    }

    /// <summary>cuDNN's own text of the plan, for this GPU, driver and version alone.</summary>
    public byte[] ToJson()
    {
        var text = new byte[_plan.Count(CudnnAttribute.PlanJson, CudnnAttributeType.Char)];
        var length = _plan.Get<byte>(CudnnAttribute.PlanJson, CudnnAttributeType.Char, text);
        return text[..length];
    }

    /// <summary>Runs the plan on buffers named by the ids of the graph. Returns cuDNN's status.</summary>
    public unsafe int Run(CudnnHandle handle, ReadOnlySpan<long> ids, ReadOnlySpan<nint> pointers, nint workspace)
    {
        // A pack costs some microseconds of host time; one is made a run because the pool hands out other addresses every time.
        using var pack = new CudnnBackendDescriptor(_api, CudnnBackendType.VariantPack);
        pack.Set(CudnnAttribute.PackIds, CudnnAttributeType.Int64, ids)
            .Set(CudnnAttribute.PackPointers, CudnnAttributeType.VoidPointer, pointers)
            .Set(CudnnAttribute.PackWorkspace, CudnnAttributeType.VoidPointer, workspace)
            .Complete();
        return _api.BackendExecute(handle.Value, _plan.Value, pack.Value);
    }

    /// <summary>Whether a status means that another plan should be tried: not supported, or not compiled.</summary>
    public static bool IsRefusal(int status) => CudnnApi.IsUnsupported(status) || status / 1000 == 4;

    /// <summary>Makes the plan the owner of one thing more, to be destroyed after it.</summary>
    public void TakeOver(IDisposable below) => _below = [.. _below, below];

    /// <inheritdoc/>
    public void Dispose()
    {
        _plan.Dispose();
        foreach (var below in _below) below?.Dispose();
        _below = [];
    }

    private static CudnnGraphPlan? TryComplete(CudnnApi api, Action<CudnnBackendDescriptor> describe, Func<int, bool> isRefusal, IDisposable? below)
    {
        CudnnBackendDescriptor? plan = null;
        try
        {
            plan = new CudnnBackendDescriptor(api, CudnnBackendType.ExecutionPlan);
            describe(plan);
            plan.Complete();
            return new CudnnGraphPlan(api, plan, below);
        }
        catch (NativeCallException e)
        {
            plan?.Dispose();
            below?.Dispose();
            if (isRefusal(e.Status)) return null;
            throw;
        }
    }
}
