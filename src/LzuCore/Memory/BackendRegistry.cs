using System.Collections.Concurrent;

namespace LzuCore.Memory;

/// <summary>Device kind → backend. The CPU registers itself; others are registered once, at start, by a composition root.</summary>
public static class BackendRegistry
{
    private static readonly ConcurrentDictionary<string, Func<int, Backend>> Factories = new();
    private static readonly ConcurrentDictionary<Device, Backend> Backends = new();

    /// <summary>Says how to make the backend of a device kind.</summary>
    public static void Register(string kind, Func<int, Backend> factory) => Factories[kind] = factory;

    /// <summary>The kinds that are registered.</summary>
    public static IEnumerable<string> Kinds => Factories.Keys.Order(StringComparer.Ordinal);

    /// <summary>The backend of a device, made on first use.</summary>
    /// <exception cref="DeviceException">No backend of that kind is registered, or the device is absent.</exception>
    public static Backend Get(Device device) => Backends.GetOrAdd(device, static d =>
        Factories.TryGetValue(d.Kind, out var make)
            ? make(d.Index)
            : throw new DeviceException($"device {d} is not available: this program has {string.Join(", ", Kinds)}. Use --device cpu, or a build with the GPU assembly."));
}
