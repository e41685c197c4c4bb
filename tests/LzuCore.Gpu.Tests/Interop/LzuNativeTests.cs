using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using LzuCore.Gpu.Interop;
using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;
using PaddingMode = LzuCore.Kernels.PaddingMode;

namespace LzuCore.Gpu.Tests.Interop;

/// <summary>Every export of lzu_native equals its managed twin. Where the library is absent it is built once, if this machine has CMake and a C++ compiler; else the tests are skipped and say so.</summary>
public sealed class LzuNativeTests
{
    private string? _built;

    [OneTimeSetUp]
    public void Find()
    {
        if (LzuNative.IsAvailable) return;
        _built = Build(out var why);
        if (_built is null) Assert.Ignore($"lzu_native is absent and was not built: {why}");
        Environment.SetEnvironmentVariable("LZU_NATIVE", _built);
        Assert.That(LzuNative.IsAvailable, "the library was built but does not load");
    }

    [Test]
    public void GridSample_EqualsTheManagedKernel([Values] SamplingMode mode, [Values] PaddingMode padding, [Values] bool alignCorners)
    {
        var random = RandomSource.FromSeed(4);
        var args = new GridSampleArgs(mode, padding, alignCorners);
        Tensor input = Tensor.Uniform([2, 5, 6, 7], random, -1, 1).WithGrad(), upstream = Tensor.Uniform([2, 5, 3, 4], RandomSource.FromSeed(5), -1, 1);
        var points = Tensor.Uniform([2 * 3 * 4 * 2], RandomSource.FromSeed(6), -1.6, 1.6);
        var grid = points.Reshape(2, 3, 4, 2).WithGrad();
        var expected = F.GridSample(input, grid, mode, padding, alignCorners);
        var gradients = Gradients.Of(expected, upstream);

        Tensor output = Tensor.Empty(expected.Shape, input), dInput = Tensor.Empty(input.Shape, input), dGrid = Tensor.Zeros([2 * 3 * 4 * 2]);
        LzuNative.GridSample(args, input.View, points.View, output.View);
        LzuNative.GridSampleBackward(args, input.View, points.View, upstream.View, dInput.View, dGrid.View);
        Assert.That(AssertClose.Compare(output, expected), Is.Null);
        Assert.That(AssertClose.Compare(dInput, gradients[input]), Is.Null);
        Assert.That(AssertClose.Compare(dGrid.Reshape(2, 3, 4, 2), gradients[grid], 1e-4), Is.Null);
    }

    [Test]
    public void AxisInvert_EqualsTheManagedKernel()
    {
        var knots = Tensor.From([-1f, -0.6f, -0.5f, -0.5f, 0.3f, 0.9999998f, -0.8f, -0.2f, 0, 0.1f, 0.6f, 0.7f], [2, 6]);
        var table = new AxisTable(1, 0.5, 30, 7, 0.25, 2, -1, -5);
        Tensor expected = Tensor.Empty([2, 40]), got = Tensor.Empty([2, 40]);
        BackendRegistry.Get(Device.Cpu).Kernel<IAxisWarpKernel>().Invert(table, knots.View, expected.View);
        LzuNative.AxisInvert(table, knots.View, got.View);
        Assert.That(AssertClose.Compare(got, expected, 1e-6), Is.Null);
    }

    [Test]
    public void BadArguments_AreRefused()
    {
        var one = Tensor.Ones([1, 1]);
        Assert.That(() => LzuNative.AxisInvert(default, one.View, one.View), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("axis_invert refused"));
    }

    [Test]
    public void OwnTests_Pass()
    {
        if (_built is null) Assert.Ignore("the library was found, not built here: run ctest where it was built");
        var (code, output) = Run(Path.Combine(_built!, "lzu_native_tests"), "");
        Assert.That(code, Is.Zero, output);
    }

    // Into a temporary folder named after the sources' hash, so that a second run finds it.
    private static string? Build(out string why)
    {
        why = "native/ is not beside the tests";
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "native", "CMakeLists.txt"))) root = root.Parent;
        if (root is null) return null;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(root.FullName, "native"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            if (Path.GetExtension(file) is ".cpp" or ".h" or ".cu" or ".txt") hash.AppendData(File.ReadAllBytes(file));
        var folder = Path.Combine(Path.GetTempPath(), $"lzu_native-{Convert.ToHexStringLower(hash.GetHashAndReset())[..16]}");
        if (File.Exists(Path.Combine(folder, "built"))) return folder;
        var (configured, log) = Run("cmake", $"-S \"{root.FullName}\" -B \"{folder}\" -DCMAKE_BUILD_TYPE=Release -DLZU_CUDA=OFF");
        why = "cmake or a C++ compiler is missing";
        if (configured != 0) return null;
        (var compiled, log) = Run("cmake", $"--build \"{folder}\"");
        Assert.That(compiled, Is.Zero, log);
        File.WriteAllText(Path.Combine(folder, "built"), "");
        return folder;
    }

    private static (int Code, string Output) Run(string program, string arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output + errors.Result);
        }
        catch (Win32Exception)
        {
            return (-1, $"{program} is not installed");
        }
    }
}
