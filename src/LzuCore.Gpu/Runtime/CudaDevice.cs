using System.Runtime.InteropServices;
using System.Text;
using ILGPU.Runtime;
using LzuCore.Gpu.Interop;
using LzuCore.Memory;

namespace LzuCore.Gpu.Runtime;

/// <summary>One NVIDIA GPU through the driver API: its primary context, which cuDNN and cuBLAS use too, one non-blocking stream, memory and copies.</summary>
/// <remarks>Copies go through pinned memory, so they are asynchronous where they can be. Every entry makes the context current on its thread.</remarks>
internal sealed unsafe class CudaDevice : IDeviceMemory
{
    private readonly CudaDriver _cuda;
    private readonly Accelerator _views;
    private readonly PinnedStaging _staging;
    private readonly int _device;
    private readonly nint _context;
    private nint _reached;

    /// <summary>Opens a GPU.</summary>
    /// <param name="cuda">The driver.</param>
    /// <param name="index">Which GPU.</param>
    /// <param name="views">Any accelerator, for views that carry addresses.</param>
    /// <exception cref="DeviceException">There is no such GPU, or it cannot be opened.</exception>
    public CudaDevice(CudaDriver cuda, int index, Accelerator views)
    {
        (_cuda, _views) = (cuda, views);
        cuda.Require(cuda.Init(0), "cuInit");
        int count, device;
        cuda.Require(cuda.DeviceGetCount(&count), "cuDeviceGetCount");
        if (index >= count)
            throw new DeviceException($"device cuda:{index} is not available: the CUDA driver lists {count} GPU{(count == 1 ? "" : "s")}. Use {(count == 0 ? "--device cpu" : count == 1 ? "cuda:0" : $"cuda:0 to cuda:{count - 1}")}.");
        cuda.Require(cuda.DeviceGet(&device, index), "cuDeviceGet");
        _device = device;
        var name = stackalloc byte[256];
        cuda.Require(cuda.DeviceGetName(name, 256, device), "cuDeviceGetName");
        nuint bytes;
        cuda.Require(cuda.DeviceTotalMem(&bytes, device), "cuDeviceTotalMem");
        int version;
        cuda.Require(cuda.DriverGetVersion(&version), "cuDriverGetVersion");
        (Name, Size, DriverVersion) = (Marshal.PtrToStringUTF8((nint)name)!, (long)bytes, version);
        Capability = (Attribute(CudaDriver.CapabilityMajor), Attribute(CudaDriver.CapabilityMinor));
        Multiprocessors = Attribute(CudaDriver.MultiprocessorCount);
        nint context, stream;
        cuda.Require(cuda.DevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain");
        _context = context;
        Bind();
        cuda.Require(cuda.StreamCreate(&stream, CudaDriver.NonBlocking), "cuStreamCreate");
        Stream = stream;
        _staging = new PinnedStaging(cuda, stream);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public long Size { get; }

    /// <summary>The highest CUDA version that the driver serves: 13000 is 13.0.</summary>
    public int DriverVersion { get; }

    /// <summary>Compute capability.</summary>
    public (int Major, int Minor) Capability { get; }

    /// <summary>Streaming multiprocessors.</summary>
    public int Multiprocessors { get; }

    /// <summary>The stream that all work of this device runs in.</summary>
    public nint Stream { get; }

    /// <summary>Whether the stream is being recorded.</summary>
    public bool IsCapturing { get; private set; }

    /// <summary>Makes the context current on this thread.</summary>
    public void Bind() => _cuda.Require(_cuda.CtxSetCurrent(_context), "cuCtxSetCurrent");

    /// <inheritdoc/>
    public DeviceBlock? Allocate(long length)
    {
        Bind();
        // Allocating is no work of the stream: it is allowed while the stream is captured, if the thread says so.
        var mode = CudaDriver.RelaxedCapture;
        _cuda.Require(_cuda.ThreadExchangeStreamCaptureMode(&mode), "cuThreadExchangeStreamCaptureMode");
        ulong address;
        var result = _cuda.MemAlloc(&address, (nuint)length);
        _cuda.Require(_cuda.ThreadExchangeStreamCaptureMode(&mode), "cuThreadExchangeStreamCaptureMode");
        if (result == CudaDriver.OutOfMemory) return null;
        _cuda.Require(result, "cuMemAlloc");
        return new DeviceBlock(_views, (nint)address, length);
    }

    /// <inheritdoc/>
    public void Free(DeviceBlock block)
    {
        Bind();
        _cuda.Require(_cuda.MemFree((ulong)block.Address), "cuMemFree");
    }

    /// <inheritdoc/>
    public void Upload(ReadOnlySpan<byte> host, nint address)
    {
        RefuseInCapture("values were copied from the host");
        Bind();
        _staging.Upload(host, address);
    }

    /// <inheritdoc/>
    public void Download(nint address, Span<byte> host)
    {
        RefuseInCapture("values were asked for on the host");
        Bind();
        _staging.Download(address, host);
    }

    /// <inheritdoc/>
    public void Synchronize()
    {
        RefuseInCapture("the host waited for the device");
        Bind();
        _cuda.Require(_cuda.StreamSynchronize(Stream), "cuStreamSynchronize");
    }

    /// <summary>Loads a kernel's PTX.</summary>
    /// <exception cref="DeviceException">The driver does not take it; its own words are in the message.</exception>
    public nint Load(CompiledKernel kernel)
    {
        Bind();
        const int logBytes = 4096;
        var log = stackalloc byte[logBytes];
        log[0] = 0;
        // CU_JIT_ERROR_LOG_BUFFER and its size, which goes into the pointer's place.
        var options = stackalloc int[] { 5, 6 };
        var values = stackalloc void*[] { log, (void*)logBytes };
        nint module, function;
        fixed (byte* text = Encoding.UTF8.GetBytes(kernel.Ptx + "\0"))
        {
            var result = _cuda.ModuleLoadDataEx(&module, text, 2, options, values);
            if (result != 0 && log[0] != 0) throw new DeviceException($"the CUDA driver does not take a kernel: {Marshal.PtrToStringUTF8((nint)log)!.ReplaceLineEndings(" ").Trim()}. Report this with the first lines of 'lzu doctor'.");
            _cuda.Require(result, "cuModuleLoadDataEx");
        }
        fixed (byte* name = Encoding.UTF8.GetBytes(kernel.Name + "\0")) _cuda.Require(_cuda.ModuleGetFunction(&function, module, name), "cuModuleGetFunction");
        return function;
    }

    /// <summary>How many threads of a kernel fit a block.</summary>
    public int MaxThreads(nint function)
    {
        int threads;
        _cuda.Require(_cuda.FuncGetAttribute(&threads, CudaDriver.MaxThreadsPerBlock, function), "cuFuncGetAttribute");
        return threads;
    }

    /// <summary>Starts a kernel; arguments are read before this returns.</summary>
    public void Launch(nint function, int groups, int lanes, void** arguments)
    {
        Bind();
        _cuda.Require(_cuda.LaunchKernel(function, (uint)groups, 1, 1, (uint)lanes, 1, 1, 0, Stream, arguments, null), "cuLaunchKernel");
    }

    /// <summary>Records what the stream is given, instead of doing it.</summary>
    public void BeginCapture()
    {
        Bind();
        Synchronize();
        _cuda.Require(_cuda.StreamBeginCapture(Stream, CudaDriver.ThreadLocalCapture), "cuStreamBeginCapture");
        IsCapturing = true;
    }

    /// <summary>Ends the recording and makes it executable.</summary>
    public nint EndCapture()
    {
        Bind();
        IsCapturing = false;
        nint graph, executable;
        _cuda.Require(_cuda.StreamEndCapture(Stream, &graph), "cuStreamEndCapture");
        var result = _cuda.GraphInstantiate(&executable, graph, 0);
        _cuda.Require(_cuda.GraphDestroy(graph), "cuGraphDestroy");
        _cuda.Require(result, "cuGraphInstantiate");
        return executable;
    }

    /// <summary>Runs a recording.</summary>
    public void Replay(nint executable)
    {
        Bind();
        _cuda.Require(_cuda.GraphLaunch(executable, Stream), "cuGraphLaunch");
    }

    /// <summary>Forgets a recording, after the device has finished with it.</summary>
    public void Forget(nint executable)
    {
        Synchronize();
        _cuda.Require(_cuda.GraphExecDestroy(executable), "cuGraphExecDestroy");
    }

    /// <summary>A stream beside <see cref="Stream"/> whose kernels go first where both have some: for what others wait for.</summary>
    public nint CreateSideStream()
    {
        Bind();
        nint stream;
        _cuda.Require(_cuda.StreamCreateWithPriority(&stream, CudaDriver.NonBlocking, -1), "cuStreamCreateWithPriority");
        return stream;
    }

    /// <summary>Makes what <paramref name="then"/> is given from now on wait for what <paramref name="first"/> was given so far; the host waits for neither.</summary>
    public void Order(nint first, nint then)
    {
        Bind();
        nint reached = _reached;
        if (reached == 0) _cuda.Require(_cuda.EventCreate(&reached, CudaDriver.DisableTiming), "cuEventCreate");
        _reached = reached;
        // A stream waits for the event as it was recorded last: one event serves all.
        _cuda.Require(_cuda.EventRecord(reached, first), "cuEventRecord");
        _cuda.Require(_cuda.StreamWaitEvent(then, reached, 0), "cuStreamWaitEvent");
    }

    /// <summary>Milliseconds that the device needs for what <paramref name="work"/> asks of it.</summary>
    public float Time(Action work)
    {
        Bind();
        nint begin, end;
        float milliseconds;
        _cuda.Require(_cuda.EventCreate(&begin, 0), "cuEventCreate");
        _cuda.Require(_cuda.EventCreate(&end, 0), "cuEventCreate");
        _cuda.Require(_cuda.EventRecord(begin, Stream), "cuEventRecord");
        work();
        _cuda.Require(_cuda.EventRecord(end, Stream), "cuEventRecord");
        _cuda.Require(_cuda.EventSynchronize(end), "cuEventSynchronize");
        _cuda.Require(_cuda.EventElapsedTime(&milliseconds, begin, end), "cuEventElapsedTime");
        _cuda.Require(_cuda.EventDestroy(begin), "cuEventDestroy");
        _cuda.Require(_cuda.EventDestroy(end), "cuEventDestroy");
        return milliseconds;
    }

    private int Attribute(int which)
    {
        int value;
        _cuda.Require(_cuda.DeviceGetAttribute(&value, which, _device), "cuDeviceGetAttribute");
        return value;
    }

    private void RefuseInCapture(string what)
    {
        if (IsCapturing) throw new DeviceException($"{what} while a graph was captured, which a replay would not repeat. Do it before the capture.");
    }
}
