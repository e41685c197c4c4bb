using LzuCore.Memory;

namespace LzuCore.Gpu.Tests.Runtime;

/// <summary>The GPU of this machine, for the tests of the category Gpu, which are skipped without one.</summary>
internal static class RealGpu
{
    private static readonly Lazy<string?> Missing = new(() =>
    {
        try
        {
            BackendRegistry.Get(Device);
            return null;
        }
        catch (DeviceException e)
        {
            return e.Message;
        }
    });

    /// <summary>cuda:0.</summary>
    public static Device Device { get; } = new("cuda");

    /// <summary>Its backend.</summary>
    public static GpuBackend Backend => (GpuBackend)BackendRegistry.Get(Device);

    /// <summary>Skips the test where there is no GPU.</summary>
    public static void Require()
    {
        if (Missing.Value is { } why) Assert.Ignore(why);
    }
}
