using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LzuCore.Kernels;
using LzuCore.Memory;

// Structures cross as they lie in memory, those of LzuCore included.
[assembly: DisableRuntimeMarshalling]

namespace LzuCore.Gpu.Interop;

/// <summary>The C library of <c>native/</c>: the warp's kernels over dense float32 buffers in host memory. See <c>lzu_native.h</c>.</summary>
internal static unsafe partial class LzuNative
{
    private const string Library = "lzu_native";
    private const int AbiVersion = 2;

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

    /// <summary>output = samples of input [N, C, H, W] at the product of xs [N, W_out] and ys [N, H_out], whose rows are dense and may be shared by a batch stride of 0.</summary>
    public static void SeparableSample(PaddingMode padding, TensorView input, TensorView xs, TensorView ys, TensorView output) =>
        Require("separable_sample", SeparableSample(Level(padding, input, xs, ys, output)));

    /// <summary>One of the levels that <see cref="UnzoomLevels(ReadOnlySpan{NativeLevel})"/> samples; the views outlive it.</summary>
    public static NativeLevel Level(PaddingMode padding, TensorView input, TensorView xs, TensorView ys, TensorView output) => new(
        input.Pointer<float>(), xs.Pointer<float>(), ys.Pointer<float>(), output.Pointer<float>(),
        input.Shape[0], input.Shape[1], input.Shape[2], input.Shape[3], output.Shape[2], output.Shape[3], (int)padding, (int)xs.Layout.Strides[0], (int)ys.Layout.Strides[0], 0);

    /// <summary>As <see cref="SeparableSample(PaddingMode, TensorView, TensorView, TensorView, TensorView)"/>, of up to eight levels.</summary>
    public static void UnzoomLevels(ReadOnlySpan<NativeLevel> levels)
    {
        fixed (NativeLevel* first = levels) Require("unzoom_levels", UnzoomLevels(first, levels.Length));
    }

    /// <summary>output [1, 3, H_out, W_out] = samples of pixel · scale + shift of bytes [H, W, 3]; outside is 0.</summary>
    public static void Zoom(PaddingMode padding, TensorView pixels, TensorView xs, TensorView ys, ReadOnlySpan<float> scale, ReadOnlySpan<float> shift, TensorView output) =>
        Require("zoom_u8", Zoom(
            new(pixels.Shape[0], pixels.Shape[1], output.Shape[2], output.Shape[3], (int)padding, scale[0], scale[1], scale[2], shift[0], shift[1], shift[2]),
            pixels.Pointer<byte>(), xs.Pointer<float>(), ys.Pointer<float>(), output.Pointer<float>()));

    /// <summary>saliency [N, 1, h, w] to knots [N, w + h], x first, and to tables made of them before they are rounded.</summary>
    /// <returns>False when a weight of any image is negative or not finite.</returns>
    public static bool AttractionAxes(in AttractionArgs args, TensorView saliency, TensorView knots, ReadOnlySpan<NativeAxisOutput> tables)
    {
        var shape = saliency.Shape;
        Span<int> valid = new int[shape[0]];
        fixed (NativeAxisOutput* first = tables)
        fixed (int* good = valid)
            Require("attraction_axes", AttractionAxes(
                new(args.Fwhm, shape[0], shape[2], shape[3], args.AntiCrop ? 1 : 0), saliency.Pointer<float>(), knots.Pointer<float>(), first, tables.Length, good));
        return !valid.Contains(0);
    }

    /// <summary>A table [N, count] wanted of the knots of axis 0 (x) or 1 (y); the view outlives it.</summary>
    public static NativeAxisOutput AxisOutput(in AxisTable table, int axis, bool inverse, TensorView output) =>
        new(table, output.Pointer<float>(), output.Shape[1], axis, inverse ? 1 : 0, 0);

    /// <summary>boxes [m, 4 or more], dense, to saliency [h, w].</summary>
    /// <returns>False when a coordinate is not finite.</returns>
    public static bool KernelDensity(in KernelDensityArgs args, TensorView boxes, double amplitude, double bandwidth, TensorView output)
    {
        int valid;
        Require("kernel_density", KernelDensity(
            new(args.Image.Height, args.Image.Width, amplitude, bandwidth, args.Floor, boxes.Shape[0], boxes.Shape[1], output.Shape[0], output.Shape[1]),
            boxes.Pointer<float>(), output.Pointer<float>(), &valid));
        return valid != 0;
    }

    /// <summary>output [N, H, W, 2] = the inverse of the map through nodes [N, h, w, 2]; both row-major, sizes as given.</summary>
    public static void PlaneInvert(in AxisTable x, in AxisTable y, int batch, Size2 nodes, TensorView nodeValues, Size2 entries, TensorView output) =>
        Require("plane_invert", PlaneInvert(
            new(x, y, batch, nodes.Height, nodes.Width, entries.Height, entries.Width, 0), nodeValues.Pointer<float>(), output.Pointer<float>()));

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

    [LibraryImport(Library, EntryPoint = "lzu_separable_sample_f32")]
    private static partial int SeparableSample(in NativeLevel level);

    [LibraryImport(Library, EntryPoint = "lzu_unzoom_levels_f32")]
    private static partial int UnzoomLevels(NativeLevel* levels, int count);

    [LibraryImport(Library, EntryPoint = "lzu_zoom_u8")]
    private static partial int Zoom(in NativePicture picture, byte* pixels, float* xs, float* ys, float* output);

    [LibraryImport(Library, EntryPoint = "lzu_attraction_axes_f32")]
    private static partial int AttractionAxes(in NativeAttraction args, float* saliency, float* knots, NativeAxisOutput* tables, int tableCount, int* valid);

    [LibraryImport(Library, EntryPoint = "lzu_kernel_density_f32")]
    private static partial int KernelDensity(in NativeDensity args, float* boxes, float* output, int* valid);

    [LibraryImport(Library, EntryPoint = "lzu_plane_invert_f32")]
    private static partial int PlaneInvert(in NativePlane args, float* nodes, float* output);

    [LibraryImport(Library, EntryPoint = "lzu_cuda_grid_sample_f32")]
    public static partial int CudaGridSample(in NativeGridSample args, float* input, float* grid, float* output, void* stream);

    [LibraryImport(Library, EntryPoint = "lzu_cuda_grid_sample_backward_f32")]
    public static partial int CudaGridSampleBackward(in NativeGridSample args, float* input, float* grid, float* dOutput, float* dInput, float* dGrid, void* stream);

    [LibraryImport(Library, EntryPoint = "lzu_cuda_axis_invert_f32")]
    public static partial int CudaAxisInvert(in AxisTable table, int batch, int knotCount, float* knots, int count, float* output, void* stream);

    [LibraryImport(Library, EntryPoint = "lzu_cuda_separable_sample_f32")]
    public static partial int CudaSeparableSample(in NativeLevel level, void* stream);

    [LibraryImport(Library, EntryPoint = "lzu_cuda_unzoom_levels_f32")]
    public static partial int CudaUnzoomLevels(NativeLevel* levels, int count, void* stream);

    [LibraryImport(Library, EntryPoint = "lzu_cuda_zoom_u8")]
    public static partial int CudaZoom(in NativePicture picture, byte* pixels, float* xs, float* ys, float* output, void* stream);

    [LibraryImport(Library, EntryPoint = "lzu_cuda_attraction_axes_f32")]
    public static partial int CudaAttractionAxes(
        in NativeAttraction args, float* saliency, float* knots, NativeAxisOutput* tables, int tableCount, int* valid, void* stream);

    [LibraryImport(Library, EntryPoint = "lzu_cuda_kernel_density_f32")]
    public static partial int CudaKernelDensity(in NativeDensity args, float* boxes, float* output, int* valid, void* stream);

    [LibraryImport(Library, EntryPoint = "lzu_cuda_plane_invert_f32")]
    public static partial int CudaPlaneInvert(in NativePlane args, float* nodes, float* output, void* stream);
}

/// <summary><c>lzu_grid_sample_args</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NativeGridSample(
    int Batch, int Channels, int Height, int Width, int OutHeight, int OutWidth, int Sampling, int Padding, int AlignCorners);

/// <summary><c>lzu_level</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct NativeLevel(
    float* input, float* xs, float* ys, float* output,
    int batch, int channels, int height, int width, int outHeight, int outWidth, int padding, int xsStride, int ysStride, int reserved)
{
    public readonly float* Input = input, Xs = xs, Ys = ys, Output = output;
    public readonly int Batch = batch, Channels = channels, Height = height, Width = width, OutHeight = outHeight, OutWidth = outWidth;
    public readonly int Padding = padding, XsStride = xsStride, YsStride = ysStride, Reserved = reserved;
}

/// <summary><c>lzu_picture</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NativePicture(
    int Height, int Width, int OutHeight, int OutWidth, int Padding, float Scale0, float Scale1, float Scale2, float Shift0, float Shift1, float Shift2);

/// <summary><c>lzu_attraction</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NativeAttraction(double Fwhm, int Batch, int Height, int Width, int AntiCrop);

/// <summary><c>lzu_axis_output</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct NativeAxisOutput(in AxisTable table, float* output, int count, int axis, int kind, int reserved)
{
    public readonly AxisTable Table = table;
    public readonly float* Output = output;
    public readonly int Count = count, Axis = axis, Kind = kind, Reserved = reserved;
}

/// <summary><c>lzu_density</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NativeDensity(
    double ImageHeight, double ImageWidth, double Amplitude, double Bandwidth, double Floor, int Boxes, int BoxStride, int Height, int Width);

/// <summary><c>lzu_plane</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct NativePlane(AxisTable X, AxisTable Y, int Batch, int Rows, int Columns, int OutHeight, int OutWidth, int Reserved);
