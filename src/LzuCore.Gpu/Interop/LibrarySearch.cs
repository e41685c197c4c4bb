namespace LzuCore.Gpu.Interop;

/// <summary>Where a library of one CUDA major is looked for, in order, and what was found.</summary>
/// <param name="Found">The full path; null when no folder has it.</param>
/// <param name="Tried">The paths that were not there, or were refused and why.</param>
internal sealed record FileSearch(string? Found, IReadOnlyList<string> Tried);

/// <summary>The libraries of one CUDA major that belong together.</summary>
internal sealed record CudaFiles(int Major, FileSearch Cudart, FileSearch Nvrtc, FileSearch CublasLt, FileSearch Cudnn, FileSearch Nccl)
{
    /// <summary>Whether everything that computes is there.</summary>
    public bool IsComplete => CublasLt.Found is not null && Nvrtc.Found is not null && Cudnn.Found is not null;

    /// <summary>How many of the three are there.</summary>
    public int Parts => new[] { CublasLt, Nvrtc, Cudnn }.Count(f => f.Found is not null);
}

/// <summary>Finds NVIDIA's libraries for Linux without loading anything: a pure function of environment variables and a file tree.</summary>
/// <remarks>Order: this program's variables, NVIDIA's, the Python environment that is active, conda, the user's and the system's Python, LD_LIBRARY_PATH,
/// Debian, toolkits. NVIDIA's wheels put CUDA 13 into nvidia/cu13/lib and CUDA 12 into a folder a library; cuDNN and NCCL have folders of their own in both.</remarks>
/// <param name="environment">Reads an environment variable.</param>
/// <param name="root">Stands before every absolute path that does not come from a variable.</param>
internal sealed class LibrarySearch(Func<string, string?> environment, string root = "/")
{
    /// <summary>Majors that the tables of this assembly are for, newest first.</summary>
    public static IReadOnlyList<int> Majors { get; } = [13, 12];

    private const string Cudnn = "libcudnn.so.9", CudnnCnn = "libcudnn_cnn.so.9";

    /// <summary>The newest major that the driver can run and that is complete; else the one of which most is there.</summary>
    /// <param name="driverMajor">The newest CUDA major the driver runs; 0 when there is no driver.</param>
    public CudaFiles Choose(int driverMajor)
    {
        var candidates = Majors.Where(m => driverMajor == 0 || m <= driverMajor).DefaultIfEmpty(Majors[^1]).Select(Find).ToList();
        return candidates.Find(c => c.IsComplete) ?? candidates.MaxBy(c => c.Parts)!;
    }

    /// <summary>Every library of a major.</summary>
    public CudaFiles Find(int major) => new(major,
        Look($"libcudart.so.{major}", ToolkitFolders(major, "cuda_runtime")),
        Look($"libnvrtc.so.{major}", ToolkitFolders(major, "cuda_nvrtc")),
        Look($"libcublasLt.so.{major}", ToolkitFolders(major, "cublas")),
        Look(Cudnn, OwnFolders(major, "cudnn", "LZU_CUDNN_PATH", "CUDNN_PATH"), RefuseCudnn),
        Look("libnccl.so.2", OwnFolders(major, "nccl", "LZU_NCCL_PATH", "NCCL_HOME")));

    /// <summary>Everything to load of a set, dependencies first, by full path. A library that is loaded satisfies later ones by its name, so no search
    /// path is needed. Files that are not there are left out: the last load says what is missing.</summary>
    public static IReadOnlyList<string> LoadOrder(CudaFiles files)
    {
        var order = new List<string>();
        var nvrtc = FolderOf(files.Nvrtc);
        var blas = FolderOf(files.CublasLt);
        var cudnn = FolderOf(files.Cudnn);
        Add(files.Cudart.Found);
        if (nvrtc is not null)
        {
            // The compiler opens its tables by a name that no folder of its own is searched for.
            foreach (var tables in Files(nvrtc, $"libnvrtc-builtins.so.{files.Major}*")) Add(tables);
            Add(files.Nvrtc.Found);
        }
        foreach (var folder in new[] { nvrtc, blas, SiblingOf(nvrtc, "nvjitlink") })
            if (folder is not null && AddIfThere(folder, $"libnvJitLink.so.{files.Major}")) break;
        Add(files.CublasLt.Found);
        if (blas is not null) AddIfThere(blas, $"libcublas.so.{files.Major}");
        if (cudnn is not null)
            foreach (var part in new[] { "graph", "engines_precompiled", "engines_runtime_compiled", "engines_tensor_ir", "ext", "heuristic", "ops", "cnn" })
                AddIfThere(cudnn, $"libcudnn_{part}.so.9");
        Add(files.Cudnn.Found);
        return order;

        void Add(string? path)
        {
            if (path is not null && !order.Contains(path)) order.Add(path);
        }

        bool AddIfThere(string folder, string file)
        {
            var path = Path.Combine(folder, file);
            if (!File.Exists(path)) return false;
            Add(path);
            return true;
        }
    }

    // The JIT-only package has the same main library without fixed convolutions and without precompiled engines.
    private static string? RefuseCudnn(string path) =>
        File.Exists(Path.Combine(Path.GetDirectoryName(path)!, CudnnCnn)) ? null : $"refused: {CudnnCnn} is not beside it, as in the JIT-only package";

    private static FileSearch Look(string file, IEnumerable<string> folders, Func<string, string?>? refuse = null)
    {
        var tried = new List<string>();
        foreach (var path in folders.Select(f => Path.Combine(f, file)).Distinct(StringComparer.Ordinal))
        {
            if (!File.Exists(path)) tried.Add(path);
            else if (refuse?.Invoke(path) is { } why) tried.Add($"{path} ({why})");
            else return new FileSearch(path, tried);
        }
        return new FileSearch(null, tried);
    }

    // cudart, NVRTC, cuBLASLt: one folder together, except in the wheels of CUDA 12.
    private IEnumerable<string> ToolkitFolders(int major, string wheel)
    {
        foreach (var folder in Given("LZU_CUDA_LIB", "CUDA_PATH", "CUDA_HOME")) yield return folder;
        foreach (var packages in SitePackages())
            yield return major >= 13 ? Path.Combine(packages, "nvidia", $"cu{major}", "lib") : Path.Combine(packages, "nvidia", wheel, "lib");
        foreach (var folder in Conda().Concat(LoaderPath()).Concat(SystemFolders())) yield return folder;
        yield return Rooted($"usr/local/cuda-{major}/lib64");
        foreach (var toolkit in Folders(Rooted("usr/local"), $"cuda-{major}.*").Reverse()) yield return Path.Combine(toolkit, "lib64");
        yield return Rooted("usr/local/cuda/lib64");
        yield return Rooted("usr/local/cuda/targets/x86_64-linux/lib");
    }

    // cuDNN and NCCL: a folder of their own. Their file names do not say which CUDA they are for; a wheel's record does.
    private IEnumerable<string> OwnFolders(int major, string wheel, params string[] variables)
    {
        foreach (var folder in Given(variables)) yield return folder;
        foreach (var packages in SitePackages())
            if (IsFor(packages, wheel, major)) yield return Path.Combine(packages, "nvidia", wheel, "lib");
        foreach (var folder in Given("LZU_CUDA_LIB", "CUDA_PATH", "CUDA_HOME").Concat(Conda()).Concat(LoaderPath()).Concat(SystemFolders())) yield return folder;
        yield return Rooted("usr/local/cuda/lib64");
    }

    // Without a record of either major, the folder is taken as it is: what was loaded is asked for its CUDA later.
    private static bool IsFor(string packages, string wheel, int major)
    {
        bool Has(int m) => Folders(packages, $"nvidia_{wheel}_cu{m}-*.dist-info").Any();
        return Has(major) || !Majors.Any(Has);
    }

    private IEnumerable<string> Given(params string[] variables)
    {
        foreach (var variable in variables)
            if (environment(variable) is { Length: > 0 } folder)
                foreach (var below in new[] { "", "lib64", "lib" }) yield return below.Length == 0 ? folder : Path.Combine(folder, below);
    }

    private IEnumerable<string> SitePackages()
    {
        foreach (var variable in new[] { "VIRTUAL_ENV", "CONDA_PREFIX" })
            if (environment(variable) is { Length: > 0 } prefix)
                foreach (var python in Folders(Path.Combine(prefix, "lib"), "python3*")) yield return Path.Combine(python, "site-packages");
        if (environment("HOME") is { Length: > 0 } home)
            foreach (var python in Folders(Path.Combine(home, ".local", "lib"), "python3*")) yield return Path.Combine(python, "site-packages");
        foreach (var python in Folders(Rooted("usr/local/lib"), "python3*")) yield return Path.Combine(python, "dist-packages");
        yield return Rooted("usr/lib/python3/dist-packages");
    }

    private IEnumerable<string> Conda() =>
        environment("CONDA_PREFIX") is { Length: > 0 } prefix ? [Path.Combine(prefix, "lib"), Path.Combine(prefix, "targets", "x86_64-linux", "lib")] : [];

    private IEnumerable<string> LoaderPath() => (environment("LD_LIBRARY_PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private IEnumerable<string> SystemFolders() => [Rooted("usr/lib/x86_64-linux-gnu"), Rooted("usr/lib64")];

    private string Rooted(string path) => Path.Combine(root, path);

    private static string? FolderOf(FileSearch search) => search.Found is { } path ? Path.GetDirectoryName(path) : null;

    // CUDA 12 wheels: nvidia/cuda_nvrtc/lib -> nvidia/nvjitlink/lib.
    private static string? SiblingOf(string? folder, string wheel) =>
        folder is not null && Path.GetDirectoryName(Path.GetDirectoryName(folder)) is { } above ? Path.Combine(above, wheel, "lib") : null;

    private static IEnumerable<string> Folders(string folder, string pattern) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder, pattern).Order(StringComparer.Ordinal) : [];

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal) : [];
}
