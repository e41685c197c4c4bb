using System.Runtime.InteropServices;
using LzuCore.Memory;

namespace LzuCore.Interop;

/// <summary>Open MPI's library (3, 4 and 5 share this interface) as function pointers: the real one's, or a test's. Its constants are addresses of the library's own variables, unlike MPICH's, which are numbers:
/// one interface is supported, and another library is refused by name.</summary>
/// <remarks>Source: mpi.h of Open MPI 4.1. Every function returns 0 or an error; <see cref="Require"/> turns the latter into an exception. Communicators live as long as the library: it frees them in
/// MPI_Finalize, on the only thread that may call it, so no handle of ours owns one.</remarks>
internal sealed unsafe class OpenMpi
{
    public const int ThreadFunneled = 1;

    /// <summary>The send buffer of a sum in place.</summary>
    public const nint InPlace = 1;

    public readonly nint World, Float32, Float64, Byte, SumOp, ErrorsReturn;

    /// <summary>(argc, argv, level wanted, level provided).</summary>
    public readonly delegate* unmanaged[Cdecl]<int*, void*, int, int*, int> InitThread;
    public readonly delegate* unmanaged[Cdecl]<nint, nint*, int> CommDup;
    public readonly delegate* unmanaged[Cdecl]<nint, nint, int> CommSetErrhandler;
    public readonly delegate* unmanaged[Cdecl]<nint, int*, int> CommRank, CommSize;

    /// <summary>(send, receive, count, type, operation, communicator, request).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, nint, int, nint, nint, nint, nint*, int> Iallreduce;

    /// <summary>(buffer, count, type, root, communicator, request).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, int, nint, int, nint, nint*, int> Ibcast;

    /// <summary>(send, count, type, receive, counts, displacements, type, communicator, request).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint, int, nint, nint, int*, int*, nint, nint, nint*, int> Iallgatherv;
    public readonly delegate* unmanaged[Cdecl]<nint, nint*, int> Ibarrier;

    /// <summary>(request, done, status or null).</summary>
    public readonly delegate* unmanaged[Cdecl]<nint*, int*, nint, int> Test;
    public readonly delegate* unmanaged[Cdecl]<nint, int, int> Abort;
    public readonly delegate* unmanaged[Cdecl]<int> Finalize;
    private readonly delegate* unmanaged[Cdecl]<int, byte*, int*, int> _errorString;
    private readonly delegate* unmanaged[Cdecl]<byte*, int*, int> _libraryVersion;

    /// <summary>Binds every function. <paramref name="export"/> gives an address by name, 0 where the library has none.</summary>
    /// <exception cref="DeviceException">Something is missing.</exception>
    public OpenMpi(Func<string, nint> export)
    {
        nint Find(string name) => export(name) is var address && address != 0 ? address
            : throw new DeviceException($"MPI: the library must be Open MPI's, version 3 or later, got one without {name}. Install Open MPI (Debian: apt-get install openmpi-bin libopenmpi3), or name its file in LZU_MPI.");
        World = Find("ompi_mpi_comm_world");
        Float32 = Find("ompi_mpi_float");
        Float64 = Find("ompi_mpi_double");
        Byte = Find("ompi_mpi_byte");
        SumOp = Find("ompi_mpi_op_sum");
        ErrorsReturn = Find("ompi_mpi_errors_return");
        InitThread = (delegate* unmanaged[Cdecl]<int*, void*, int, int*, int>)Find("MPI_Init_thread");
        CommDup = (delegate* unmanaged[Cdecl]<nint, nint*, int>)Find("MPI_Comm_dup");
        CommSetErrhandler = (delegate* unmanaged[Cdecl]<nint, nint, int>)Find("MPI_Comm_set_errhandler");
        CommRank = (delegate* unmanaged[Cdecl]<nint, int*, int>)Find("MPI_Comm_rank");
        CommSize = (delegate* unmanaged[Cdecl]<nint, int*, int>)Find("MPI_Comm_size");
        Iallreduce = (delegate* unmanaged[Cdecl]<nint, nint, int, nint, nint, nint, nint*, int>)Find("MPI_Iallreduce");
        Ibcast = (delegate* unmanaged[Cdecl]<nint, int, nint, int, nint, nint*, int>)Find("MPI_Ibcast");
        Iallgatherv = (delegate* unmanaged[Cdecl]<nint, int, nint, nint, int*, int*, nint, nint, nint*, int>)Find("MPI_Iallgatherv");
        Ibarrier = (delegate* unmanaged[Cdecl]<nint, nint*, int>)Find("MPI_Ibarrier");
        Test = (delegate* unmanaged[Cdecl]<nint*, int*, nint, int>)Find("MPI_Test");
        Abort = (delegate* unmanaged[Cdecl]<nint, int, int>)Find("MPI_Abort");
        Finalize = (delegate* unmanaged[Cdecl]<int>)Find("MPI_Finalize");
        _errorString = (delegate* unmanaged[Cdecl]<int, byte*, int*, int>)Find("MPI_Error_string");
        _libraryVersion = (delegate* unmanaged[Cdecl]<byte*, int*, int>)Find("MPI_Get_library_version");
    }

    /// <summary>What is tried, in order: the file of LZU_MPI, then the loader's own search.</summary>
    public static IReadOnlyList<string> Names(Func<string, string?> environment)
    {
        string[] known = OperatingSystem.IsMacOS() ? ["libmpi.40.dylib", "libmpi.dylib"] : ["libmpi.so.40", "libmpi.so"];
        return environment("LZU_MPI") is { Length: > 0 } given ? [given, .. known] : known;
    }

    /// <summary>The installed library.</summary>
    /// <exception cref="DeviceException">There is none, or it is another's.</exception>
    public static OpenMpi Load(IReadOnlyList<string> names)
    {
        foreach (var name in names)
            if (NativeLibrary.TryLoad(name, out var handle))
                return new OpenMpi(export => NativeLibrary.TryGetExport(handle, export, out var address) ? address : 0);
        throw new DeviceException($"MPI: mpirun started this process, but Open MPI's library is not found (tried {string.Join(", ", names)}). Install it on every machine (Debian: apt-get install openmpi-bin libopenmpi3), name its file in LZU_MPI, or run without mpirun.");
    }

    /// <summary>What there is, in a line: the file and its version, or what was tried.</summary>
    public static string Describe(IReadOnlyList<string> names)
    {
        foreach (var name in names)
            if (NativeLibrary.TryLoad(name, out var handle))
                try
                {
                    return $"found as {name}: {new OpenMpi(export => NativeLibrary.TryGetExport(handle, export, out var address) ? address : 0).Version}";
                }
                catch (DeviceException fault)
                {
                    return $"found as {name}, but {fault.Message}";
                }
        return $"not found; looked for {string.Join(", ", names)}";
    }

    /// <summary>The library's own name and version, the first line of it. May be asked before it is started.</summary>
    public string Version
    {
        get
        {
            var text = stackalloc byte[1024];
            int length;
            _libraryVersion(text, &length);
            return Marshal.PtrToStringUTF8((nint)text)!.Split('\n', ',')[0];
        }
    }

    /// <summary>Throws unless a result is 0.</summary>
    /// <exception cref="DeviceException">With the function and the library's words.</exception>
    public void Require(int result, string function)
    {
        if (result == 0) return;
        var text = stackalloc byte[1024];
        int length;
        text[0] = 0;
        _errorString(result, text, &length);
        throw new DeviceException($"MPI: {function} failed: {Marshal.PtrToStringUTF8((nint)text)} ({result}). Another process may have ended; what mpirun printed says which.");
    }
}
