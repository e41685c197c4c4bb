using LzuCore.Gpu.Interop;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu;

/// <summary>Processes with a GPU each, whose sums of GPU tensors go from GPU to GPU through NCCL; everything else goes the way of the group that they found each other by.</summary>
/// <remarks>
/// <para>Sums run in a stream of their own, beside the kernels of the backward walk: the stream waits for what was computed before, and <see cref="PendingSum.Wait"/> makes the kernels to come wait for the sums.
/// The host waits for nothing. <see cref="Sum(TensorView)"/>, which is waited for at once, goes through the host: a second communicator in another order could hang.</para>
/// <para><b>Not yet run on two GPUs.</b> Calls, their order, streams and buffers are tested against a made-up NCCL.</para>
/// </remarks>
public sealed class NcclProcessGroup : ProcessGroup
{
    private readonly ProcessGroup _host;
    private readonly CudaDevice _gpu;
    private readonly NcclCommunicator _communicator;
    private readonly nint _stream;
    // Their buffers must not go back to the allocator, whose blocks are reused in the order of the other stream.
    private readonly HashSet<Pending> _onTheirWay = [];

    internal unsafe NcclProcessGroup(ProcessGroup host, CudaDevice gpu, NcclApi api)
    {
        (_host, _gpu) = (host, gpu);
        var id = default(NcclUniqueId);
        if (host.IsFirst) api.Require("ncclGetUniqueId", api.GetUniqueId(&id));
        host.Broadcast(new Span<byte>(id.Bytes, NcclUniqueId.Size));
        gpu.Bind();
        _communicator = new NcclCommunicator(api, id, host.Rank, host.World);
        _stream = gpu.CreateSideStream();
    }

    /// <inheritdoc/>
    public override int Rank => _host.Rank;

    /// <inheritdoc/>
    public override int World => _host.World;

    /// <inheritdoc/>
    public override int LocalRank => _host.LocalRank;

    /// <summary>Makes the group, when all processes do.</summary>
    /// <param name="host">How the processes found each other; it is left with this group.</param>
    /// <param name="backend">This process's GPU; no two processes share one.</param>
    /// <exception cref="DeviceException">The device is no GPU, or NCCL is not found or refuses.</exception>
    public static NcclProcessGroup Over(ProcessGroup host, GpuBackend backend)
    {
        if (backend.Gpu is not { } gpu) throw new DeviceException($"NCCL: the device must be a GPU, got {backend.Device}. Without NCCL, sums of any device go through host memory.");
        return new NcclProcessGroup(host, gpu, Load(gpu));
    }

    private static NcclApi Load(CudaDevice gpu)
    {
        var files = new LibrarySearch(Environment.GetEnvironmentVariable).Choose(gpu.DriverVersion / 1000);
        var probe = NativeLibraryFinder.Look("NCCL", "", files.Nccl.Found is { } path ? [path, "libnccl.so.2"] : ["libnccl.so.2"], out var handle);
        if (probe.Found is null)
            throw new DeviceException($"NCCL: not found (tried {string.Join(", ", files.Nccl.Tried.Concat(probe.Tried))}). Install it (pip: nvidia-nccl-cu{files.Major}) or point LZU_NCCL_PATH at its folder; without it gradients go through host memory.");
        return new NcclApi(NativeExports.Of(handle));
    }

    /// <summary>The group with NCCL where all processes have it; else the group that they found each other by, with a notice why.</summary>
    /// <param name="host">How the processes found each other.</param>
    /// <param name="backend">This process's device, of any kind.</param>
    /// <param name="notice">Told in one line where a GPU goes without.</param>
    public static ProcessGroup Best(ProcessGroup host, Backend backend, Action<string> notice)
    {
        if (host.World == 1 || backend is not GpuBackend { Gpu: { } gpu }) return host;
        NcclApi? api = null;
        try
        {
            api = Load(gpu);
        }
        catch (DeviceException fault)
        {
            notice(fault.Message);
        }
        // One that goes without is one that the others would wait for.
        return host.Sum(api is null ? 0.0 : 1.0) == host.World ? new NcclProcessGroup(host, gpu, api!) : host;
    }

    /// <inheritdoc/>
    public override PendingSum StartSum(TensorView values)
    {
        if (values.Storage is not GpuStorage) return _host.StartSum(values);
        var type = values.DType switch
        {
            DType.Float32 => NcclApi.Float32,
            DType.Float64 => NcclApi.Float64,
            var other => throw new DTypeException($"processes: what is summed must be float32 or float64, got {other.Name()}."),
        };
        if (values.Count == 0) return PendingSum.Done;
        _gpu.Bind();
        _gpu.Order(_gpu.Stream, _stream);
        _communicator.Sum(values.DeviceAddress(), values.Count, type, _stream);
        var pending = new Pending(this, values.Storage);
        _onTheirWay.Add(pending);
        return pending;
    }

    /// <inheritdoc/>
    public override void Sum(TensorView values) => _host.Sum(values);

    /// <inheritdoc/>
    public override void Sum(Span<double> values) => _host.Sum(values);

    /// <inheritdoc/>
    public override void Broadcast(Span<byte> bytes) => _host.Broadcast(bytes);

    /// <inheritdoc/>
    public override byte[][] Gather(ReadOnlySpan<byte> bytes) => _host.Gather(bytes);

    /// <inheritdoc/>
    public override void Barrier() => _host.Barrier();

    /// <inheritdoc/>
    public override void Abort(int exitCode) => _host.Abort(exitCode);

    /// <inheritdoc/>
    protected override void Leave()
    {
        _gpu.Order(_stream, _gpu.Stream);
        _gpu.Synchronize();
        _communicator.Dispose();
        _host.Dispose();
    }

    private sealed class Pending(NcclProcessGroup group, Storage storage) : PendingSum
    {
        public override void Wait()
        {
            if (!group._onTheirWay.Remove(this)) return;
            group._communicator.RequireWell();
            group._gpu.Order(group._stream, group._gpu.Stream);
            GC.KeepAlive(storage);
        }
    }
}
