using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LzuCore.Gpu.Interop;
using LzuCore.Gpu.Tests.Runtime;

namespace LzuCore.Gpu.Tests.Distributed;

/// <summary>An NCCL that records its calls among those of <see cref="FakeCuda"/> and sums as if all processes had the same values.</summary>
internal static unsafe class FakeNccl
{
    private const nint Communicator = 0x2CC;
    private static readonly Dictionary<string, nint> Exports = [];
    private static readonly byte* Words = (byte*)Marshal.StringToCoTaskMemUTF8("made-up error");
    private static int _world;

    static FakeNccl()
    {
        Exports["ncclGetVersion"] = (nint)(delegate* unmanaged[Cdecl]<int*, int>)&GetVersion;
        Exports["ncclGetUniqueId"] = (nint)(delegate* unmanaged[Cdecl]<NcclUniqueId*, int>)&GetUniqueId;
        Exports["ncclCommInitRank"] = (nint)(delegate* unmanaged[Cdecl]<nint*, int, NcclUniqueId, int, int>)&CommInitRank;
        Exports["ncclCommDestroy"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&CommDestroy;
        Exports["ncclCommGetAsyncError"] = (nint)(delegate* unmanaged[Cdecl]<nint, int*, int>)&GetAsyncError;
        Exports["ncclAllReduce"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int>)&AllReduce;
        Exports["ncclGetErrorString"] = (nint)(delegate* unmanaged[Cdecl]<int, byte*>)&GetErrorString;
    }

    /// <summary>What the next look at the communicator says went wrong on the way.</summary>
    public static int AsyncError { get; set; }

    /// <summary>The version it says it has.</summary>
    public static int Version { get; set; } = 22703;

    /// <summary>The library, without the functions named.</summary>
    public static NcclApi Api(params string[] without) => new(name => without.Contains(name) ? 0 : Exports.GetValueOrDefault(name));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetVersion(int* version)
    {
        *version = Version;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetUniqueId(NcclUniqueId* id)
    {
        for (var i = 0; i < NcclUniqueId.Size; i++) id->Bytes[i] = (byte)(200 - i);
        FakeCuda.Calls.Enqueue("ncclGetUniqueId");
        return 0;
    }

    // The id crosses by value: its first and last bytes say whether it arrived.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CommInitRank(nint* communicator, int world, NcclUniqueId id, int rank)
    {
        (_world, *communicator) = (world, Communicator);
        FakeCuda.Calls.Enqueue($"ncclCommInitRank({rank} of {world}, id {id.Bytes[0]}..{id.Bytes[NcclUniqueId.Size - 1]})");
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CommDestroy(nint communicator)
    {
        FakeCuda.Calls.Enqueue("ncclCommDestroy");
        return communicator == Communicator ? 0 : 4;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetAsyncError(nint communicator, int* error)
    {
        *error = AsyncError;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AllReduce(nint send, nint receive, nuint count, int type, int operation, nint communicator, nint stream)
    {
        if (send != receive || operation != NcclApi.Sum || communicator != Communicator) return 4;
        for (var i = 0; i < (int)count; i++)
            if (type == NcclApi.Float32) ((float*)send)[i] *= _world;
            else ((double*)send)[i] *= _world;
        FakeCuda.Calls.Enqueue($"ncclAllReduce({count}, {type}, {FakeCuda.Name(stream)})");
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte* GetErrorString(int result) => Words;
}
