using System.Runtime.InteropServices;
using LzuCore.Memory;

namespace LzuCore.Gpu.Interop;

/// <summary>NVIDIA's driver API, as function pointers: the real library's, or a test's. Names carry the version suffixes that the headers hide.</summary>
/// <remarks>Source: CUDA driver API, cuda.h 12 and 13. Every function returns a CUresult; <see cref="Require"/> turns what is not 0 into an exception.</remarks>
internal sealed unsafe class CudaDriver
{
    public const int OutOfMemory = 2, NonBlocking = 1, ThreadLocalCapture = 1, RelaxedCapture = 2, DisableTiming = 2;
    public const int MaxThreadsPerBlock = 0, MultiprocessorCount = 16, CapabilityMajor = 75, CapabilityMinor = 76;

    public readonly delegate* unmanaged[Cdecl]<uint, int> Init;
    public readonly delegate* unmanaged[Cdecl]<int*, int> DriverGetVersion, DeviceGetCount, ThreadExchangeStreamCaptureMode;
    public readonly delegate* unmanaged[Cdecl]<int*, int, int> DeviceGet;
    public readonly delegate* unmanaged[Cdecl]<byte*, int, int, int> DeviceGetName;
    public readonly delegate* unmanaged[Cdecl]<nuint*, int, int> DeviceTotalMem;
    public readonly delegate* unmanaged[Cdecl]<int*, int, int, int> DeviceGetAttribute;
    public readonly delegate* unmanaged[Cdecl]<nint*, int, int> DevicePrimaryCtxRetain;
    public readonly delegate* unmanaged[Cdecl]<int, int> DevicePrimaryCtxRelease;
    public readonly delegate* unmanaged[Cdecl]<nint, int> CtxSetCurrent, StreamDestroy, StreamSynchronize, EventDestroy, EventSynchronize, GraphDestroy, GraphExecDestroy, ModuleUnload;
    public readonly delegate* unmanaged[Cdecl]<nint*, void*, uint, int*, void**, int> ModuleLoadDataEx;
    public readonly delegate* unmanaged[Cdecl]<nint*, nint, byte*, int> ModuleGetFunction;
    public readonly delegate* unmanaged[Cdecl]<int*, int, nint, int> FuncGetAttribute;
    public readonly delegate* unmanaged[Cdecl]<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> LaunchKernel;
    public readonly delegate* unmanaged[Cdecl]<ulong*, nuint, int> MemAlloc;
    public readonly delegate* unmanaged[Cdecl]<ulong, int> MemFree;
    public readonly delegate* unmanaged[Cdecl]<ulong, void*, nuint, nint, int> MemcpyHtoDAsync;
    public readonly delegate* unmanaged[Cdecl]<void*, ulong, nuint, nint, int> MemcpyDtoHAsync;
    public readonly delegate* unmanaged[Cdecl]<void**, nuint, uint, int> MemHostAlloc;
    public readonly delegate* unmanaged[Cdecl]<void*, int> MemFreeHost;
    public readonly delegate* unmanaged[Cdecl]<nint*, uint, int> StreamCreate, EventCreate;
    public readonly delegate* unmanaged[Cdecl]<nint, nint, int> EventRecord, GraphLaunch;

    /// <summary>(stream, flags, priority): a lower number goes first, and what is out of range is brought into it.</summary>
    public readonly delegate* unmanaged[Cdecl]<nint*, uint, int, int> StreamCreateWithPriority;
    public readonly delegate* unmanaged[Cdecl]<nint, nint, uint, int> StreamWaitEvent;
    public readonly delegate* unmanaged[Cdecl]<float*, nint, nint, int> EventElapsedTime;
    public readonly delegate* unmanaged[Cdecl]<nint, int, int> StreamBeginCapture;
    public readonly delegate* unmanaged[Cdecl]<nint, nint*, int> StreamEndCapture;
    public readonly delegate* unmanaged[Cdecl]<nint*, nint, ulong, int> GraphInstantiate;
    private readonly delegate* unmanaged[Cdecl]<int, byte**, int> _getErrorName, _getErrorString;

    /// <summary>Binds every function. <paramref name="export"/> gives an address by name, 0 where the library has none.</summary>
    /// <exception cref="DeviceException">A function is missing.</exception>
    public CudaDriver(Func<string, nint> export)
    {
        nint Find(string name) => export(name) is var address && address != 0 ? address
            : throw new DeviceException($"the CUDA driver has no {name}: it is older than CUDA 12. Install a newer driver, or use --device cpu.");
        Init = (delegate* unmanaged[Cdecl]<uint, int>)Find("cuInit");
        DriverGetVersion = (delegate* unmanaged[Cdecl]<int*, int>)Find("cuDriverGetVersion");
        DeviceGetCount = (delegate* unmanaged[Cdecl]<int*, int>)Find("cuDeviceGetCount");
        ThreadExchangeStreamCaptureMode = (delegate* unmanaged[Cdecl]<int*, int>)Find("cuThreadExchangeStreamCaptureMode");
        DeviceGet = (delegate* unmanaged[Cdecl]<int*, int, int>)Find("cuDeviceGet");
        DeviceGetName = (delegate* unmanaged[Cdecl]<byte*, int, int, int>)Find("cuDeviceGetName");
        DeviceTotalMem = (delegate* unmanaged[Cdecl]<nuint*, int, int>)Find("cuDeviceTotalMem_v2");
        DeviceGetAttribute = (delegate* unmanaged[Cdecl]<int*, int, int, int>)Find("cuDeviceGetAttribute");
        DevicePrimaryCtxRetain = (delegate* unmanaged[Cdecl]<nint*, int, int>)Find("cuDevicePrimaryCtxRetain");
        DevicePrimaryCtxRelease = (delegate* unmanaged[Cdecl]<int, int>)Find("cuDevicePrimaryCtxRelease_v2");
        CtxSetCurrent = (delegate* unmanaged[Cdecl]<nint, int>)Find("cuCtxSetCurrent");
        StreamDestroy = (delegate* unmanaged[Cdecl]<nint, int>)Find("cuStreamDestroy_v2");
        StreamSynchronize = (delegate* unmanaged[Cdecl]<nint, int>)Find("cuStreamSynchronize");
        EventDestroy = (delegate* unmanaged[Cdecl]<nint, int>)Find("cuEventDestroy_v2");
        EventSynchronize = (delegate* unmanaged[Cdecl]<nint, int>)Find("cuEventSynchronize");
        GraphDestroy = (delegate* unmanaged[Cdecl]<nint, int>)Find("cuGraphDestroy");
        GraphExecDestroy = (delegate* unmanaged[Cdecl]<nint, int>)Find("cuGraphExecDestroy");
        ModuleUnload = (delegate* unmanaged[Cdecl]<nint, int>)Find("cuModuleUnload");
        ModuleLoadDataEx = (delegate* unmanaged[Cdecl]<nint*, void*, uint, int*, void**, int>)Find("cuModuleLoadDataEx");
        ModuleGetFunction = (delegate* unmanaged[Cdecl]<nint*, nint, byte*, int>)Find("cuModuleGetFunction");
        FuncGetAttribute = (delegate* unmanaged[Cdecl]<int*, int, nint, int>)Find("cuFuncGetAttribute");
        LaunchKernel = (delegate* unmanaged[Cdecl]<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Find("cuLaunchKernel");
        MemAlloc = (delegate* unmanaged[Cdecl]<ulong*, nuint, int>)Find("cuMemAlloc_v2");
        MemFree = (delegate* unmanaged[Cdecl]<ulong, int>)Find("cuMemFree_v2");
        MemcpyHtoDAsync = (delegate* unmanaged[Cdecl]<ulong, void*, nuint, nint, int>)Find("cuMemcpyHtoDAsync_v2");
        MemcpyDtoHAsync = (delegate* unmanaged[Cdecl]<void*, ulong, nuint, nint, int>)Find("cuMemcpyDtoHAsync_v2");
        MemHostAlloc = (delegate* unmanaged[Cdecl]<void**, nuint, uint, int>)Find("cuMemHostAlloc");
        MemFreeHost = (delegate* unmanaged[Cdecl]<void*, int>)Find("cuMemFreeHost");
        StreamCreate = (delegate* unmanaged[Cdecl]<nint*, uint, int>)Find("cuStreamCreate");
        StreamCreateWithPriority = (delegate* unmanaged[Cdecl]<nint*, uint, int, int>)Find("cuStreamCreateWithPriority");
        StreamWaitEvent = (delegate* unmanaged[Cdecl]<nint, nint, uint, int>)Find("cuStreamWaitEvent");
        EventCreate = (delegate* unmanaged[Cdecl]<nint*, uint, int>)Find("cuEventCreate");
        EventRecord = (delegate* unmanaged[Cdecl]<nint, nint, int>)Find("cuEventRecord");
        GraphLaunch = (delegate* unmanaged[Cdecl]<nint, nint, int>)Find("cuGraphLaunch");
        EventElapsedTime = (delegate* unmanaged[Cdecl]<float*, nint, nint, int>)(export("cuEventElapsedTime_v2") is var newer && newer != 0 ? newer : Find("cuEventElapsedTime"));
        StreamBeginCapture = (delegate* unmanaged[Cdecl]<nint, int, int>)Find("cuStreamBeginCapture_v2");
        StreamEndCapture = (delegate* unmanaged[Cdecl]<nint, nint*, int>)Find("cuStreamEndCapture");
        // The plain name has the arguments of CUDA 10.
        GraphInstantiate = (delegate* unmanaged[Cdecl]<nint*, nint, ulong, int>)Find("cuGraphInstantiateWithFlags");
        _getErrorName = (delegate* unmanaged[Cdecl]<int, byte**, int>)Find("cuGetErrorName");
        _getErrorString = (delegate* unmanaged[Cdecl]<int, byte**, int>)Find("cuGetErrorString");
    }

    /// <summary>The driver's file names.</summary>
    public static IReadOnlyList<string> Names { get; } = OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];

    /// <summary>The installed driver, ready for use; null with what was tried when there is none.</summary>
    public static CudaDriver? Load(out string tried)
    {
        tried = string.Join(", ", Names);
        if (NativeLibraryFinder.Look("NVIDIA driver", "", Names, out var handle).Found is null) return null;
        return new CudaDriver(name => NativeLibrary.TryGetExport(handle, name, out var address) ? address : 0);
    }

    /// <summary>Throws unless a result is 0.</summary>
    /// <exception cref="DeviceException">With the function's and the error's names.</exception>
    public void Require(int result, string function)
    {
        if (result != 0) throw new DeviceException($"{function} failed: {Text(_getErrorName, result)} ({result}), {Text(_getErrorString, result)}. {Advice(result)}");
    }

    // Errors of running kernels outlive every call until the process ends.
    private static string Advice(int result) => result is >= 700 and < 720
        ? "The device's context is lost: start the program again, and report what ran last."
        : result is >= 900 and < 920 ? "Something in a captured graph cannot be captured: warm it up before, or leave it out." : "'lzu doctor' shows the driver and what it serves.";

    private static string Text(delegate* unmanaged[Cdecl]<int, byte**, int> which, int result)
    {
        byte* text;
        return which(result, &text) == 0 && text is not null ? Marshal.PtrToStringUTF8((nint)text)! : "unknown error";
    }
}
