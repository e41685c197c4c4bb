namespace LzuCore.Vision.Tests.Training;

/// <summary>A folder of a test's own, gone when the test is over.</summary>
internal sealed class WorkFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("lzu training ").FullName;

    /// <summary>A place in it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
