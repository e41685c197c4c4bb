using LzuCore.Gpu.Interop;

namespace LzuCore.Gpu.Tests.Interop;

/// <summary>What <c>lzu doctor</c> says about native libraries.</summary>
public sealed class NativeLibraryFinderTests
{
    [Test]
    public void Probe_ListsEachLibrary_AndEverythingTried()
    {
        var probes = NativeLibraryFinder.Probe();
        Assert.That(probes.Select(p => p.Library), Is.EqualTo(new[] { "NVIDIA driver", "cudart", "NVRTC", "cuBLASLt", "cuDNN", "NCCL", "lzu_native" }));
        foreach (var probe in probes) Assert.That(probe.Found is not null || probe.Tried.Count > 0, probe.Library);
    }

    [Test]
    public void ALibraryThatIsNowhere_IsNotFound_AndThePlacesAreNamed()
    {
        var probe = NativeLibraryFinder.Look("nothing", "a test", ["libno_such_library_here.so", "/no/such/folder/lib.so"], out var handle);
        Assert.That(handle, Is.EqualTo((nint)0));
        Assert.That(probe.Found, Is.Null);
        Assert.That(probe.Tried, Is.EqualTo(new[] { "libno_such_library_here.so", "/no/such/folder/lib.so" }));
    }
}
