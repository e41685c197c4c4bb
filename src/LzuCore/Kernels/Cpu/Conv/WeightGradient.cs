using System.Runtime.CompilerServices;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// The adjoint in the weight as a matrix product over pixels: rows are output channels, columns (tap, input channel), which is the weight's own order.
// A is dOutput, packed once to [pixel block][tile][pixel][row], for in place each pixel would be another cache line of the same few sets; B is a panel of input values, gathered for one block of pixels and one
// sliver of columns at a time and used by all rows while it is in the first-level cache. A unit of work owns its piece of dWeight, small enough to stay in the second-level cache, and walks all
// pixels in order, so inputs are read from memory once a unit, no sums are shared, and every thread count gives the same bits.
internal sealed unsafe class WeightGradient(MicroKernel micro)
{
    private const int PixelBlock = 256;
    private const int UnitsAThread = 4;

    // A unit's piece of dWeight.
    private const int PieceBytes = 256 << 10;

    /// <summary>dWeight = the gradient, for one group of channels.</summary>
    /// <param name="source">What the convolution read, at the group's first channel.</param>
    /// <param name="length">Contiguous floats a tap read.</param>
    /// <param name="phase">The forward phase.</param>
    /// <param name="dOutput">The output's gradient, at the group's first channel.</param>
    /// <param name="outputs">Output channels of the group.</param>
    /// <param name="dWeight">[outputs][taps x length].</param>
    public void Run(Picture source, int length, Phase phase, Picture dOutput, int outputs, float* dWeight)
    {
        var columns = phase.Taps.Length * length;
        var cut = new ColumnCut(micro, columns);
        // Every group of rows gathers the panels again, so there are no more groups than threads want. Whoever computes it, a piece of dWeight is the same sum.
        int slivers = cut.Slivers, tiles = (outputs + cut.Rows - 1) / cut.Rows, threads = ParallelRows.Ready, wanted = threads == 1 ? 1 : UnitsAThread * threads, groups = Math.Clamp((wanted + slivers - 1) / slivers, 1, tiles);
        int most = Math.Max(1, PieceBytes / (Math.Max(1, outputs / groups) * micro.MaxWidth * sizeof(float))), runs = Math.Max((slivers + most - 1) / most, Math.Min(slivers, wanted));
        var pixels = checked(source.Batch * phase.Rows * phase.Columns);
        if (pixels == 0)
        {
            new Span<float>(dWeight, checked(outputs * columns)).Clear();
            return;
        }
        using var bias = TileSink.PaddedBias(micro, default, columns);
        var sink = new TileSink(bias.Pointer, default, dWeight);
        using var packed = Scratch.Floats((long)pixels * outputs);
        var a = packed.Pointer;
        ParallelRows.For((pixels + PixelBlock - 1) / PixelBlock, 1, (begin, end) =>
        {
            for (var block = begin; block < end; block++)
            {
                int first = block * PixelBlock, count = Math.Min(PixelBlock, pixels - first);
                for (var t = 0; t < tiles; t++) Panels.Pack(dOutput.Data + first * dOutput.Pixel + Row(t), 1, dOutput.Pixel, count, Row(t + 1) - Row(t), a + (long)first * outputs + (long)Row(t) * count, Row(t + 1) - Row(t));
            }
        });
        ParallelRows.For(runs * groups, 1, (begin, end) =>
        {
            using var panel = Scratch.Floats(PixelBlock * micro.MaxWidth);
            var outs = stackalloc float*[micro.MaxRows];
            Tile tile = default;
            for (var unit = begin; unit < end; unit++)
            {
                var (run, group) = Math.DivRem(unit, groups);
                int sliver0 = (int)((long)slivers * run / runs), sliver1 = (int)((long)slivers * (run + 1) / runs), tile0 = (int)((long)tiles * group / groups), tile1 = (int)((long)tiles * (group + 1) / groups);
                for (var first = 0; first < pixels; first += PixelBlock)
                    for (var sliver = sliver0; sliver < sliver1; sliver++)
                    {
                        int count = Math.Min(PixelBlock, pixels - first), column = cut.Start(sliver), valid = cut.Valid(sliver), stored = cut.Width(sliver);
                        Gather(source, length, phase, first, count, column, valid, panel.Pointer, stored);
                        for (var t = tile0; t < tile1; t++)
                        {
                            int row = Row(t), rows = Row(t + 1) - row;
                            for (var i = 0; i < rows; i++) outs[i] = dWeight + (long)(row + i) * columns;
                            tile.A = a + (long)first * outputs + (long)row * count;
                            tile.AStep = rows;
                            tile.SegmentLength = count;
                            tile.B = panel.Pointer;
                            tile.BStep = stored;
                            sink.Run(micro, &tile, rows, Addressing.Column, outs, column, valid, stored, first: first == 0, last: first + count == pixels);
                        }
                    }
            }
        });

        int Row(int t) => (int)((long)outputs * t / tiles);
    }

    // panel[p][c] = what column c's tap reads for pixel first + p. A sliver spans one tap or several short ones; of a row of pixels, a tap reads one stretch inside the picture.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gather(Picture source, int length, Phase phase, int first, int count, int column, int columns, float* panel, int width)
    {
        if (columns < width) new Span<float>(panel, count * width).Clear();
        for (var done = 0; done < columns;)
        {
            var (index, channel) = Math.DivRem(column + done, length);
            var run = Math.Min(columns - done, length - channel);
            var tap = phase.Taps[index];
            int begin = tap.Dx >= 0 ? 0 : (phase.SourceStepX - 1 - tap.Dx) / phase.SourceStepX, end = source.Width <= tap.Dx ? 0 : (source.Width - 1 - tap.Dx) / phase.SourceStepX + 1;
            var (row, q) = Math.DivRem(first, phase.Columns);
            var (n, r) = Math.DivRem(row, phase.Rows);
            var to = panel + done;
            for (var left = count; left > 0; q = 0)
            {
                int y = r * phase.SourceStepY + tap.Dy, last = Math.Min(phase.Columns, q + left);
                int from = Math.Clamp((uint)y < (uint)source.Height ? begin : last, q, last), until = Math.Clamp(end, from, last);
                left -= last - q;
                for (; q < from; q++, to += width) new Span<float>(to, run).Clear();
                var read = source.Data + n * source.Image + y * source.Row + (q * phase.SourceStepX + tap.Dx) * source.Pixel + channel;
                for (; q < until; q++, to += width, read += phase.SourceStepX * source.Pixel) Panels.Copy(read, to, run);
                for (; q < last; q++, to += width) new Span<float>(to, run).Clear();
                if (++r < phase.Rows) continue;
                r = 0;
                n++;
            }
            done += run;
        }
    }
}
