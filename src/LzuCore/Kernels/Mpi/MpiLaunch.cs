using System.Globalization;
using LzuCore.Memory;

namespace LzuCore.Kernels.Mpi;

/// <summary>How this process was started: read from what launchers put into the environment, so that a process alone needs no library.</summary>
/// <param name="World">How many processes; 1 without a launcher.</param>
/// <param name="LocalRank">Which of this machine's.</param>
/// <param name="Timeout">How long another process may keep this one waiting.</param>
internal readonly record struct MpiLaunch(int World, int LocalRank, TimeSpan Timeout)
{
    private const int DefaultTimeoutSeconds = 600;

    /// <summary>Reads the environment: Open MPI's mpirun, then Slurm's <c>srun --mpi=pmix</c>.</summary>
    /// <exception cref="DeviceException">Another MPI's launcher started several processes, which would each do the whole work.</exception>
    public static MpiLaunch Of(Func<string, string?> environment)
    {
        var timeout = TimeSpan.FromSeconds(Number("LZU_MPI_TIMEOUT") is { } seconds and > 0 ? seconds : DefaultTimeoutSeconds);
        if (Number("OMPI_COMM_WORLD_SIZE") is { } world) return new(world, Number("OMPI_COMM_WORLD_LOCAL_RANK") ?? 0, timeout);
        if (environment("PMIX_RANK") is { Length: > 0 } && Number("SLURM_NTASKS") is { } tasks) return new(tasks, Number("SLURM_LOCALID") ?? 0, timeout);
        if (Number("PMI_SIZE") is { } others and > 1)
            throw new DeviceException($"MPI: another launcher than Open MPI's started {others} processes (PMI_SIZE is set, OMPI_COMM_WORLD_SIZE is not). Use Open MPI's mpirun, or srun --mpi=pmix.");
        return new(1, 0, timeout);

        int? Number(string name) => int.TryParse(environment(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
    }
}
