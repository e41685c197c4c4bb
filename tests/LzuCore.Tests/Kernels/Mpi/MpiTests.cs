using LzuCore.Interop;
using LzuCore.Kernels;
using LzuCore.Kernels.Mpi;
using LzuCore.Memory;

namespace LzuCore.Tests.Kernels.Mpi;

/// <summary>How a process finds the others. What they do together under a real mpirun is tested in LzuCore.Vision.Tests.</summary>
public sealed class MpiTests
{
    private static MpiLaunch Launch(params (string Name, string Value)[] variables) => MpiLaunch.Of(name => variables.FirstOrDefault(v => v.Name == name).Value);

    [Test]
    public void Launchers_AreReadFromTheEnvironment()
    {
        Assert.That(Launch().World, Is.EqualTo(1));
        Assert.That(Launch(("OMPI_COMM_WORLD_SIZE", "1")).World, Is.EqualTo(1));
        Assert.That(Launch(("OMPI_COMM_WORLD_SIZE", "4"), ("OMPI_COMM_WORLD_LOCAL_RANK", "1")), Is.EqualTo(new MpiLaunch(4, 1, TimeSpan.FromMinutes(10))));
        Assert.That(Launch(("PMIX_RANK", "3"), ("SLURM_NTASKS", "8"), ("SLURM_LOCALID", "2"), ("LZU_MPI_TIMEOUT", "7")), Is.EqualTo(new MpiLaunch(8, 2, TimeSpan.FromSeconds(7))));
        // A shell in a Slurm allocation is no task of it.
        Assert.That(Launch(("SLURM_NTASKS", "8")).World, Is.EqualTo(1));
        Assert.That(Launch(("OMPI_COMM_WORLD_SIZE", "four")).World, Is.EqualTo(1));
        Assert.That(() => Launch(("PMI_SIZE", "2"), ("PMI_RANK", "0")), Throws.TypeOf<DeviceException>().With.Message.Contains("srun --mpi=pmix"));
    }

    [Test]
    public void AProcessAlone_LoadsNothing()
    {
        using var alone = ProcessGroup.Join();
        Assert.That(alone, Is.SameAs(ProcessGroup.Alone));
        Assert.That((alone.Rank, alone.World, alone.IsFirst, alone.Sum(3.5), alone.Mean(2)), Is.EqualTo((0, 1, true, 3.5, 2.0)));
        Assert.That(alone.Gather([1, 2]), Is.EqualTo(new[] { new byte[] { 1, 2 } }));
        Assert.DoesNotThrow(() => alone.RequireSame("anything", "x"));
    }

    [Test]
    public void AMissingLibrary_IsOneLineThatSaysWhatToInstall()
    {
        var fault = Assert.Throws<DeviceException>(() => OpenMpi.Load(["libmpi-that-is-not-there.so.40"]));
        Assert.That(fault!.Message, Does.Contain("libmpi-that-is-not-there.so.40").And.Contain("apt-get install").And.Not.Contain("\n"));
        Assert.That(OpenMpi.Names(name => name == "LZU_MPI" ? "/opt/libmpi.so" : null)[0], Is.EqualTo("/opt/libmpi.so"));
    }

    [Test]
    public void AnotherMpi_IsRefusedByName() =>
        // MPICH's functions have the same names; its constants are no variables.
        Assert.That(() => new OpenMpi(name => name.StartsWith("MPI_", StringComparison.Ordinal) ? 1 : 0),
            Throws.TypeOf<DeviceException>().With.Message.Contains("ompi_mpi_comm_world"));
}
