using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LzuCore.Gpu.Cudnn;

/// <summary>For what a stored plan is good: cuDNN takes it back on the same kind of GPU and in the same version only.</summary>
/// <param name="Name">The GPU's name.</param>
/// <param name="ComputeCapability">major · 10 + minor: 90 for an H100.</param>
/// <param name="Multiprocessors">How many it has; a slice of a GPU has fewer.</param>
/// <param name="CudnnVersion">As cudnnGetVersion says.</param>
internal sealed record PlanHome(string Name, int ComputeCapability, int Multiprocessors, int CudnnVersion);

/// <summary>Chosen plans on disk, one file each, so that a second process does not search again.</summary>
/// <remarks>A file names its problem and home in full; one that is broken, of another format or of another home is as good as none. Writing goes through a
/// file of its own name and a rename, so that a reader never sees half of one; a folder that cannot be written is no fault.</remarks>
/// <param name="folder">Made at the first write.</param>
/// <param name="home">For what the plans are good.</param>
internal sealed class CudnnPlanCache(string folder, PlanHome home)
{
    private const string Format = "lzu.cudnn-plan/1";

    /// <summary>What was written for a problem; null when nothing of use is there.</summary>
    public byte[]? Read(ConvGraphProblem problem)
    {
        try
        {
            var stored = JsonSerializer.Deserialize(File.ReadAllBytes(PathOf(problem)), PlanJson.Default.StoredPlan);
            return stored is { Plan: not null } && stored.Format == Format && stored.Home == home && stored.Problem == problem.ToString() ? stored.Plan : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Keeps a plan.</summary>
    public void Write(ConvGraphProblem problem, byte[] plan)
    {
        var path = PathOf(problem);
        var draft = $"{path}.{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(new StoredPlan(Format, home, problem.ToString(), plan), PlanJson.Default.StoredPlan));
            File.Move(draft, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(draft);
        }
    }

    /// <summary>The file of a problem.</summary>
    public string PathOf(ConvGraphProblem problem) =>
        Path.Combine(folder, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{home}\n{problem}")))[..32]}.json");

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}

/// <summary>What a file holds.</summary>
internal sealed record StoredPlan(string Format, PlanHome Home, string Problem, byte[] Plan);

[JsonSerializable(typeof(StoredPlan))]
internal sealed partial class PlanJson : JsonSerializerContext;
