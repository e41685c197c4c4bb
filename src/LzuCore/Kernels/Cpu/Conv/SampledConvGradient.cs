using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// The adjoints of SampledConv, block by block of pixels, for one group of channels:
//   to the weight  the columns are sampled again; dWeight += dOutputᵀ · columns, a unit of work owning its piece of dWeight
//   the rest       dColumns = dOutput · weight; offsets and masks take its dot products with the four neighbours, a pixel a unit; the input takes it scattered, a unit owning
//                  some channels of all pixels
// Every sum goes over the pixels in order within one unit, so every thread count gives the same bits. A block's columns stay in the third-level cache.
internal sealed unsafe class SampledConvGradient(MicroKernel micro, SimdWidth width)
{
    private const int ColumnBytes = 4 << 20, MostPixels = 256, FewestPixels = 64;
    private const int WantedUnits = 16, PixelGrain = 8, FewestChannels = 32;

    /// <summary>What is wanted; null pointers and absent fields are not.</summary>
    internal readonly struct Wanted
    {
        public float* Input { get; init; }

        /// <summary>[outputs][taps x length] of the group.</summary>
        public float* Weight { get; init; }

        public DeformPoints<float>.Field Offset { get; init; }

        public DeformPoints<float>.Field Mask { get; init; }

        public bool Field { get; init; }
    }

    /// <summary>Writes dWeight and adds to the others.</summary>
    /// <param name="points">Where the taps read.</param>
    /// <param name="runs">The group's channels.</param>
    /// <param name="length">How many those are.</param>
    /// <param name="input">The whole input.</param>
    /// <param name="adjoint">The group's weight, as panels of depth outputs and taps x length columns.</param>
    /// <param name="dOutput">The output's gradient, at the group's first channel.</param>
    /// <param name="outputPixel">Floats from a pixel of it to the next.</param>
    /// <param name="outputs">Output channels of the group.</param>
    /// <param name="wanted">The gradients.</param>
    public void Run(DeformPoints<float> points, ChannelRun[] runs, int length, float* input, Panels? adjoint, float* dOutput, int outputPixel, int outputs, Wanted wanted)
    {
        int depth = points.Taps * length, row = depth + SampledConv.Gap;
        var block = (int)Math.Clamp(ColumnBytes / ((long)row * sizeof(float)), FewestPixels, MostPixels);
        using var room = Scratch.Floats((long)block * row + micro.MaxWidth);
        using var packed = Scratch.Floats(wanted.Weight is null ? 0 : (long)block * outputs);
        using var zeros = TileSink.PaddedBias(micro, default, depth);
        var columns = room.Pointer;
        for (var first = 0; first < points.Pixels; first += block)
        {
            int from = first, count = Math.Min(block, points.Pixels - first);
            var dy = dOutput + (long)first * outputPixel;
            if (wanted.Weight is not null)
            {
                ParallelRows.For(count, PixelGrain, (begin, end) =>
                {
                    for (var p = begin; p < end; p++) points.Columns(width, from + p, runs, length, 0, points.Taps, input, columns + (long)p * row);
                });
                AddWeightGradient(dy, outputPixel, outputs, columns, row, depth, count, packed.Pointer, new TileSink(zeros.Pointer, default, wanted.Weight), wanted.Weight, isFirst: first == 0);
            }
            if (adjoint is null) continue;
            ColumnGradient(dy, outputPixel, outputs, adjoint, columns, row, count, new TileSink(zeros.Pointer, default, columns));
            if (wanted.Field)
                ParallelRows.For(count, PixelGrain, (begin, end) =>
                {
                    for (var p = begin; p < end; p++) points.AddFieldGradients(from + p, runs, length, input, columns + (long)p * row, wanted.Offset, wanted.Mask);
                });
            if (wanted.Input is null) continue;
            // Each unit finds the places again, so there are no more than threads need; the cut does not change a sum.
            var threads = ParallelRows.Ready;
            var units = threads == 1 ? 1 : Math.Clamp(length / FewestChannels, 1, 2 * threads);
            ParallelRows.For(units, 1, (begin, end) =>
            {
                for (var unit = begin; unit < end; unit++)
                    for (var p = 0; p < count; p++)
                        points.AddInputGradient(width, from + p, runs, length, Part(length, unit, units), Part(length, unit + 1, units), columns + (long)p * row, wanted.Input);
            });
        }
        GC.KeepAlive(adjoint);
    }

    // dOutput is packed to [tile][pixel][row]; panels are read in place, as rows of the columns.
    private void AddWeightGradient(float* dy, int outputPixel, int outputs, float* columns, int row, int depth, int count, float* packed, TileSink sink, float* dWeight, bool isFirst)
    {
        var cut = new ColumnCut(micro, depth);
        int tiles = (outputs + cut.Rows - 1) / cut.Rows, groups = Math.Clamp((WantedUnits + cut.Slivers - 1) / cut.Slivers, 1, tiles);
        ParallelRows.For(tiles, 4, (begin, end) =>
        {
            for (var t = begin; t < end; t++)
            {
                int channel = Part(outputs, t, tiles), channels = Part(outputs, t + 1, tiles) - channel;
                Panels.Pack(dy + channel, 1, outputPixel, count, channels, packed + (long)channel * count, channels);
            }
        });
        ParallelRows.For(cut.Slivers * groups, 1, (begin, end) =>
        {
            var outs = stackalloc float*[micro.MaxRows];
            Tile tile = default;
            for (var unit = begin; unit < end; unit++)
            {
                var (s, group) = Math.DivRem(unit, groups);
                for (var t = Part(tiles, group, groups); t < Part(tiles, group + 1, groups); t++)
                {
                    int channel = Part(outputs, t, tiles), channels = Part(outputs, t + 1, tiles) - channel;
                    for (var i = 0; i < channels; i++) outs[i] = dWeight + (long)(channel + i) * depth;
                    tile.A = packed + (long)channel * count;
                    tile.AStep = channels;
                    tile.SegmentLength = count;
                    tile.B = columns + cut.Start(s);
                    tile.BStep = row;
                    sink.Run(micro, &tile, channels, Addressing.Column, outs, cut.Start(s), cut.Valid(s), cut.Width(s), first: isFirst);
                }
            }
        });
    }

    private void ColumnGradient(float* dy, int outputPixel, int outputs, Panels adjoint, float* columns, int row, int count, TileSink sink)
    {
        var cut = adjoint.Cut;
        var tiles = (count + cut.Rows - 1) / cut.Rows;
        ParallelRows.For(cut.Slivers, 1, (begin, end) =>
        {
            var outs = stackalloc float*[micro.MaxRows];
            Tile tile = default;
            for (var s = begin; s < end; s++)
                for (var t = 0; t < tiles; t++)
                {
                    int first = Part(count, t, tiles), rows = Part(count, t + 1, tiles) - first;
                    for (var i = 0; i < rows; i++) outs[i] = columns + (long)(first + i) * row;
                    tile.A = dy + (long)first * outputPixel;
                    tile.AStep = outputPixel;
                    tile.SegmentLength = outputs;
                    tile.B = adjoint[s];
                    tile.BStep = cut.Width(s);
                    sink.Run(micro, &tile, rows, Addressing.Strided, outs, cut.Start(s), cut.Valid(s), cut.Width(s));
                }
        });
    }

    private static int Part(int length, int i, int n) => (int)((long)length * i / n);
}
