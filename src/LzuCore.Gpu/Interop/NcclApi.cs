using System.Runtime.InteropServices;
using LzuCore.Memory;

namespace LzuCore.Gpu.Interop;

/// <summary><c>ncclUniqueId</c>: what one process makes and all of a communicator are given. Passed by value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NcclUniqueId
{
    public const int Size = 128;
    public fixed byte Bytes[Size];
}

/// <summary>NCCL 2 as function pointers: the real library's, or a test's.</summary>
/// <remarks>Source: nccl.h 2.27. Fields have the names of the C functions without "nccl". One communicator and one GPU a process need no group calls.</remarks>
internal sealed unsafe class NcclApi
{
    public const int Float32 = 7, Float64 = 8, Sum = 0;

    public readonly delegate* unmanaged[Cdecl]<int*, int> GetVersion;
    public readonly delegate* unmanaged[Cdecl]<NcclUniqueId*, int> GetUniqueId;

    /// <summary>(communicator, ranks, id, rank). Returns when all have called it.</summary>
    public readonly delegate* unmanaged[Cdecl]<nint*, int, NcclUniqueId, int, int> CommInitRank;
    public readonly delegate* unmanaged[Cdecl]<nint, int> CommDestroy;
    public readonly delegate* unmanaged[Cdecl]<nint, int*, int> CommGetAsyncError;

    /// <summary>(send, receive, count, type, operation, communicator, stream); send = receive is in place.</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int> AllReduce;
    private readonly delegate* unmanaged[Cdecl]<int, byte*> _getErrorString;

    /// <summary>Binds every function, or says which are missing.</summary>
    /// <exception cref="DeviceException">The library lacks a function, or is of version 1.</exception>
    public NcclApi(Func<string, nint> export)
    {
        const string Remedy = "Install NCCL 2 for the CUDA that is used, or remove it: without it gradients go through host memory.";
        var e = new NativeExports("NCCL", export);
        GetVersion = (delegate* unmanaged[Cdecl]<int*, int>)e.Required("ncclGetVersion");
        GetUniqueId = (delegate* unmanaged[Cdecl]<NcclUniqueId*, int>)e.Required("ncclGetUniqueId");
        CommInitRank = (delegate* unmanaged[Cdecl]<nint*, int, NcclUniqueId, int, int>)e.Required("ncclCommInitRank");
        CommDestroy = (delegate* unmanaged[Cdecl]<nint, int>)e.Required("ncclCommDestroy");
        CommGetAsyncError = (delegate* unmanaged[Cdecl]<nint, int*, int>)e.Required("ncclCommGetAsyncError");
        AllReduce = (delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int>)e.Required("ncclAllReduce");
        _getErrorString = (delegate* unmanaged[Cdecl]<int, byte*>)e.Required("ncclGetErrorString");
        e.RequireAll(Remedy);
        int version;
        Require("ncclGetVersion", GetVersion(&version));
        if (version < 2000) throw new DeviceException($"NCCL: must be version 2, got {version}. {Remedy}");
    }

    /// <summary>Requires success.</summary>
    /// <exception cref="NativeCallException">Another result.</exception>
    public void Require(string function, int result)
    {
        if (result != 0) throw new NativeCallException("NCCL", function, result, Marshal.PtrToStringUTF8((nint)_getErrorString(result)) ?? "no text", "Set NCCL_DEBUG=INFO before the start to see NCCL's log.");
    }
}

/// <summary>An <c>ncclComm_t</c>: the GPUs of all processes, one each.</summary>
internal sealed unsafe class NcclCommunicator : SafeHandle
{
    private readonly NcclApi _api;

    /// <summary>Joins, when all do; the GPU's context is current.</summary>
    public NcclCommunicator(NcclApi api, NcclUniqueId id, int rank, int world)
        : base(0, ownsHandle: true)
    {
        _api = api;
        nint made;
        api.Require("ncclCommInitRank", api.CommInitRank(&made, world, id, rank));
        SetHandle(made);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Puts a sum in place into a stream.</summary>
    public void Sum(nint address, long count, int type, nint stream) =>
        _api.Require("ncclAllReduce", _api.AllReduce(address, address, (nuint)count, type, NcclApi.Sum, handle, stream));

    /// <summary>Requires that nothing went wrong since on the way.</summary>
    public void RequireWell()
    {
        int error;
        _api.Require("ncclCommGetAsyncError", _api.CommGetAsyncError(handle, &error));
        _api.Require("ncclAllReduce", error);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => _api.CommDestroy(handle) == 0;
}
