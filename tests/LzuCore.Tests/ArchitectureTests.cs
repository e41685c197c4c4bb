using System.Text.RegularExpressions;

namespace LzuCore.Tests;

/// <summary>The floor table as data: a file may use its own floor and those below it.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly (string Folder, string[] MayUse)[] Floors =
    [
        ("src/LzuCore/Memory", []),
        ("src/LzuCore/Interop", ["LzuCore.Memory"]),
        ("src/LzuCore/Kernels", ["LzuCore.Memory", "LzuCore.Interop"]),
        ("src/LzuCore/Tensors", ["LzuCore.Memory", "LzuCore.Kernels"]),
        ("src/LzuCore/Ops", ["LzuCore.Memory", "LzuCore.Kernels", "LzuCore.Tensors"]),
        ("src/LzuCore/Nn", ["LzuCore.Interop", "LzuCore.Memory", "LzuCore.Kernels", "LzuCore.Tensors", "LzuCore.Ops"]),
        ("src/LzuCore/Warping", ["LzuCore.Memory", "LzuCore.Kernels", "LzuCore.Tensors", "LzuCore.Ops", "LzuCore.Nn"]),
        ("src/LzuCore.Gpu", ["LzuCore.Memory", "LzuCore.Kernels"]),
        ("src/LzuCore.Vision/Imaging", Core),
        ("src/LzuCore.Vision/Geometry", Core),
        ("src/LzuCore.Vision/Onnx", Core),
        ("src/LzuCore.Vision/Data", [.. Core, "LzuCore.Vision.Geometry", "LzuCore.Vision.Imaging"]),
        ("src/LzuCore.Vision/Scenes", [.. Core, "LzuCore.Vision.Geometry", "LzuCore.Vision.Imaging", "LzuCore.Vision.Data"]),
        ("src/LzuCore.Vision/Metrics", [.. Core, "LzuCore.Vision.Geometry", "LzuCore.Vision.Imaging", "LzuCore.Vision.Data"]),
        ("src/LzuCore.Vision/Models", [.. Core, "LzuCore.Vision.Geometry"]),
        ("src/LzuCore.Vision/Tasks", [.. Core, "LzuCore.Vision.Geometry", "LzuCore.Vision.Imaging", "LzuCore.Vision.Metrics", "LzuCore.Vision.Data", "LzuCore.Vision.Models", "LzuCore.Vision.Onnx"]),
        ("src/LzuCore.Vision/Training", [.. Core, "LzuCore.Vision.Geometry", "LzuCore.Vision.Imaging", "LzuCore.Vision.Metrics", "LzuCore.Vision.Data", "LzuCore.Vision.Models", "LzuCore.Vision.Onnx", "LzuCore.Vision.Tasks"]),
        ("src/LzuCore.Vision/Experiments", [.. Core, "LzuCore.Vision.Geometry", "LzuCore.Vision.Imaging", "LzuCore.Vision.Metrics", "LzuCore.Vision.Data", "LzuCore.Vision.Scenes", "LzuCore.Vision.Models", "LzuCore.Vision.Tasks", "LzuCore.Vision.Training"]),
        ("src/LzuCore.Vision/Configuration", [.. Core, "LzuCore.Vision"]),
    ];

    private static string[] Core => ["LzuCore.Memory", "LzuCore.Kernels", "LzuCore.Tensors", "LzuCore.Ops", "LzuCore.Nn", "LzuCore.Warping"];

    private static string Root
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "LzuCore.sln"))) folder = Path.GetDirectoryName(folder)!;
            return folder;
        }
    }

    private static IEnumerable<string> Sources(string folder) => !Directory.Exists(Path.Combine(Root, folder)) ? [] :
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}") && !f.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}"));

    [Test]
    public void Floors_PointDownOnly()
    {
        var faults = new List<string>();
        foreach (var (folder, mayUse) in Floors)
        {
            var own = folder["src/".Length..].Replace('/', '.');
            foreach (var file in Sources(folder))
                foreach (Match use in LzuName().Matches(File.ReadAllText(file)))
                {
                    var name = use.Groups[1].Value;
                    if (name.StartsWith(own, StringComparison.Ordinal) || mayUse.Any(m => name == m || name.StartsWith(m + ".", StringComparison.Ordinal))) continue;
                    faults.Add($"{Path.GetRelativePath(Root, file)} uses {name}: {own} may use {(mayUse.Length == 0 ? "nothing" : string.Join(", ", mayUse))}");
                }
        }
        Assert.That(faults, Is.Empty, string.Join("\n", faults));
    }

    [Test]
    public void NativeImports_LiveInInteropFolders() =>
        Assert.That(Sources("src").Where(f => NativeImport().IsMatch(File.ReadAllText(f)) && !f.Contains("Interop")), Is.Empty);

    [Test]
    public void Console_IsTheCommandLinesAlone() =>
        Assert.That(Sources("src").Where(f => !f.Contains("LzuCore.Cli") && File.ReadAllText(f).Contains("Console.")), Is.Empty);

    [Test]
    public void Core_HasNoPackages() =>
        Assert.That(File.ReadAllText(Path.Combine(Root, "src/LzuCore/LzuCore.csproj")), Does.Not.Contain("PackageReference"));

    [Test]
    public void NoRoomIsCalledForNothing() =>
        Assert.That(Sources("src").Where(f => Path.GetRelativePath(Root, f).Split('/', '.').Any(p => p is "Utils" or "Helpers" or "Common" or "Misc")), Is.Empty);

    [Test]
    public void LongestFiles_ArePrinted()
    {
        var files = Sources("src").Select(f => (Lines: File.ReadLines(f).Count(), File: Path.GetRelativePath(Root, f))).OrderByDescending(f => f.Lines).Take(10).ToList();
        foreach (var (lines, file) in files) TestContext.Out.WriteLine($"{lines,5} {file}");
        Assert.That(files, Is.Not.Empty);
    }

    [GeneratedRegex(@"^\s*(?:global )?using (?:static )?(LzuCore(?:\.\w+)*)", RegexOptions.Multiline)]
    private static partial Regex LzuName();

    [GeneratedRegex(@"\[(LibraryImport|DllImport)")]
    private static partial Regex NativeImport();
}
