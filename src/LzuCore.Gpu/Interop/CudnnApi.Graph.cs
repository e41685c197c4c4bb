namespace LzuCore.Gpu.Interop;

// The backend (graph) API: six functions over descriptors with numbered attributes.
internal sealed unsafe partial class CudnnApi
{
    public delegate* unmanaged[Cdecl]<CudnnBackendType, nint*, int> BackendCreateDescriptor { get; private set; }

    public delegate* unmanaged[Cdecl]<nint, int> BackendDestroyDescriptor { get; private set; }

    public delegate* unmanaged[Cdecl]<nint, int> BackendFinalize { get; private set; }

    /// <summary>(descriptor, name, type, count, values): copies the values.</summary>
    public delegate* unmanaged[Cdecl]<nint, CudnnAttribute, CudnnAttributeType, long, void*, int> BackendSetAttribute { get; private set; }

    /// <summary>(descriptor, name, type, requested, returned, values).</summary>
    public delegate* unmanaged[Cdecl]<nint, CudnnAttribute, CudnnAttributeType, long, long*, void*, int> BackendGetAttribute { get; private set; }

    /// <summary>(handle, plan, variant pack).</summary>
    public delegate* unmanaged[Cdecl]<nint, nint, nint, int> BackendExecute { get; private set; }

    private void BindGraph(NativeExports e)
    {
        BackendCreateDescriptor = (delegate* unmanaged[Cdecl]<CudnnBackendType, nint*, int>)e.Required("cudnnBackendCreateDescriptor");
        BackendDestroyDescriptor = (delegate* unmanaged[Cdecl]<nint, int>)e.Required("cudnnBackendDestroyDescriptor");
        BackendFinalize = (delegate* unmanaged[Cdecl]<nint, int>)e.Required("cudnnBackendFinalize");
        BackendSetAttribute = (delegate* unmanaged[Cdecl]<nint, CudnnAttribute, CudnnAttributeType, long, void*, int>)e.Required("cudnnBackendSetAttribute");
        BackendGetAttribute = (delegate* unmanaged[Cdecl]<nint, CudnnAttribute, CudnnAttributeType, long, long*, void*, int>)e.Required("cudnnBackendGetAttribute");
        BackendExecute = (delegate* unmanaged[Cdecl]<nint, nint, nint, int>)e.Required("cudnnBackendExecute");
    }
}
