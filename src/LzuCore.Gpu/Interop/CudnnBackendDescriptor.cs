using System.Runtime.InteropServices;

namespace LzuCore.Gpu.Interop;

/// <summary>One descriptor of cuDNN's graph API: attributes are set, then it is completed, then attributes are read.</summary>
/// <remarks>A parent refers to its children: destroy parents first. <see cref="CudnnDescriptorStack"/> does.</remarks>
internal sealed unsafe class CudnnBackendDescriptor : SafeHandle
{
    private readonly CudnnApi _api;
    private readonly CudnnBackendType _type;

    /// <summary>An empty descriptor.</summary>
    public CudnnBackendDescriptor(CudnnApi api, CudnnBackendType type)
        : base(0, ownsHandle: true)
    {
        (_api, _type) = (api, type);
        nint created = 0;
        api.Require($"cudnnBackendCreateDescriptor({type})", api.BackendCreateDescriptor(type, &created));
        SetHandle(created);
    }

    /// <summary>The <c>cudnnBackendDescriptor_t</c>.</summary>
    public nint Value => handle;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Sets an attribute of one or several values, which are copied.</summary>
    public CudnnBackendDescriptor Set<T>(CudnnAttribute name, CudnnAttributeType type, params ReadOnlySpan<T> values) where T : unmanaged
    {
        fixed (T* at = values)
            _api.Require($"cudnnBackendSetAttribute({_type}, {name})", _api.BackendSetAttribute(handle, name, type, values.Length, at));
        return this;
    }

    /// <summary>Sets an attribute that refers to other descriptors, which must outlive this one.</summary>
    public CudnnBackendDescriptor Set(CudnnAttribute name, params ReadOnlySpan<CudnnBackendDescriptor> children)
    {
        var values = new nint[children.Length];
        for (var i = 0; i < values.Length; i++) values[i] = children[i].handle;
        return Set<nint>(name, CudnnAttributeType.Descriptor, values);
    }

    /// <summary>Ends the setting; here cuDNN says whether it supports what was described. Returns its status.</summary>
    public int TryComplete() => _api.BackendFinalize(handle);

    /// <summary>Ends the setting.</summary>
    /// <exception cref="NativeCallException">cuDNN refuses.</exception>
    public CudnnBackendDescriptor Complete()
    {
        _api.Require($"cudnnBackendFinalize({_type})", TryComplete());
        return this;
    }

    /// <summary>How many values an attribute has.</summary>
    public int Count(CudnnAttribute name, CudnnAttributeType type)
    {
        long count = 0;
        _api.Require($"cudnnBackendGetAttribute({_type}, {name})", _api.BackendGetAttribute(handle, name, type, 0, &count, null));
        return checked((int)count);
    }

    /// <summary>Reads up to as many values as fit; returns how many there were. Descriptors are read into descriptors that exist.</summary>
    public int Get<T>(CudnnAttribute name, CudnnAttributeType type, Span<T> values) where T : unmanaged
    {
        long count = 0;
        fixed (T* at = values)
            _api.Require($"cudnnBackendGetAttribute({_type}, {name})", _api.BackendGetAttribute(handle, name, type, values.Length, &count, at));
        return (int)Math.Min(count, values.Length);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _api.BackendDestroyDescriptor(handle) == 0;
}

/// <summary>Descriptors that live and die together: destroyed in the reverse of the order they were made in, so that no parent outlives a child.</summary>
internal sealed class CudnnDescriptorStack(CudnnApi api) : IDisposable
{
    private readonly Stack<CudnnBackendDescriptor> _made = [];

    /// <summary>An empty descriptor on top of the stack.</summary>
    public CudnnBackendDescriptor New(CudnnBackendType type)
    {
        var made = new CudnnBackendDescriptor(api, type);
        _made.Push(made);
        return made;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_made.TryPop(out var descriptor)) descriptor.Dispose();
    }
}
