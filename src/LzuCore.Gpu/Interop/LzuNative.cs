using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LzuCore.Kernels;
using LzuCore.Memory;

// Structures cross as they lie in memory, those of LzuCore included.
[assembly: DisableRuntimeMarshalling]

namespace LzuCore.Gpu.Interop;

/// <summary>The C library of <c>native/</c>: grid_sample and the separable inverse over dense float32 buffers in host memory. See <c>lzu_native.h</c>.</summary>
internal static unsafe partial class LzuNative
{
    private const string Library = "lzu_native";
    private const int AbiVersion = 1;

    // Runs before the first import of this class.
    static LzuNative() => NativeLibrary.SetDllImportResolver(typeof(LzuNative).Assembly, static (name, _, _) => name == Library ? NativeLibraryFinder.LzuNative() : 0);

    /// <summary>Whether the library is there and speaks this version.</summary>
    public static bool IsAvailable => NativeLibraryFinder.LzuNative() != 0 && Version() == AbiVersion;

    /// <summary>Whether it was built with CUDA.</summary>
    public static bool HasCuda => HasCudaKernels() != 0;

    /// <summary>output = samples of input [N, C, H, W] at grid [N, H_out, W_out, 2]. The grid is row-major, the others channels-last.</summary>
    public static void GridSample(in GridSampleArgs args, TensorView input, TensorView grid, TensorView output) =>
        Require("grid_sample", GridSample(Shapes(args, input, output), input.Pointer<float>(), grid.Pointer<float>(), output.Pointer<float>()));

    /// <summary>The gradients that are wanted; both overwrite.</summary>
    public static void GridSampleBackward(in GridSampleArgs args, TensorView input, TensorView grid, TensorView dOutput, TensorView? dInput, TensorView? dGrid) =>
        Require("grid_sample_backward", GridSampleBackward(Shapes(args, input, dOutput), input.Pointer<float>(), grid.Pointer<float>(), dOutput.Pointer<float>(),
            dInput is { } di ? di.Pointer<float>() : null, dGrid is { } dg ? dg.Pointer<float>() : null));

    /// <summary>output [N, count] = the inverse of the map through knots [N, n] at a table's entries; both row-major.</summary>
    public static void AxisInvert(in AxisTable table, TensorView knots, TensorView output) =>
        Require("axis_invert", AxisInvert(table, knots.Shape[0], knots.Shape[1], knots.Pointer<float>(), output.Shape[1], output.Pointer<float>()));

    private static NativeGridSample Shapes(in GridSampleArgs args, TensorView input, TensorView output) => new(
        input.Shape[0], input.Shape[1], input.Shape[2], input.Shape[3], output.Shape[2], output.Shape[3], (int)args.Mode, (int)args.Padding, args.AlignCorners ? 1 : 0);

    private static void Require(string function, int status) => Check.That(status == 0, $"lzu_native {function} refused its arguments (status {status}).");

    [LibraryImport(Library, EntryPoint = "lzu_abi_version")]
    private static partial int Version();

    [LibraryImport(Library, EntryPoint = "lzu_has_cuda")]
    private static partial int HasCudaKernels();

    [LibraryImport(Library, EntryPoint = "lzu_grid_sample_f32")]
    private static partial int GridSample(in NativeGridSample args, float* input, float* grid, float* output);

    [LibraryImport(Library, EntryPoint = "lzu_grid_sample_backward_f32")]
    private static partial int GridSampleBackward(in NativeGridSample args, float* input, float* grid, float* dOutput, float* dInput, float* dGrid);

    [LibraryImport(Library, EntryPoint = "lzu_axis_invert_f32")]
    private static partial int AxisInvert(in AxisTable table, int batch, int knotCount, float* knots, int count, float* output);

    [LibraryImport(Library, EntryPoint = "lzu_cuda_grid_sample_f32")]
    public static partial int CudaGridSample(in NativeGridSample args, float* input, float* grid, float* output, void* stream);

    [LibraryImport(Library, EntryPoint = "lzu_cuda_grid_sample_backward_f32")]
    public static partial int CudaGridSampleBackward(in NativeGridSample args, float* input, float* grid, float* dOutput, float* dInput, float* dGrid, void* stream);

    [LibraryImport(Library, EntryPoint = "lzu_cuda_axis_invert_f32")]
    public static partial int CudaAxisInvert(in AxisTable table, int batch, int knotCount, float* knots, int count, float* output, void* stream);
}

/// <summary><c>lzu_grid_sample_args</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NativeGridSample(
    int Batch, int Channels, int Height, int Width, int OutHeight, int OutWidth, int Sampling, int Padding, int AlignCorners);
