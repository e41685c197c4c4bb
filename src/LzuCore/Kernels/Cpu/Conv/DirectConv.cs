using System.Runtime.CompilerServices;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Direct convolution as an indirect matrix product: rows are pixels, columns output channels, the sum runs over taps x input channels.
// Pixels of a phase are taken in reading order and cut into tiles of at most 8 or 12 (near-equal parts, so no thin rest); per tile and tap a table holds one
// pointer a pixel, and pixels in the padding point at zeros. 1x1 convolutions of step 1 read their rows in place without a table.
// A unit of work is a block of tiles x a group of panels: the block's input stays in the second-level cache while panels stream over it.
internal sealed unsafe class DirectConv(MicroKernel micro)
{
    // Second-level cache for a block's input rows, and for the piece of a panel that its tiles share before the next piece is read.
    private const int BlockBytes = 384 << 10, PieceBytes = 384 << 10;
    private const int MostTiles = 24, FewestTiles = 4;

    // Enough units for threads to share a small map by output channels.
    private const int WantedUnits = 12;

    /// <summary>target = epilogue(phase(source)), for one group of channels.</summary>
    /// <param name="source">The source, at the group's first channel.</param>
    /// <param name="length">Contiguous floats a tap reads.</param>
    /// <param name="phase">Geometry.</param>
    /// <param name="weights">Panels of depth taps x length.</param>
    /// <param name="target">The target, at the group's first channel.</param>
    /// <param name="sink">Bias, residual and activation; its column 0 is the group's first channel.</param>
    public void Run(Picture source, int length, Phase phase, Panels weights, Picture target, TileSink sink)
    {
        var pixels = checked(source.Batch * phase.Rows * phase.Columns);
        if (pixels == 0) return;
        var cut = weights.Cut;
        int blockTiles = (int)Math.Clamp(BlockBytes / ((long)cut.Rows * length * sizeof(float)), FewestTiles, MostTiles), tiles = (pixels + cut.Rows - 1) / cut.Rows, blocks = (tiles + blockTiles - 1) / blockTiles;
        int groups = Math.Clamp((WantedUnits + blocks - 1) / blocks, 1, cut.Slivers);
        var inPlace = phase is { Taps: [{ Dy: 0, Dx: 0 }], SourceStepY: 1, SourceStepX: 1 } && phase.Rows == source.Height && phase.Columns == source.Width;
        using var zeros = Scratch.Floats(length);
        new Span<float>(zeros.Pointer, length).Clear();
        var zero = zeros.Pointer;
        ParallelRows.For(blocks * groups, 1, (begin, end) =>
        {
            using var rows = new Scratch((long)blockTiles * cut.Rows * (phase.Taps.Length + 1) * sizeof(nint));
            float** table = (float**)rows.Pointer, outs = table + blockTiles * cut.Rows * phase.Taps.Length;
            Tile tile;
            for (var unit = begin; unit < end; unit++)
            {
                var (block, group) = Math.DivRem(unit, groups);
                int tile0 = block * blockTiles, tile1 = Math.Min(tiles, tile0 + blockTiles);
                int pixel0 = Pixel(tile0);
                for (var t = tile0; t < tile1; t++)
                {
                    int first = Pixel(t), count = Pixel(t + 1) - first;
                    Locate(source, phase, target, first, count, zero, inPlace ? null : table + (first - pixel0) * phase.Taps.Length, outs + (first - pixel0));
                }
                int sliver0 = (int)((long)cut.Slivers * group / groups), sliver1 = (int)((long)cut.Slivers * (group + 1) / groups);
                for (var s = sliver0; s < sliver1; s++)
                {
                    int width = cut.Width(s), piece = (int)Math.Clamp(PieceBytes / ((long)width * length * sizeof(float)), 1, Math.Max(1, phase.Taps.Length));
                    for (var tap = 0; tap == 0 || tap < phase.Taps.Length; tap += piece)
                        for (var t = tile0; t < tile1; t++)
                        {
                            int first = Pixel(t), count = Pixel(t + 1) - first;
                            tile.B = weights[s] + (long)tap * length * width;
                            tile.BStep = width;
                            tile.Segments = Math.Min(piece, phase.Taps.Length - tap);
                            tile.SegmentLength = length;
                            var addressing = Addressing.Strided;
                            if (inPlace)
                            {
                                tile.A = source.Data + first * source.Pixel;
                                tile.AStep = source.Pixel;
                            }
                            else
                            {
                                tile.Rows = table + (first - pixel0) * phase.Taps.Length + tap * count;
                                addressing = Addressing.Indirect;
                            }
                            sink.Run(micro, &tile, count, addressing, outs + (first - pixel0), cut.Start(s), cut.Valid(s), width, first: tap == 0, last: tap + piece >= phase.Taps.Length);
                        }
                }
            }
        });
        GC.KeepAlive(weights);

        int Pixel(int t) => (int)((long)pixels * t / tiles);
    }

    // The pointers of one tile: [tap][pixel] sources and [pixel] targets. Pixels are in reading order over the batch.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Locate(Picture source, Phase phase, Picture target, int first, int count, float* zero, float** table, float** outs)
    {
        var (row, q) = Math.DivRem(first, phase.Columns);
        var (n, r) = Math.DivRem(row, phase.Rows);
        for (var i = 0; i < count; i++)
        {
            outs[i] = target.Data + n * target.Image + (phase.OriginY + r * phase.StepY) * target.Row + (phase.OriginX + q * phase.StepX) * target.Pixel;
            if (table is not null)
            {
                int y0 = r * phase.SourceStepY, x0 = q * phase.SourceStepX;
                var image = source.Data + n * source.Image;
                var at = table + i;
                foreach (var tap in phase.Taps)
                {
                    int y = y0 + tap.Dy, x = x0 + tap.Dx;
                    *at = (uint)y < (uint)source.Height && (uint)x < (uint)source.Width ? image + y * source.Row + x * source.Pixel : zero;
                    at += count;
                }
            }
            if (++q < phase.Columns) continue;
            q = 0;
            if (++r < phase.Rows) continue;
            r = 0;
            n++;
        }
    }
}
