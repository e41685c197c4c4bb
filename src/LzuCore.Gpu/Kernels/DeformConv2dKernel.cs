using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Deformable convolutions as matrix products over sampled columns, which lie in scratch memory as [pixel][group][tap][channel of the group]; a few pixels at a time where all
// would take too much.
// Forward:   one thread per column value, or four neighbouring channels; then columns · weightᵀ, with the epilogue.
// Backward:  to the weight, dOutputᵀ · columns, sampled again. For the rest dOutput · weight gives the columns' gradient:
//            offsets and masks  one thread per (pixel, deform group, tap), a loop over channels
//            input              a scatter without atomics: a thread owns the rows of a band, of one image and one channel, and takes all pixels and taps in order
// columnValues bounds the scratch: 128 MiB of float32.
internal sealed class DeformConv2dKernel(Launcher launcher, Backend backend, long columnValues = 1L << 25) : IDeformConv2dKernel
{
    // Threads wanted for the scatter: enough to fill a large GPU, or a little more than the host has.
    private const int DeviceThreads = 1 << 17;

    public void Forward(in DeformConv2dArgs args, TensorView input, TensorView weight, TensorView offset, TensorView? mask, in Epilogue epilogue, TensorView output)
    {
        if (output.Count == 0) return;
        if (output.DType == DType.Float64) Forward<double, DoubleReal>(args, input, weight, offset, mask, epilogue, output);
        else Forward<float, SingleReal>(args, input, weight, offset, mask, epilogue, output);
    }

    public void Backward(in DeformConv2dArgs args, TensorView input, TensorView weight, TensorView offset, TensorView? mask, TensorView dOutput,
        TensorView? dInput, TensorView? dWeight, TensorView? dOffset, TensorView? dMask)
    {
        if (input.DType == DType.Float64) Backward<double, DoubleReal>(args, input, weight, offset, mask, dOutput, dInput, dWeight, dOffset, dMask);
        else Backward<float, SingleReal>(args, input, weight, offset, mask, dOutput, dInput, dWeight, dOffset, dMask);
    }

    private void Forward<T, TReal>(in DeformConv2dArgs args, TensorView input, TensorView weight, TensorView offset, TensorView? mask, in Epilogue epilogue, TensorView output)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        var g = new ConvShape(args.Conv, input.Shape, weight.Shape, output.Shape);
        int depth = g.Taps * g.InPerGroup, all = g.Taps * g.InChannels, pixels = checked(g.Batch * g.OutHeight * g.OutWidth), some = Some(pixels, all);
        using var columns = new Scratch(backend, output.DType, (long)some * all);
        for (var first = 0; first < pixels; first += some)
        {
            var count = Math.Min(some, pixels - first);
            Columns<T, TReal>(args, g, input, offset, mask, first, count, columns);
            Product<T>(Matrices(columns.View, g.Groups, count, depth, depth, all, 1), Matrices(weight, g.Groups, depth, g.OutPerGroup, (long)g.OutPerGroup * depth, 1, depth),
                epilogue with { Residual = epilogue.Residual is { } residual ? Matrices(residual, 1, count, g.OutChannels, 0, g.OutChannels, 1, (long)first * g.OutChannels) : null },
                Matrices(output, g.Groups, count, g.OutPerGroup, g.OutPerGroup, g.OutChannels, 1, (long)first * g.OutChannels));
        }
    }

    private void Backward<T, TReal>(in DeformConv2dArgs args, TensorView input, TensorView weight, TensorView offset, TensorView? mask, TensorView dOutput,
        TensorView? dInput, TensorView? dWeight, TensorView? dOffset, TensorView? dMask)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        var g = new ConvShape(args.Conv, input.Shape, weight.Shape, dOutput.Shape);
        int depth = g.Taps * g.InPerGroup, all = g.Taps * g.InChannels, pixels = checked(g.Batch * g.OutHeight * g.OutWidth), some = Some(pixels, all);
        var isEmpty = pixels == 0 || all == 0;
        foreach (var gradient in isEmpty ? [dInput, dWeight, dOffset, dMask] : (TensorView?[])[dInput])
            if (gradient is { } zeros) backend.Kernel<ICopyKernel>().Fill(0, zeros);
        if (isEmpty) return;
        using var columns = new Scratch(backend, input.DType, (long)some * all);
        var gradients = columns.Elements<T>();
        for (var first = 0; first < pixels; first += some)
        {
            var count = Math.Min(some, pixels - first);
            var start = (long)first * g.OutChannels;
            if (dWeight is { } dw)
            {
                Columns<T, TReal>(args, g, input, offset, mask, first, count, columns);
                Product<T>(Matrices(dOutput, g.Groups, g.OutPerGroup, count, g.OutPerGroup, 1, g.OutChannels, start), Matrices(columns.View, g.Groups, count, depth, depth, all, 1),
                    default, Matrices(dw, g.Groups, g.OutPerGroup, depth, (long)g.OutPerGroup * depth, depth, 1), add: first > 0);
            }
            if (dInput is null && dOffset is null && dMask is null) continue;
            Product<T>(Matrices(dOutput, g.Groups, count, g.OutPerGroup, g.OutPerGroup, g.OutChannels, 1, start), Matrices(weight, g.Groups, g.OutPerGroup, depth, (long)g.OutPerGroup * depth, depth, 1),
                default, Matrices(columns.View, g.Groups, count, depth, depth, all, 1));
            var points = new DeformPoints<T, TReal>(args, g, offset, mask, first);
            if (dOffset is not null || dMask is not null)
                launcher.Launch((long)count * args.DeformGroups * g.Taps, new FieldGradientBody<T, TReal>(points, input.Dense<T>(), gradients, new(dOffset), new(dMask)), grain: 64);
            if (dInput is { Count: > 0 } dx)
            {
                var lanes = (long)g.Batch * g.InChannels;
                var threads = launcher.OnHost ? 2 * ParallelRows.Threads : DeviceThreads;
                var bands = (int)Math.Clamp(threads / lanes, 1, g.Height);
                launcher.Launch(lanes * bands, new InputGradientBody<T, TReal>(points, bands, count, gradients, dx.Dense<T>()), grain: 1);
            }
        }
    }

    private void Columns<T, TReal>(in DeformConv2dArgs args, ConvShape g, TensorView input, TensorView offset, TensorView? mask, int first, int count, Scratch columns)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        var points = new DeformPoints<T, TReal>(args, g, offset, mask, first);
        var values = columns.Elements<T>();
        if (g.InPerGroup % 4 == 0 && g.InChannels / args.DeformGroups % 4 == 0 && input.Layout.Offset % 4 == 0)
            launcher.Launch((long)count * g.Taps * g.InChannels / 4, new ColumnsBody<T, TReal, Quad<T>, Four<T>>(points, 4, input.Fours<T>(), values.Cast<Quad<T>>()));
        else launcher.Launch((long)count * g.Taps * g.InChannels, new ColumnsBody<T, TReal, T, One<T>>(points, 1, input.Dense<T>(), values));
    }

    // output (+)= epilogue(a · b), batch entries being groups of channels: views [group, row, column]. One group is a plain product, which a library may serve.
    private void Product<T>(TensorView a, TensorView b, in Epilogue epilogue, TensorView output, bool add = false) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (a.Shape[0] == 1 && !add)
        {
            backend.Kernel<IGemmKernel>().Forward(default, a, b, epilogue, output);
            return;
        }
        var shape = new ProductShape(a.Shape[0], a.Shape[1], b.Shape[2], a.Shape[2]);
        var strides = output.Layout.Strides;
        // All groups' results, each element of which is read and written by one thread.
        var rows = output.With(new Layout([checked((int)(strides[0] * (shape.Batch - 1) + strides[1] * (shape.M - 1) + shape.N))], [1], output.Layout.Offset));
        launcher.LaunchGroups<TileProduct<T, GemmKernel.StridedRows<T>, GemmKernel.StridedRows<T>, RowsResult<T, T, Plain<T>>>, Quad<T>, TileProduct<T, GemmKernel.StridedRows<T>, GemmKernel.StridedRows<T>, RowsResult<T, T, Plain<T>>>.Lane>(shape.Groups,
            new(shape, new(a, row: 1, term: 2), new(b, row: 2, term: 1), new(strides[1], strides[0], shape.N, shape.N, add ? new Epilogue(Residual: rows) : epilogue, rows)));
    }

    private int Some(int pixels, int values) => (int)Math.Clamp(columnValues / Math.Max(1, values), 1, Math.Max(1, pixels));

    private static TensorView Matrices(TensorView view, int groups, int rows, int columns, long group, long row, long column, long start = 0) =>
        view.With(new Layout([groups, rows, columns], [group, row, column], view.Layout.Offset + start));

    /// <summary>What taps read, times the mask; c runs over the lanes of a group.</summary>
    internal readonly struct ColumnsBody<T, TReal, V, TLane>(DeformPoints<T, TReal> points, int width, ArrayView<V> x, ArrayView<V> columns) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where V : unmanaged where TLane : struct, ILane<T, V>
    {
        private readonly int _lanes = points.Conv.InPerGroup / width, _channels = points.Conv.InChannels / width, _shared = points.ChannelsPerDeformGroup / width;

        public void Run(int index)
        {
            var rest = index / _lanes;
            var c = index - rest * _lanes;
            var row = rest / points.Conv.Taps;
            var pixel = row / points.Conv.Groups;
            c += (row - pixel * points.Conv.Groups) * _lanes;
            var p = points.At(pixel, c / _shared, rest - row * points.Conv.Taps);
            var value = TLane.Zero;
            if (p.Inside != 0)
            {
                var at = p.Image / width + ((long)p.Y * points.Conv.Width + p.X) * _channels + c;
                var below = at + (long)points.Conv.Width * _channels;
                bool left = p.X >= 0, right = p.X + 1 < points.Conv.Width, above = p.Y >= 0, under = p.Y + 1 < points.Conv.Height;
                T ux = T.One - p.Tx, uy = T.One - p.Ty;
                if (left && above) value = TLane.AddScaled(value, x[at], ux * uy);
                if (right && above) value = TLane.AddScaled(value, x[at + _channels], p.Tx * uy);
                if (left && under) value = TLane.AddScaled(value, x[below], ux * p.Ty);
                if (right && under) value = TLane.AddScaled(value, x[below + _channels], p.Tx * p.Ty);
            }
            columns[index] = TLane.Scale(value, p.Mask);
        }
    }

    /// <summary>The gradients of one tap's offset and mask at one pixel, over the channels of a deform group.</summary>
    internal readonly struct FieldGradientBody<T, TReal>(DeformPoints<T, TReal> points, ArrayView<T> x, ArrayView<T> dColumns, DeformField<T> dOffset, DeformField<T> dMask) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var g = points.Conv;
            var rest = index / g.Taps;
            var tap = index - rest * g.Taps;
            var pixel = rest / points.DeformGroups;
            var group = rest - pixel * points.DeformGroups;
            var p = points.At(pixel, group, tap);
            T sa = T.Zero, sb = T.Zero, sc = T.Zero, sd = T.Zero;
            if (p.Inside != 0)
            {
                var channel = group * points.ChannelsPerDeformGroup;
                var at = p.Image + ((long)p.Y * g.Width + p.X) * g.InChannels + channel;
                var below = at + (long)g.Width * g.InChannels;
                bool left = p.X >= 0, right = p.X + 1 < g.Width, above = p.Y >= 0, under = p.Y + 1 < g.Height;
                var part = channel / g.InPerGroup;
                channel -= part * g.InPerGroup;
                var from = (((long)pixel * g.Groups + part) * g.Taps + tap) * g.InPerGroup + channel;
                for (var k = 0; k < points.ChannelsPerDeformGroup; k++)
                {
                    var v = dColumns[from];
                    if (left && above) sa += v * x[at + k];
                    if (right && above) sb += v * x[at + g.InChannels + k];
                    if (left && under) sc += v * x[below + k];
                    if (right && under) sd += v * x[below + g.InChannels + k];
                    from++;
                    if (++channel < g.InPerGroup) continue;
                    channel = 0;
                    from += (long)(g.Taps - 1) * g.InPerGroup;
                }
            }
            var n = (points.First + pixel) / points.PixelsPerImage;
            var inImage = points.First + pixel - n * points.PixelsPerImage;
            int row = inImage / g.OutWidth, column = inImage - row * g.OutWidth, to = group * g.Taps + tap;
            T ux = T.One - p.Tx, uy = T.One - p.Ty;
            if (dOffset.Exists != 0)
            {
                dOffset.Set(n, 2 * to, row, column, p.Mask * ((sc - sa) * ux + (sd - sb) * p.Tx));
                dOffset.Set(n, 2 * to + 1, row, column, p.Mask * ((sb - sa) * uy + (sd - sc) * p.Ty));
            }
            if (dMask.Exists != 0) dMask.Set(n, to, row, column, ux * uy * sa + p.Tx * uy * sb + ux * p.Ty * sc + p.Tx * p.Ty * sd);
        }
    }

    /// <summary>The input's gradient in one band of rows of one channel of one image; added to what is there.</summary>
    internal readonly struct InputGradientBody<T, TReal>(DeformPoints<T, TReal> points, int bands, int count, ArrayView<T> dColumns, ArrayView<T> dx) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            // Channel fastest: a warp follows the same places and reads neighbouring channels.
            var g = points.Conv;
            var unit = index / g.InChannels;
            var c = index - unit * g.InChannels;
            var n = unit / bands;
            var band = unit - n * bands;
            int top = (int)((long)g.Height * band / bands), bottom = (int)((long)g.Height * (band + 1) / bands);
            int group = c / points.ChannelsPerDeformGroup, part = c / g.InPerGroup;
            int first = n * points.PixelsPerImage - points.First, end = first + points.PixelsPerImage;
            if (first < 0) first = 0;
            if (end > count) end = count;
            var row = (long)g.Width * g.InChannels;
            for (var pixel = first; pixel < end; pixel++)
                for (var tap = 0; tap < g.Taps; tap++)
                {
                    var p = points.At(pixel, group, tap);
                    if (p.Inside == 0 || p.Y >= bottom || p.Y + 1 < top) continue;
                    var v = p.Mask * dColumns[(((long)pixel * g.Groups + part) * g.Taps + tap) * g.InPerGroup + (c - part * g.InPerGroup)];
                    var at = p.Image + p.Y * row + (long)p.X * g.InChannels + c;
                    bool left = p.X >= 0, right = p.X + 1 < g.Width;
                    T ux = T.One - p.Tx, uy = T.One - p.Ty;
                    if (p.Y >= top)
                    {
                        if (left) dx[at] += ux * uy * v;
                        if (right) dx[at + g.InChannels] += p.Tx * uy * v;
                    }
                    if (p.Y + 1 < bottom)
                    {
                        if (left) dx[at + row] += ux * p.Ty * v;
                        if (right) dx[at + row + g.InChannels] += p.Tx * p.Ty * v;
                    }
                }
        }
    }
}
