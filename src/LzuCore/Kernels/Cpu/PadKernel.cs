using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Padding as a table per axis: which input index an output index copies (-1: the number). Tensors are seen as [images, rows, columns, channels], channels contiguous: rank 4
// lies that way, other ranks have one channel. Backward gathers: an input row adds the output rows that copied it, in order.
internal sealed unsafe class PadKernel : IPadKernel
{
    public void Forward(in PadArgs args, TensorView input, TensorView output)
    {
        if (output.Count == 0) return;
        if (input.DType == DType.Float64) Forward<double>(args, input, output);
        else Forward<float>(args, input, output);
    }

    public void Backward(in PadArgs args, TensorView dOutput, TensorView dInput)
    {
        if (dInput.Count == 0) return;
        if (dInput.DType == DType.Float64) Backward<double>(args, dOutput, dInput);
        else Backward<float>(args, dOutput, dInput);
    }

    private static void Forward<T>(PadArgs args, TensorView input, TensorView output) where T : unmanaged, INumberBase<T>
    {
        var (images, inH, inW, c) = Sizes(input.Shape);
        var (_, h, w, _) = Sizes(output.Shape);
        int[] rows = Source(args.Mode, inH, args.Top, h), columns = Source(args.Mode, inW, args.Left, w);
        T* x = input.Pointer<T>(), y = output.Pointer<T>();
        var value = T.CreateTruncating(args.Value);
        ParallelRows.For(checked(images * h), (int)Math.Max(1, 16384L / ((long)w * c)), (begin, end) =>
        {
            for (var row = begin; row < end; row++)
            {
                var (n, i) = Math.DivRem(row, h);
                var to = y + (long)row * w * c;
                if (rows[i] < 0)
                {
                    new Span<T>(to, w * c).Fill(value);
                    continue;
                }
                var from = x + ((long)n * inH + rows[i]) * inW * c;
                for (var j = 0; j < args.Left; j++) Pixel(columns[j], to + (long)j * c);
                new ReadOnlySpan<T>(from, inW * c).CopyTo(new Span<T>(to + (long)args.Left * c, inW * c));
                for (var j = args.Left + inW; j < w; j++) Pixel(columns[j], to + (long)j * c);

                void Pixel(int source, T* at)
                {
                    if (source < 0) new Span<T>(at, c).Fill(value);
                    else new ReadOnlySpan<T>(from + (long)source * c, c).CopyTo(new Span<T>(at, c));
                }
            }
        });
    }

    private static void Backward<T>(PadArgs args, TensorView dOutput, TensorView dInput) where T : unmanaged, INumberBase<T>
    {
        var (images, inH, inW, c) = Sizes(dInput.Shape);
        var (_, h, w, _) = Sizes(dOutput.Shape);
        int[] rows = Source(args.Mode, inH, args.Top, h), columns = Source(args.Mode, inW, args.Left, w);
        int[][] copies = [.. Enumerable.Range(0, inH).Select(r => Enumerable.Range(0, h).Where(i => rows[i] == r).ToArray())];
        T* dy = dOutput.Pointer<T>(), dx = dInput.Pointer<T>();
        ParallelRows.For(checked(images * inH), (int)Math.Max(1, 16384L / ((long)inW * c)), (begin, end) =>
        {
            for (var row = begin; row < end; row++)
            {
                var (n, r) = Math.DivRem(row, inH);
                var to = dx + (long)row * inW * c;
                new Span<T>(to, inW * c).Clear();
                foreach (var i in copies[r])
                {
                    var from = dy + ((long)n * h + i) * w * c;
                    for (var j = 0; j < w; j++)
                        if (columns[j] >= 0)
                            ChannelVectors.AddScaled(SimdWidth.Portable, to + (long)columns[j] * c, from + (long)j * c, T.One, c);
                }
            }
        });
    }

    private static int[] Source(PadMode mode, int size, int before, int count)
    {
        var source = new int[count];
        for (var i = 0; i < count; i++)
        {
            var at = i - before;
            source[i] = mode switch
            {
                _ when at >= 0 && at < size => at,
                PadMode.Constant => -1,
                PadMode.Reflect => at < 0 ? -at : 2 * (size - 1) - at,
                _ => at < 0 ? 0 : size - 1,
            };
        }
        return source;
    }

    private static (int Images, int Rows, int Columns, int Channels) Sizes(Shape shape)
    {
        if (shape.Rank == 4) return (shape[0], shape[2], shape[3], shape[1]);
        int columns = shape[shape.Rank - 1], rows = shape.Rank > 1 ? shape[shape.Rank - 2] : 1, images = 1;
        for (var i = 0; i < shape.Rank - 2; i++) images = checked(images * shape[i]);
        return (images, rows, columns, 1);
    }
}
