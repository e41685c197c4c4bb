using System.Collections.Concurrent;

namespace LzuCore.Memory;

/// <summary>Marks a kernel contract: numbers in, numbers out. See <c>Kernels/</c>.</summary>
public interface IKernel;

/// <summary>A device's memory and its table of kernels. Never grows because an op was added: ops look kernels up by contract.</summary>
/// <param name="device">The device this backend serves.</param>
public abstract class Backend(Device device)
{
    private readonly ConcurrentDictionary<Type, IKernel> _kernels = new();

    /// <summary>The device this backend serves.</summary>
    public Device Device { get; } = device;

    /// <summary>An uninitialised, pooled buffer for <paramref name="count"/> elements.</summary>
    public abstract Storage Allocate(DType dtype, long count);

    /// <summary>Copies host bytes to the start of a buffer on this device.</summary>
    public abstract void Upload(ReadOnlySpan<byte> host, Storage storage);

    /// <summary>Copies the start of a buffer on this device to the host.</summary>
    public abstract void Download(Storage storage, Span<byte> host);

    /// <summary>Waits until everything asked for so far is done.</summary>
    public abstract void Synchronize();

    /// <summary>Whether this backend implements a kernel.</summary>
    public bool Supports<TKernel>() where TKernel : class, IKernel => _kernels.ContainsKey(typeof(TKernel));

    /// <summary>The registered implementation.</summary>
    /// <exception cref="KernelNotFoundException">There is none.</exception>
    public TKernel Kernel<TKernel>() where TKernel : class, IKernel =>
        _kernels.TryGetValue(typeof(TKernel), out var kernel)
            ? (TKernel)kernel
            : throw new KernelNotFoundException($"{Device}: no kernel {typeof(TKernel).Name}. Move the inputs to cpu with .To(Device.Cpu), or choose --device cpu.");

    /// <summary>Contract and implementation of every kernel, for <c>lzu doctor</c>.</summary>
    public IEnumerable<(string Contract, string Implementation)> Kernels =>
        _kernels.Select(k => (k.Key.Name, k.Value.GetType().Name)).OrderBy(k => k.Item1, StringComparer.Ordinal);

    /// <summary>Puts an implementation into the table; a later one replaces an earlier one.</summary>
    protected void Register<TKernel>(TKernel kernel) where TKernel : class, IKernel => _kernels[typeof(TKernel)] = kernel;
}
