using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using LzuCore.Cli.Manners;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Cli.Commands;

/// <summary>One look at this machine.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Ok">Whether it is as it should be.</param>
/// <param name="Detail">What was found.</param>
internal sealed record DoctorCheck(string Name, bool Ok, string Detail);

/// <summary>What <c>lzu doctor --json</c> writes.</summary>
internal sealed record DoctorDocument(string Schema, IReadOnlyList<DoctorCheck> Checks, IReadOnlyList<string> ToMend);

/// <summary><c>lzu doctor</c>: what this machine has, which kernels each device has, and one line per thing to mend.</summary>
internal sealed class DoctorVerb() : Verb("doctor", "what this machine has: instruction sets, threads, memory, devices, libraries, a self-test a kernel; ends with what to mend")
{
    /// <inheritdoc/>
    protected override void Declare(Command command)
    {
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult parsed, Session session)
    {
        List<DoctorCheck> checks =
        [
            new("runtime", true, $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"),
            new("instruction sets", true, InstructionSets()),
            new("threads", true, $"{ParallelRows.Threads} used, {Environment.ProcessorCount} processors"),
            new("memory", true, $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1L << 20)} MiB available to this process"),
            .. BackendRegistry.Kinds.SelectMany(Devices),
            .. Libraries(),
        ];
        var toMend = checks.Where(c => !c.Ok).Select(c => $"{c.Name}: {c.Detail}").ToList();
        foreach (var check in checks) session.Print(string.Create(CultureInfo.InvariantCulture, $"{(check.Ok ? "ok " : "!! ")} {check.Name,-30} {check.Detail}"));
        session.Print(toMend.Count == 0 ? "nothing to mend" : "to mend:");
        foreach (var line in toMend) session.Print("  " + line);
        session.Document(new DoctorDocument("lzu.doctor/1", checks, toMend), CliJson.Default.DoctorDocument);
        // Whoever asks for one device wants to know whether it can be used: if not, its line is the last, and the exit code says so.
        if (parsed.GetValue(CommonOptions.Device) is not null) _ = session.Device;
        return toMend.Count == 0 ? ExitCode.Done : ExitCode.No;
    }

    private static string InstructionSets()
    {
        (string Name, bool Has)[] sets =
        [
            ("AVX-512F", Avx512F.IsSupported), ("AVX-512BW", Avx512BW.IsSupported), ("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported),
            ("SSE4.2", Sse42.IsSupported), ("NEON", AdvSimd.IsSupported),
        ];
        return string.Join(", ", sets.Where(s => s.Has).Select(s => s.Name).DefaultIfEmpty("none: the portable kernels run"));
    }

    private static IEnumerable<DoctorCheck> Devices(string kind)
    {
        Backend backend;
        string? fault = null;
        try
        {
            backend = BackendRegistry.Get(new Device(kind));
        }
        catch (LzuException e)
        {
            fault = e.Message;
            backend = BackendRegistry.Get(Device.Cpu);
        }
        if (fault is not null)
        {
            yield return new DoctorCheck($"device {kind}", true, "absent: " + fault);
            yield break;
        }
        var kernels = backend.Kernels.ToList();
        yield return new DoctorCheck($"device {backend.Device}", kernels.Count > 0, $"{kernels.Count} kernels{Name(backend)}");
        foreach (var (contract, implementation) in kernels)
        {
            var test = KernelSelfTest.Run(contract, backend.Device);
            yield return new DoctorCheck($"{backend.Device} {contract}", test?.Ok ?? true, $"{implementation}, {test?.Detail ?? "no self-test"}");
        }
    }

#if CPU_ONLY
    private static string Name(Backend backend) => "";
#else
    // A GPU's own name, and what of NVIDIA's libraries it goes without.
    private static string Name(Backend backend) => backend is not LzuCore.Gpu.GpuBackend gpu ? "" : $" on {gpu.AcceleratorName}{string.Concat(gpu.Notices.Select(n => "; " + n))}";
#endif

    // All of them are optional: a missing one is no fault.
    private static IEnumerable<DoctorCheck> Libraries()
    {
        yield return new DoctorCheck("library Open MPI", true, $"{ProcessGroup.Library} (several processes that share a training or a data set)");
#if CPU_ONLY
        yield return new DoctorCheck("libraries", true, "no others looked for: this is a CPU-only build");
#else
        foreach (var probe in LzuCore.Gpu.Interop.NativeLibraryFinder.Probe())
            yield return new DoctorCheck($"library {probe.Library}", true, probe.Found is { } found ? $"found as {found} ({probe.Purpose})" : $"not found ({probe.Purpose}); looked for {string.Join(", ", probe.Tried)}");
#endif
    }
}
