using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Resizing of channels-last images: both axes are tables (two neighbours and a fraction per output index), then one blend of four channel vectors a pixel.
// Backward gathers: neighbours grow with the output index, so the output rows that touch an input row are one run, found in the table; every input row is
// the work of one thread, in a fixed order.
internal sealed unsafe class InterpolateKernel(SimdWidth width) : IInterpolateKernel
{
    public void Forward(in InterpolateArgs args, TensorView input, TensorView output)
    {
        if (output.Count == 0) return;
        if (input.DType == DType.Float64) Forward<double>(args, input, output);
        else Forward<float>(args, input, output);
    }

    public void Backward(in InterpolateArgs args, TensorView dOutput, TensorView dInput)
    {
        if (dInput.Count == 0) return;
        if (dInput.DType == DType.Float64) Backward<double>(args, dOutput, dInput);
        else Backward<float>(args, dOutput, dInput);
    }

    private void Forward<T>(InterpolateArgs args, TensorView input, TensorView output) where T : unmanaged, IFloatingPointIeee754<T>
    {
        int c = input.Shape[1], inH = input.Shape[2], inW = input.Shape[3], h = output.Shape[2], w = output.Shape[3];
        Axis<T> rows = new(args, inH, h), columns = new(args, inW, w);
        T* x = input.Pointer<T>(), y = output.Pointer<T>();
        ParallelRows.For(output.Shape[0] * h, Grain(w, c), (begin, end) =>
        {
            for (var row = begin; row < end; row++)
            {
                var (n, i) = Math.DivRem(row, h);
                T* upper = x + (n * (long)inH + rows.First[i]) * inW * c, lower = x + (n * (long)inH + rows.Second[i]) * inW * c;
                T ty = rows.Fraction[i], uy = T.One - ty;
                var to = y + (long)row * w * c;
                if (args.Mode == InterpolationMode.Nearest)
                {
                    for (var j = 0; j < w; j++, to += c) new ReadOnlySpan<T>(upper + (long)columns.First[j] * c, c).CopyTo(new Span<T>(to, c));
                    continue;
                }
                for (var j = 0; j < w; j++, to += c)
                {
                    long a = (long)columns.First[j] * c, b = (long)columns.Second[j] * c;
                    T tx = columns.Fraction[j], ux = T.One - tx;
                    ChannelVectors.Blend(width, to, upper + a, upper + b, lower + a, lower + b, ux * uy, tx * uy, ux * ty, tx * ty, c);
                }
            }
        });
    }

    private void Backward<T>(InterpolateArgs args, TensorView dOutput, TensorView dInput) where T : unmanaged, IFloatingPointIeee754<T>
    {
        int c = dInput.Shape[1], inH = dInput.Shape[2], inW = dInput.Shape[3], h = dOutput.Shape[2], w = dOutput.Shape[3];
        Axis<T> rows = new(args, inH, h), columns = new(args, inW, w);
        T* dy = dOutput.Pointer<T>(), dx = dInput.Pointer<T>();
        var linear = args.Mode == InterpolationMode.Bilinear;
        ParallelRows.For(dInput.Shape[0] * inH, Grain(inW, c), (begin, end) =>
        {
            for (var row = begin; row < end; row++)
            {
                var (n, y) = Math.DivRem(row, inH);
                var to = dx + (long)row * inW * c;
                new Span<T>(to, inW * c).Clear();
                for (var i = rows.FirstTouching(y); i < h && rows.First[i] <= y; i++)
                {
                    var wy = (rows.First[i] == y ? T.One - rows.Fraction[i] : T.Zero) + (rows.Second[i] == y ? rows.Fraction[i] : T.Zero);
                    if (wy == T.Zero) continue;
                    var from = dy + (n * (long)h + i) * w * c;
                    for (var j = 0; j < w; j++, from += c)
                    {
                        ChannelVectors.AddScaled(width, to + (long)columns.First[j] * c, from, wy * (T.One - columns.Fraction[j]), c);
                        if (linear) ChannelVectors.AddScaled(width, to + (long)columns.Second[j] * c, from, wy * columns.Fraction[j], c);
                    }
                }
            }
        });
    }

    private static int Grain(int width, int channels) => (int)Math.Max(1, 16384L / Math.Max(1, (long)width * channels));

    // Per output index: the two input neighbours and how far it lies towards the second.
    private sealed class Axis<T> where T : unmanaged, IFloatingPointIeee754<T>
    {
        public readonly int[] First, Second;
        public readonly T[] Fraction;

        public Axis(InterpolateArgs args, int from, int to)
        {
            (First, Second, Fraction) = (new int[to], new int[to], new T[to]);
            // In float64 whatever T is: a table costs nothing, and float32 coordinates alone put results 1e-5 off.
            var scale = args.AlignCorners ? to > 1 ? (from - 1) / (double)(to - 1) : 0 : from / (double)to;
            for (var i = 0; i < to; i++)
            {
                if (args.Mode == InterpolationMode.Nearest)
                {
                    First[i] = Second[i] = Math.Min((int)MathF.Floor(i * (from / (float)to)), from - 1);
                    continue;
                }
                var at = args.AlignCorners ? i * scale : Math.Max(0, (i + 0.5) * scale - 0.5);
                First[i] = Math.Min((int)at, from - 1);
                Second[i] = Math.Min(First[i] + 1, from - 1);
                Fraction[i] = T.CreateChecked(Math.Clamp(at - First[i], 0, 1));
            }
        }

        /// <summary>The first output index whose second neighbour is at or after an input index; neighbours never decrease.</summary>
        public int FirstTouching(int index)
        {
            int low = 0, high = Second.Length;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (Second[middle] < index) low = middle + 1;
                else high = middle;
            }
            return low;
        }
    }
}
