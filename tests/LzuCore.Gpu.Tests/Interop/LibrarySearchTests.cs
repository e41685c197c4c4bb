using LzuCore.Gpu.Interop;

namespace LzuCore.Gpu.Tests.Interop;

/// <summary>Where NVIDIA's libraries are looked for, in made-up file trees and environments; nothing is loaded.</summary>
public sealed class LibrarySearchTests
{
    private static readonly string[] Cudnn = ["libcudnn.so.9", "libcudnn_graph.so.9", "libcudnn_engines_precompiled.so.9", "libcudnn_engines_runtime_compiled.so.9",
        "libcudnn_heuristic.so.9", "libcudnn_ops.so.9", "libcudnn_cnn.so.9"];

    private readonly Dictionary<string, string> _environment = [];
    private string _root = null!;

    [SetUp]
    public void MakeTree()
    {
        _environment.Clear();
        _root = Directory.CreateTempSubdirectory("lzu-libraries-").FullName;
    }

    [TearDown]
    public void DeleteTree() => Directory.Delete(_root, recursive: true);

    private LibrarySearch Search => new(_environment.GetValueOrDefault, _root);

    private string At(string path) => Path.Combine(_root, path);

    private void Put(string folder, params string[] files)
    {
        Directory.CreateDirectory(At(folder));
        foreach (var file in files) File.WriteAllText(Path.Combine(At(folder), file), "");
    }

    private void PutWheels13(string packages)
    {
        Put($"{packages}/nvidia/cu13/lib", "libcudart.so.13", "libnvrtc.so.13", "libnvrtc-builtins.so.13.0", "libcublasLt.so.13", "libcublas.so.13", "libnvJitLink.so.13");
        Put($"{packages}/nvidia/cudnn/lib", Cudnn);
        Put($"{packages}/nvidia/nccl/lib", "libnccl.so.2");
    }

    private void PutWheels12(string packages)
    {
        Put($"{packages}/nvidia/cuda_runtime/lib", "libcudart.so.12");
        Put($"{packages}/nvidia/cuda_nvrtc/lib", "libnvrtc.so.12", "libnvrtc-builtins.so.12.6");
        Put($"{packages}/nvidia/cublas/lib", "libcublasLt.so.12", "libcublas.so.12");
        Put($"{packages}/nvidia/nvjitlink/lib", "libnvJitLink.so.12");
        Put($"{packages}/nvidia/cudnn/lib", Cudnn);
    }

    [Test]
    public void WheelsOfCuda13_AreFound_AndLoadedDependenciesFirst()
    {
        PutWheels13("venv/lib/python3.12/site-packages");
        _environment["VIRTUAL_ENV"] = At("venv");
        var files = Search.Choose(13);
        Assert.That(files.Major, Is.EqualTo(13));
        Assert.That(files.IsComplete);
        Assert.That(files.Nccl.Found, Is.EqualTo(At("venv/lib/python3.12/site-packages/nvidia/nccl/lib/libnccl.so.2")));
        Assert.That(Order(files), Is.EqualTo(new[]
        {
            "libcudart.so.13", "libnvrtc-builtins.so.13.0", "libnvrtc.so.13", "libnvJitLink.so.13", "libcublasLt.so.13", "libcublas.so.13",
            "libcudnn_graph.so.9", "libcudnn_engines_precompiled.so.9", "libcudnn_engines_runtime_compiled.so.9", "libcudnn_heuristic.so.9",
            "libcudnn_ops.so.9", "libcudnn_cnn.so.9", "libcudnn.so.9",
        }));
    }

    [Test]
    public void WheelsOfCuda12_HaveAFolderALibrary()
    {
        PutWheels12("venv/lib/python3.11/site-packages");
        _environment["VIRTUAL_ENV"] = At("venv");
        var files = Search.Choose(13);
        Assert.That(files.Major, Is.EqualTo(12), "nothing of 13 but cuDNN is there");
        Assert.That(files.IsComplete);
        Assert.That(Order(files)[..6], Is.EqualTo(new[] { "libcudart.so.12", "libnvrtc-builtins.so.12.6", "libnvrtc.so.12", "libnvJitLink.so.12", "libcublasLt.so.12", "libcublas.so.12" }));
    }

    [TestCase(13, 13)]
    [TestCase(12, 12)]
    [TestCase(0, 13)]
    [TestCase(14, 13)]
    public void OfTwoMajors_TheNewestThatTheDriverRuns_IsChosen(int driver, int expected)
    {
        PutWheels13("venv/lib/python3.12/site-packages");
        PutWheels12("venv/lib/python3.12/site-packages");
        _environment["VIRTUAL_ENV"] = At("venv");
        Assert.That(Search.Choose(driver).Major, Is.EqualTo(expected));
    }

    [Test]
    public void AWheelsRecord_SaysWhichCudaItsCudnnIsFor()
    {
        PutWheels13("venv/lib/python3.12/site-packages");
        PutWheels12("venv/lib/python3.12/site-packages");
        Put("venv/lib/python3.12/site-packages/nvidia_cudnn_cu12-9.10.2.21.dist-info", "RECORD");
        _environment["VIRTUAL_ENV"] = At("venv");
        var files = Search.Choose(13);
        Assert.That(files.Major, Is.EqualTo(12), "cuDNN is built for CUDA 12");
        Assert.That(Search.Find(13).Cudnn.Found, Is.Null);
    }

    [Test]
    public void AnIncompleteMajor_IsChosenWhereNoneIsComplete()
    {
        Put("usr/local/cuda/lib64", "libcublasLt.so.12", "libnvrtc.so.12");
        var files = Search.Choose(13);
        Assert.That((files.Major, files.Parts, files.IsComplete), Is.EqualTo((12, 2, false)));
    }

    [Test]
    public void TheJitOnlyPackage_IsRefused_AndTheNextFolderTaken()
    {
        Put("jit/lib", "libcudnn.so.9", "libcudnn_graph.so.9");
        Put("usr/lib/x86_64-linux-gnu", Cudnn);
        _environment["LZU_CUDNN_PATH"] = At("jit");
        var cudnn = Search.Find(13).Cudnn;
        Assert.That(cudnn.Found, Is.EqualTo(At("usr/lib/x86_64-linux-gnu/libcudnn.so.9")));
        Assert.That(cudnn.Tried, Has.Some.Contains("jit/lib/libcudnn.so.9 (refused: libcudnn_cnn.so.9 is not beside it"));
    }

    [Test]
    public void Places_ComeInOrder()
    {
        foreach (var folder in new[] { "ours", "theirs/lib64", "conda/lib", "home/.local/lib/python3.10/site-packages/nvidia/cu13/lib", "ld", "usr/lib/x86_64-linux-gnu", "usr/local/cuda-13.1/lib64", "usr/local/cuda-13.0/lib64", "usr/local/cuda/lib64" })
            Put(folder, "libcublasLt.so.13");
        PutWheels13("venv/lib/python3.12/site-packages");
        _environment["LZU_CUDA_LIB"] = At("ours");
        _environment["CUDA_PATH"] = At("theirs");
        _environment["VIRTUAL_ENV"] = At("venv");
        _environment["CONDA_PREFIX"] = At("conda");
        _environment["HOME"] = At("home");
        _environment["LD_LIBRARY_PATH"] = $"{At("nowhere")}:{At("ld")}";
        string[] order =
        [
            "ours", "theirs/lib64", "venv/lib/python3.12/site-packages/nvidia/cu13/lib", "home/.local/lib/python3.10/site-packages/nvidia/cu13/lib",
            "conda/lib", "ld", "usr/lib/x86_64-linux-gnu", "usr/local/cuda-13.1/lib64", "usr/local/cuda-13.0/lib64", "usr/local/cuda/lib64",
        ];
        foreach (var folder in order)
        {
            var found = Search.Find(13).CublasLt.Found;
            Assert.That(found, Is.EqualTo(At($"{folder}/libcublasLt.so.13")));
            File.Delete(found!);
        }
        var last = Search.Find(13).CublasLt;
        Assert.That(last.Found, Is.Null);
        Assert.That(order.Select(f => At($"{f}/libcublasLt.so.13")), Is.SubsetOf(last.Tried), "every place is named");
    }

    [Test]
    public void Loading_TakesFullPaths_AndAsksTheLoaderForWhatIsNowhere()
    {
        PutWheels13("venv/lib/python3.12/site-packages");
        File.Delete(At("venv/lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13"));
        _environment["VIRTUAL_ENV"] = At("venv");
        var asked = new List<string>();
        var libraries = new CudaLibraries(Search.Find(13), path =>
        {
            asked.Add(path);
            return path.EndsWith("libcublas.so.13", StringComparison.Ordinal) || path == "libnvrtc.so.13" ? 0 : asked.Count;
        });
        Assert.That(asked.Where(a => !Path.IsPathRooted(a)), Is.EqualTo(new[] { "libnvrtc.so.13" }), "found nowhere, so the loader may know it");
        Assert.That(asked, Is.Unique);
        Assert.That(libraries.Nvrtc, Is.EqualTo((nint)0));
        Assert.That(libraries.Tried.Select(Path.GetFileName), Is.EqualTo(new[] { "libcublas.so.13", "libnvrtc.so.13" }));
        Assert.That(libraries.Cudnn, Is.EqualTo((nint)asked.FindIndex(a => a.EndsWith("/libcudnn.so.9", StringComparison.Ordinal)) + 1));
        Assert.That(libraries.CublasLt, Is.EqualTo((nint)asked.FindIndex(a => a.EndsWith("/libcublasLt.so.13", StringComparison.Ordinal)) + 1));
    }

    [Test]
    public void NothingAnywhere_IsNoFault()
    {
        var files = Search.Choose(13);
        Assert.That(files.Parts, Is.Zero);
        Assert.That(LibrarySearch.LoadOrder(files), Is.Empty);
        Assert.That(files.Cudnn.Tried, Has.Some.EqualTo(At("usr/lib/x86_64-linux-gnu/libcudnn.so.9")));
        var libraries = new CudaLibraries(files, _ => 0);
        Assert.That(libraries.OpenCudnn(), Is.Null);
        Assert.That(libraries.OpenCublasLt(), Is.Null);
    }

    private static string[] Order(CudaFiles files) => [.. LibrarySearch.LoadOrder(files).Select(p => Path.GetFileName(p))];
}
