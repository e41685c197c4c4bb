using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using LzuCore.Gpu.Interop;
using LzuCore.Gpu.Runtime;
using LzuCore.Memory;

namespace LzuCore.Gpu.Tests.Runtime;

/// <summary>A CUDA driver of one GPU whose memory is the host's. It records every call, refuses what a real driver refuses in a capture, and runs kernels by unpacking the bytes of
/// their arguments: so everything but the PTX itself is put to the test.</summary>
internal static unsafe class FakeCuda
{
    private const nint Context = 0xC0, ModuleBase = 0x1000, CallerStream = 0x57, SideStream = 0x58;
    private static readonly ConcurrentDictionary<nint, nint> Memory = new();
    private static readonly List<Action> Recording = [];
    private static readonly List<List<Action>> Graphs = [];
    private static readonly List<CompiledKernel> Modules = [];
    private static readonly Dictionary<string, nint> Exports = [];
    private static readonly Accelerator Views = KernelCompiler.Options(b => b.CPU()).CreateCPUAccelerator(0, CPUAcceleratorMode.Auto);
    private static readonly Dictionary<string, Type> Bodies = KernelCatalog.Bodies.SelectMany(KernelCatalog.Close).ToDictionary(KernelCatalog.EntryName);
    private static bool _capturing;
    [ThreadStatic] private static nint _current;
    [ThreadStatic] private static int _mode;

    static FakeCuda()
    {
        Exports["cuInit"] = (nint)(delegate* unmanaged[Cdecl]<uint, int>)&Init;
        Exports["cuDriverGetVersion"] = (nint)(delegate* unmanaged[Cdecl]<int*, int>)&DriverGetVersion;
        Exports["cuDeviceGetCount"] = (nint)(delegate* unmanaged[Cdecl]<int*, int>)&DeviceGetCount;
        Exports["cuThreadExchangeStreamCaptureMode"] = (nint)(delegate* unmanaged[Cdecl]<int*, int>)&ExchangeMode;
        Exports["cuDeviceGet"] = (nint)(delegate* unmanaged[Cdecl]<int*, int, int>)&DeviceGet;
        Exports["cuDeviceGetName"] = (nint)(delegate* unmanaged[Cdecl]<byte*, int, int, int>)&DeviceGetName;
        Exports["cuDeviceTotalMem_v2"] = (nint)(delegate* unmanaged[Cdecl]<nuint*, int, int>)&DeviceTotalMem;
        Exports["cuDeviceGetAttribute"] = (nint)(delegate* unmanaged[Cdecl]<int*, int, int, int>)&DeviceGetAttribute;
        Exports["cuDevicePrimaryCtxRetain"] = (nint)(delegate* unmanaged[Cdecl]<nint*, int, int>)&PrimaryRetain;
        Exports["cuDevicePrimaryCtxRelease_v2"] = (nint)(delegate* unmanaged[Cdecl]<int, int>)&PrimaryRelease;
        Exports["cuCtxSetCurrent"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&SetCurrent;
        Exports["cuStreamCreate"] = (nint)(delegate* unmanaged[Cdecl]<nint*, uint, int>)&StreamCreate;
        Exports["cuStreamCreateWithPriority"] = (nint)(delegate* unmanaged[Cdecl]<nint*, uint, int, int>)&StreamCreateWithPriority;
        Exports["cuStreamWaitEvent"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, uint, int>)&StreamWaitEvent;
        Exports["cuStreamDestroy_v2"] = Exports["cuEventDestroy_v2"] = Exports["cuEventSynchronize"] = Exports["cuGraphDestroy"] = Exports["cuModuleUnload"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&Accept;
        Exports["cuStreamSynchronize"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&StreamSynchronize;
        Exports["cuGraphExecDestroy"] = (nint)(delegate* unmanaged[Cdecl]<nint, int>)&GraphExecDestroy;
        Exports["cuModuleLoadDataEx"] = (nint)(delegate* unmanaged[Cdecl]<nint*, void*, uint, int*, void**, int>)&ModuleLoad;
        Exports["cuModuleGetFunction"] = (nint)(delegate* unmanaged[Cdecl]<nint*, nint, byte*, int>)&GetFunction;
        Exports["cuFuncGetAttribute"] = (nint)(delegate* unmanaged[Cdecl]<int*, int, nint, int>)&FuncGetAttribute;
        Exports["cuLaunchKernel"] = (nint)(delegate* unmanaged[Cdecl]<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)&Launch;
        Exports["cuMemAlloc_v2"] = (nint)(delegate* unmanaged[Cdecl]<ulong*, nuint, int>)&MemAlloc;
        Exports["cuMemFree_v2"] = (nint)(delegate* unmanaged[Cdecl]<ulong, int>)&MemFree;
        Exports["cuMemcpyHtoDAsync_v2"] = (nint)(delegate* unmanaged[Cdecl]<ulong, void*, nuint, nint, int>)&HostToDevice;
        Exports["cuMemcpyDtoHAsync_v2"] = (nint)(delegate* unmanaged[Cdecl]<void*, ulong, nuint, nint, int>)&DeviceToHost;
        Exports["cuMemHostAlloc"] = (nint)(delegate* unmanaged[Cdecl]<void**, nuint, uint, int>)&HostAlloc;
        Exports["cuMemFreeHost"] = (nint)(delegate* unmanaged[Cdecl]<void*, int>)&FreeHost;
        Exports["cuEventCreate"] = (nint)(delegate* unmanaged[Cdecl]<nint*, uint, int>)&EventCreate;
        Exports["cuEventRecord"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, int>)&EventRecord;
        Exports["cuEventElapsedTime"] = (nint)(delegate* unmanaged[Cdecl]<float*, nint, nint, int>)&ElapsedTime;
        Exports["cuStreamBeginCapture_v2"] = (nint)(delegate* unmanaged[Cdecl]<nint, int, int>)&BeginCapture;
        Exports["cuStreamEndCapture"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint*, int>)&EndCapture;
        Exports["cuGraphInstantiateWithFlags"] = (nint)(delegate* unmanaged[Cdecl]<nint*, nint, ulong, int>)&Instantiate;
        Exports["cuGraphLaunch"] = (nint)(delegate* unmanaged[Cdecl]<nint, nint, int>)&GraphLaunch;
        Exports["cuGetErrorName"] = Exports["cuGetErrorString"] = (nint)(delegate* unmanaged[Cdecl]<int, byte**, int>)&ErrorText;
    }

    /// <summary>Calls since the last <see cref="Reset"/>, with what tells them apart.</summary>
    public static ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>What went wrong inside a call: exceptions must not cross into unmanaged code.</summary>
    public static List<string> Faults { get; } = [];

    /// <summary>Allocations beyond this many bytes fail for want of memory.</summary>
    public static long Capacity { get; set; } = 1L << 30;

    /// <summary>Bytes that are allocated.</summary>
    public static long Allocated => Memory.Values.Sum(v => (long)v);

    public static void Reset()
    {
        Calls.Clear();
        Faults.Clear();
        Capacity = 1L << 30;
    }

    /// <summary>The driver, without the functions named.</summary>
    public static CudaDriver Driver(params string[] without) => new(name => without.Contains(name) ? 0 : Exports.GetValueOrDefault(name));

    private static int Called(string what)
    {
        Calls.Enqueue(what);
        return 0;
    }

    // What needs a context fails without one (201), and what may not be captured breaks a capture (900).
    private static int Needs(string what, bool capturable = false)
    {
        if (_current != Context) return 201;
        if (_capturing && !capturable && _mode != CudaDriver.RelaxedCapture) return 900;
        return Called(what);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Init(uint flags) => Called($"cuInit({flags})");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DriverGetVersion(int* version)
    {
        *version = 13000;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DeviceGetCount(int* count)
    {
        *count = 1;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ExchangeMode(int* mode)
    {
        (_mode, *mode) = (*mode, _mode);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DeviceGet(int* device, int ordinal)
    {
        *device = 40 + ordinal;
        return ordinal == 0 ? 0 : 101;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DeviceGetName(byte* name, int length, int device)
    {
        "Made-up H100\0"u8.CopyTo(new Span<byte>(name, length));
        return device == 40 ? 0 : 101;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DeviceTotalMem(nuint* bytes, int device)
    {
        *bytes = (nuint)Capacity;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DeviceGetAttribute(int* value, int attribute, int device)
    {
        *value = attribute switch { CudaDriver.CapabilityMajor => 9, CudaDriver.CapabilityMinor => 0, CudaDriver.MultiprocessorCount => 132, _ => -1 };
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int PrimaryRetain(nint* context, int device)
    {
        *context = Context;
        return Called("cuDevicePrimaryCtxRetain");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int PrimaryRelease(int device) => Called("cuDevicePrimaryCtxRelease");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SetCurrent(nint context)
    {
        _current = context;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StreamCreate(nint* stream, uint flags)
    {
        *stream = CallerStream;
        return Needs($"cuStreamCreate({flags})");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StreamCreateWithPriority(nint* stream, uint flags, int priority)
    {
        *stream = SideStream;
        return Needs($"cuStreamCreateWithPriority({flags}, {priority})");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StreamWaitEvent(nint stream, nint waited, uint flags) => waited == 0xE0 && flags == 0 ? Needs($"cuStreamWaitEvent({Name(stream)})", capturable: true) : 400;

    /// <summary>A stream as the list of calls has it.</summary>
    public static string Name(nint stream) => stream switch { CallerStream => "main", SideStream => "side", _ => $"{stream}" };

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Accept(nint handle) => 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StreamSynchronize(nint stream) => stream == CallerStream ? Needs("cuStreamSynchronize") : 400;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GraphExecDestroy(nint graph) => Called("cuGraphExecDestroy");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ModuleLoad(nint* module, void* image, uint count, int* options, void** values)
    {
        var ptx = Marshal.PtrToStringUTF8((nint)image)!;
        if (!ptx.Contains(".visible .entry", StringComparison.Ordinal))
        {
            "ptxas error: no entry\0"u8.CopyTo(new Span<byte>(values[0], (int)(nint)values[1]));
            return 218;
        }
        lock (Modules)
        {
            Modules.Add(new CompiledKernel("", ptx, 0));
            *module = ModuleBase + Modules.Count - 1;
        }
        return Needs("cuModuleLoadDataEx");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GetFunction(nint* function, nint module, byte* name)
    {
        lock (Modules) Modules[(int)(module - ModuleBase)] = Modules[(int)(module - ModuleBase)] with { Name = Marshal.PtrToStringUTF8((nint)name)! };
        *function = module;
        return Called($"cuModuleGetFunction({Marshal.PtrToStringUTF8((nint)name)})");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FuncGetAttribute(int* value, int attribute, nint function)
    {
        *value = attribute == CudaDriver.MaxThreadsPerBlock ? 200 : -1;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int MemAlloc(ulong* address, nuint bytes)
    {
        if (Allocated + (long)bytes > Capacity) return CudaDriver.OutOfMemory;
        var memory = (nint)NativeMemory.AlignedAlloc(bytes, 256);
        new Span<byte>((void*)memory, (int)bytes).Fill(0xCD);
        Memory[memory] = (nint)bytes;
        *address = (ulong)memory;
        return Needs($"cuMemAlloc({bytes})");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int MemFree(ulong address)
    {
        if (!Memory.TryRemove((nint)address, out _)) return 1;
        NativeMemory.AlignedFree((void*)address);
        return Needs("cuMemFree");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int HostToDevice(ulong to, void* from, nuint bytes, nint stream)
    {
        NativeMemory.Copy(from, (void*)to, bytes);
        return Needs($"cuMemcpyHtoDAsync({bytes})");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DeviceToHost(void* to, ulong from, nuint bytes, nint stream)
    {
        NativeMemory.Copy((void*)from, to, bytes);
        return Needs($"cuMemcpyDtoHAsync({bytes})");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int HostAlloc(void** memory, nuint bytes, uint flags)
    {
        *memory = NativeMemory.Alloc(bytes);
        return Needs("cuMemHostAlloc");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FreeHost(void* memory)
    {
        NativeMemory.Free(memory);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int EventCreate(nint* created, uint flags)
    {
        *created = 0xE0;
        return Needs("cuEventCreate");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int EventRecord(nint recorded, nint stream) => stream is CallerStream or SideStream ? Called($"cuEventRecord({Name(stream)})") : 400;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ElapsedTime(float* milliseconds, nint begin, nint end)
    {
        *milliseconds = 1.5f;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int BeginCapture(nint stream, int mode)
    {
        Recording.Clear();
        _capturing = true;
        return Called($"cuStreamBeginCapture({mode})");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int EndCapture(nint stream, nint* graph)
    {
        _capturing = false;
        Graphs.Add([.. Recording]);
        *graph = Graphs.Count;
        return Called("cuStreamEndCapture");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Instantiate(nint* executable, nint graph, ulong flags)
    {
        *executable = graph;
        return Called($"cuGraphInstantiate({flags})");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int GraphLaunch(nint executable, nint stream)
    {
        foreach (var step in Graphs[(int)executable - 1]) step();
        return Needs("cuGraphLaunch");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ErrorText(int error, byte** text)
    {
        *text = (byte*)Marshal.StringToCoTaskMemUTF8(error switch { 2 => "OUT_OF_MEMORY", 218 => "INVALID_PTX", 900 => "STREAM_CAPTURE_UNSUPPORTED", 700 => "ILLEGAL_ADDRESS", _ => $"ERROR_{error}" });
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Launch(nint function, uint gx, uint gy, uint gz, uint bx, uint by, uint bz, uint sharedBytes, nint stream, void** arguments, void** extra)
    {
        try
        {
            if (stream != CallerStream || gy != 1 || gz != 1 || by != 1 || bz != 1 || sharedBytes != 0 || extra is not null) return 1;
            CompiledKernel kernel;
            lock (Modules) kernel = Modules[(int)(function - ModuleBase)];
            var body = Bodies[kernel.Name];
            var grouped = KernelCatalog.GroupContract(body) is not null;
            if (bx > 200 && !grouped) return 701;
            var count = grouped ? (int)gx : *(int*)arguments[0];
            if (!grouped && (gx != (count + bx - 1) / bx)) Faults.Add($"{KernelCatalog.Name(body)}: {gx} blocks of {bx} for {count} threads");
            // A real launch copies the arguments, so does a recorded one.
            var bytes = new Span<byte>(arguments[grouped ? 0 : 1], ArgumentLayout.Of(body).Size).ToArray();
            void Run() => typeof(FakeCuda).GetMethod(grouped ? nameof(RunGroups) : nameof(RunIndices), BindingFlags.Static | BindingFlags.NonPublic)!
                .MakeGenericMethod(grouped ? [body, .. KernelCatalog.GroupContract(body)!.GetGenericArguments()] : [body]).Invoke(null, [count, bytes]);
            if (_capturing) Recording.Add(Run);
            else Run();
            return Needs($"cuLaunchKernel({KernelCatalog.Name(body)})", capturable: true);
        }
        catch (Exception e)
        {
            Faults.Add(e.ToString());
            return 700;
        }
    }

    private static void RunIndices<TBody>(int count, byte[] bytes) where TBody : struct, IKernelBody
    {
        var body = Unpack<TBody>(bytes);
        ParallelRows.For(count, 64, (begin, end) =>
        {
            for (var i = begin; i < end; i++) body.Run(i);
        });
    }

    private static void RunGroups<TBody, V, TState>(int groups, byte[] bytes) where TBody : struct, IGroupBody<V, TState> where V : unmanaged where TState : struct
    {
        var body = Unpack<TBody>(bytes);
        ParallelRows.For(groups, 1, (begin, end) =>
        {
            using var memory = Views.Allocate1D<V>(TBody.Shared);
            for (var group = begin; group < end; group++) HostLauncher.RunGroup<TBody, V, TState>(body, group, new TState[TBody.Lanes], memory.View);
        });
    }

    private static TBody Unpack<TBody>(byte[] bytes) where TBody : struct
    {
        object body = default(TBody);
        foreach (var field in ArgumentLayout.Of(typeof(TBody)).Fields) Set(body, field, 0, Read(field, bytes));
        return (TBody)body;
    }

    private static void Set(object target, ArgumentField field, int depth, object value)
    {
        var info = field.Path[depth];
        if (depth < field.Path.Count - 1)
        {
            var inner = info.GetValue(target)!;
            Set(inner, field, depth + 1, value);
            value = inner;
        }
        info.SetValue(target, value);
    }

    private static object Read(ArgumentField field, byte[] bytes)
    {
        fixed (byte* p = &bytes[field.Offset])
        {
            if (!field.IsView) return Marshal.PtrToStructure((nint)p, field.Type)!;
            var element = field.Type.GetGenericArguments()[0];
            return typeof(FakeCuda).GetMethod(nameof(View), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(element).Invoke(null, [*(nint*)p, ((long*)p)[1]])!;
        }
    }

    private static ArrayView<T> View<T>(nint address, long length) where T : unmanaged =>
        address == 0 ? default : new ArrayView<T>(CPUMemoryBuffer.Create(Views, address, length, sizeof(T)), 0, length);
}
