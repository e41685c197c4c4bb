using LzuCore.Cli.Manners;
using LzuCore.Vision.Experiments;

namespace LzuCore.Cli.Inputs;

/// <summary>The detectors that come with the program: trained on procedural scenes by <c>lzu reproduce</c>; each file says how.</summary>
internal static class BundledWeights
{
    private static readonly ZoomMethod[] Methods = [ZoomMethod.Uniform, ZoomMethod.UniformAveraged, ZoomMethod.LzuFixed];

    /// <summary>All of them, baselines first.</summary>
    /// <exception cref="UsageException">The files are not beside the program.</exception>
    public static IReadOnlyList<DeskWeights> All() => [.. Methods.Select(m =>
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Weights", NameOf(m));
        if (!File.Exists(path)) throw new UsageException($"the bundled weights '{path}' are missing; copy the folder Weights beside the program, or build it again.");
        return DeskWeights.Load(path);
    })];

    /// <summary>A method's file.</summary>
    public static string NameOf(ZoomMethod method) => $"detection-{Trial.Word(method)}.safetensors";

    /// <summary>Which methods are bundled.</summary>
    public static IReadOnlyList<ZoomMethod> Bundled => Methods;
}
