using System.Text;

namespace LzuCore.Gpu.Runtime;

/// <summary>Compiled kernels on disk, so that a second process does not compile them again: ILGPU takes up to a second for a large one. It also numbers labels anew in every
/// process, and the driver's own cache of machine code goes by the text, so only a text that is kept can be found there (read, not measured).</summary>
/// <remarks>One folder per build of this assembly and architecture, one file per kernel. A file that does not hold its kernel is as good as none, and so is a folder that cannot be
/// read or written. Writing goes through a file of its own and a rename.</remarks>
internal sealed class PtxCache(string folder, string architecture)
{
    private readonly string _folder = Path.Combine(folder, typeof(PtxCache).Module.ModuleVersionId.ToString("N")[..16], architecture);

    /// <summary>A kernel's text, kept or made now.</summary>
    public CompiledKernel Get(string name, int lanes, Func<CompiledKernel> compile)
    {
        var file = Path.Combine(_folder, name + ".ptx");
        if (Read(file, name) is { } kept) return new CompiledKernel(name, kept, lanes);
        var made = compile();
        Write(file, made.Ptx);
        return made;
    }

    // The last character tells a text that was written to its end.
    private static string? Read(string file, string name)
    {
        try
        {
            if (!File.Exists(file)) return null;
            var text = File.ReadAllText(file);
            return text.Contains($".entry {name}(", StringComparison.Ordinal) && text.TrimEnd().EndsWith('}') ? text : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Write(string file, string text)
    {
        var temporary = $"{file}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}";
        try
        {
            Directory.CreateDirectory(_folder);
            File.WriteAllText(temporary, text, new UTF8Encoding(false));
            File.Move(temporary, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next process compiles again.
        }
    }
}
