namespace LzuCore.Cli.Tests;

/// <summary>Places in the repository that tests read.</summary>
internal static class Repository
{
    public static string Root
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "LzuCore.sln"))) folder = Path.GetDirectoryName(folder)!;
            return folder;
        }
    }

    /// <summary>The given suites.</summary>
    public static string Conformance => Path.Combine(Root, "tests", "conformance");
}
