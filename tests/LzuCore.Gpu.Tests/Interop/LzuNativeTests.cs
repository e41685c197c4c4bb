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
    public void SeparableSample_EqualsTheManagedKernel([Values(PaddingMode.Zeros, PaddingMode.Border)] PaddingMode padding, [Values(3, 16, 18)] int channels)
    {
        Tensor input = Tensor.Uniform([2, channels, 6, 7], RandomSource.FromSeed(7), -1, 1), output = Tensor.Empty([2, channels, 4, 9], input), expected = Tensor.Empty(output.Shape, input);
        var (xs, ys) = (Coordinates([2, 9], 8, 7), Coordinates([1, 4], 9, 6).Expand(2, -1));
        Managed<ISeparableSampleKernel>().Forward(padding, input.View, xs.View, ys.View, expected.View);
        LzuNative.SeparableSample(padding, input.View, xs.View, ys.View, output.View);
        Assert.That(AssertClose.Compare(output, expected), Is.Null);
    }

    [Test]
    public void UnzoomLevels_EqualsTheManagedKernelLevelByLevel()
    {
        Tensor[] inputs = [.. Enumerable.Range(0, 5).Select(i => Tensor.Uniform([2, i == 2 ? 6 : 8, 3 + 2 * i, 2 + 3 * i], RandomSource.FromSeed((ulong)i), -1, 1))];
        Tensor[] outputs = [.. inputs.Select(i => Tensor.Empty(i.Shape, i))], expected = [.. inputs.Select(i => Tensor.Empty(i.Shape, i))];
        var levels = new NativeLevel[inputs.Length];
        for (var i = 0; i < levels.Length; i++)
        {
            int h = inputs[i].Shape[2], w = inputs[i].Shape[3];
            var (xs, ys) = (Coordinates([2, w], 20 + (ulong)i, w).Persist(), Coordinates([2, h], 30 + (ulong)i, h).Persist());
            Managed<ISeparableSampleKernel>().Forward(PaddingMode.Zeros, inputs[i].View, xs.View, ys.View, expected[i].View);
            levels[i] = LzuNative.Level(PaddingMode.Zeros, inputs[i].View, xs.View, ys.View, outputs[i].View);
        }
        LzuNative.UnzoomLevels(levels);
        for (var i = 0; i < levels.Length; i++) Assert.That(AssertClose.Compare(outputs[i], expected[i]), Is.Null);
    }

    [Test]
    public void Zoom_OfBytes_EqualsTheManagedKernel([Values(PaddingMode.Zeros, PaddingMode.Border)] PaddingMode padding)
    {
        var pixels = Tensor.Uniform([13, 17, 3], RandomSource.FromSeed(11), 0, 256).To(DType.UInt8);
        var (xs, ys) = (Coordinates([1, 12], 12, 17), Coordinates([1, 9], 13, 13));
        Tensor output = Tensor.Empty([1, 3, 9, 12]), expected = Tensor.Empty([1, 3, 9, 12]);
        float[] scale = [0.02f, 0.018f, 0.017f], shift = [-2, -1.8f, -1.7f];
        Managed<ISeparableSampleKernel>().ForwardFromBytes(padding, pixels.View, xs.View, ys.View, scale, shift, expected.View);
        LzuNative.Zoom(padding, pixels.View, xs.View, ys.View, scale, shift, output.View);
        Assert.That(AssertClose.Compare(output, expected), Is.Null);
    }

    [Test]
    public void AttractionAxes_EqualsTheManagedKernels([Values] bool antiCrop, [Values(0.5, 4, 13)] double fwhm)
    {
        const int h = 9, w = 14;
        var args = new AttractionArgs(fwhm, antiCrop);
        var weights = Tensor.Uniform([2 * h * w], RandomSource.FromSeed(15), 0, 1).Reshape(2, 1, h, w);
        // One spike and nothing else in the second image: windows without mass.
        var saliency = Tensor.Generate([2, 1, h, w], i => i < h * w ? 0.05 + 0.1 * (i % 7) : i == h * w + 3 * w + 4 ? 1 : 0);
        foreach (var map in (Tensor[])[weights, saliency])
        {
            Tensor knots = Tensor.Empty([2, w + h]), precise = Tensor.Empty([2, w + h], DType.Float64);
            AxisTable forward = new(1, 0, 29, 99, 0, 1, 0, -2), inverse = new(8, 3.5, 79, 79 / 8.0, -3.5 / 8, 1, 0, -2);
            Tensor xs = Tensor.Empty([2, 30]), ys = Tensor.Empty([2, 30]), x = Tensor.Empty([2, 12]), y = Tensor.Empty([2, 12]);
            Assert.That(Managed<IAttractionKernel>().ForwardSeparable(args, map.View, precise.View));
            Assert.That(LzuNative.AttractionAxes(args, map.View, knots.View,
            [
                LzuNative.AxisOutput(forward, 0, false, xs.View), LzuNative.AxisOutput(forward, 1, false, ys.View),
                LzuNative.AxisOutput(inverse, 0, true, x.View), LzuNative.AxisOutput(inverse, 1, true, y.View),
            ]));
            Assert.That(AssertClose.Compare(knots, precise.To(DType.Float32), 1e-6), Is.Null);
            var (knotsX, knotsY) = (precise.Narrow(1, 0, w), precise.Narrow(1, w, h));
            Assert.That(AssertClose.Compare(xs, Table(forward, knotsX, 30, inverse: false), 1e-6), Is.Null);
            Assert.That(AssertClose.Compare(ys, Table(forward, knotsY, 30, inverse: false), 1e-6), Is.Null);
            Assert.That(AssertClose.Compare(x, Table(inverse, knotsX, 12, inverse: true), 1e-6), Is.Null);
            Assert.That(AssertClose.Compare(y, Table(inverse, knotsY, 12, inverse: true), 1e-6), Is.Null);
        }
    }

    [Test]
    public void AttractionAxes_TellsBadWeights([Values(-1, float.NaN, float.PositiveInfinity)] float bad)
    {
        var saliency = Tensor.Generate([1, 1, 4, 4], i => i == 5 ? bad : 1);
        var knots = Tensor.Empty([1, 8]);
        Assert.That(LzuNative.AttractionAxes(new AttractionArgs(3, true), saliency.View, knots.View, []), Is.False);
    }

    [Test]
    public void KernelDensity_EqualsTheManagedKernel([Values(0, 1, 40)] int count, [Values(0, 1.0 / 3721)] double floor)
    {
        var args = new KernelDensityArgs(new Size2(600, 960), floor);
        // Corners of any order: some boxes are inverted, some lie outside.
        var boxes = Tensor.Uniform([count, 5], RandomSource.FromSeed(17), -200, 1100);
        Tensor map = Tensor.Empty([31, 51]), expected = Tensor.Empty([31, 51]), amplitude = Tensor.From([0.8f], [1]), bandwidth = Tensor.From([32f], [1]);
        Assert.That(Managed<IKernelDensityKernel>().Forward(args, boxes.View, amplitude.View, bandwidth.View, expected.View));
        Assert.That(LzuNative.KernelDensity(args, boxes.View, 0.8f, 32, map.View));
        // Of a map that sums to 1 the largest value is a few hundredths, so an absolute tolerance would say little.
        Assert.That(AssertClose.Compare(map * 1000, expected * 1000, 1e-5), Is.Null);
    }

    [Test]
    public void KernelDensity_TellsInfiniteBoxes()
    {
        Tensor boxes = Tensor.From([0, 0, float.PositiveInfinity, 5], [1, 4]), map = Tensor.Empty([3, 3]);
        Assert.That(LzuNative.KernelDensity(new KernelDensityArgs(new Size2(10, 10), 0.1), boxes.View, 1, 8, map.View), Is.False);
    }

    [Test]
    public void PlaneInvert_EqualsTheManagedKernel([Values(0.2, 0.6)] double waves)
    {
        // At 0.6 the map folds: tiles of both orientations cover entries, and the first wins.
        const int rows = 6, columns = 8, h = 23, w = 31;
        var values = Tensor.Generate([2 * rows * columns * 2], i =>
        {
            var (node, axis) = (i / 2 % (rows * columns), i % 2);
            double u = 2.0 * (node % columns) / (columns - 1) - 1, v = 2.0 * (node / columns) / (rows - 1) - 1, at = i < rows * columns * 2 ? 2 : 3;
            return (float)(axis == 0 ? u + waves * Math.Sin(at * v + u) : 0.9 * v + waves * Math.Cos(at * u));
        });
        AxisTable x = new(1, 0, w - 1, w - 1, 0, 1, 0, -2), y = new(4, 1.5, 85, 85 / 4.0, -1.5 / 4, 1, 0, -2);
        Tensor expected = Tensor.Zeros([2 * h * w * 2]), got = Tensor.Zeros([2 * h * w * 2]);
        var grid = Tensor.Empty([2, h, w, 2]);
        Managed<IPlaneWarpKernel>().Invert(x, y, values.Reshape(2, rows, columns, 2).View, grid.View);
        LzuNative.PlaneInvert(x, y, 2, new Size2(rows, columns), values.View, new Size2(h, w), got.View);
        Assert.That(AssertClose.Compare(got.Reshape(2, h, w, 2), grid, 1e-5), Is.Null);
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

    private static T Managed<T>() where T : class, IKernel => BackendRegistry.Get(Device.Cpu).Kernel<T>();

    // Pixel coordinates from one and a half before the first pixel to as far behind the last.
    private static Tensor Coordinates(Shape shape, ulong seed, int size) => Tensor.Uniform(shape, RandomSource.FromSeed(seed), -1.5, size + 0.5);

    private static Tensor Table(in AxisTable table, Tensor knots, int count, bool inverse)
    {
        var output = Tensor.Empty([knots.Shape[0], count]);
        if (inverse) Managed<IAxisWarpKernel>().Invert(table, knots.View, output.View);
        else Managed<IAxisWarpKernel>().Evaluate(table, knots.View, output.View);
        return output;
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
