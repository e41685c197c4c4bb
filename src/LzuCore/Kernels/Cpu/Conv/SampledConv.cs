using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Deformable convolution as a matrix product: rows are pixels, columns output channels, the sum runs over taps x input channels. What the taps read is sampled first, for a
// block of pixels and as many taps as fill a part of the second-level cache, into rows that the tiles read in place; panels stream over them. A sample costs four loads and a
// store for as many multiply-adds as there are output channels, so sampling is a few percent of the product.
// Rows are 64 bytes longer than they need be: without that, rows of 4 KiB fall into one set of the first-level cache.
internal sealed unsafe class SampledConv(MicroKernel micro, SimdWidth width)
{
    private const int ColumnBytes = 320 << 10, BlockRows = 96;

    // Small maps are cut smaller, for threads to share; a block of few tiles would read the panels too often.
    private const int WantedBlocks = 8, FewestTiles = 2;

    /// <summary>Floats between the ends of rows and the next ones.</summary>
    public const int Gap = 16;

    /// <summary>target = epilogue(product), for one group of channels.</summary>
    /// <param name="points">Where the taps read.</param>
    /// <param name="runs">The group's channels.</param>
    /// <param name="length">How many those are.</param>
    /// <param name="input">The whole input.</param>
    /// <param name="weights">Panels of depth taps x length.</param>
    /// <param name="target">The target, at the group's first channel.</param>
    /// <param name="targetPixel">Floats from a pixel of the target to the next.</param>
    /// <param name="sink">Bias, residual and activation; its column 0 is the group's first channel.</param>
    public void Run(DeformPoints<float> points, ChannelRun[] runs, int length, float* input, Panels weights, float* target, int targetPixel, TileSink sink)
    {
        var cut = weights.Cut;
        int pixels = points.Pixels, tiles = (pixels + cut.Rows - 1) / cut.Rows;
        var most = Math.Clamp(ColumnBytes / ((long)cut.Rows * Math.Max(1, length) * sizeof(float)), FewestTiles, Math.Max(FewestTiles, BlockRows / cut.Rows));
        int blockTiles = (int)Math.Clamp((tiles + WantedBlocks - 1) / WantedBlocks, FewestTiles, most), blocks = (tiles + blockTiles - 1) / blockTiles, rows = blockTiles * cut.Rows;
        var piece = (int)Math.Clamp(ColumnBytes / ((long)rows * Math.Max(1, length) * sizeof(float)), 1, points.Taps);
        ParallelRows.For(blocks, 1, (begin, end) =>
        {
            using var room = Scratch.Floats((long)rows * (piece * length + Gap));
            var outs = stackalloc float*[rows];
            Tile tile;
            for (var block = begin; block < end; block++)
            {
                int tile0 = Part(tiles, block, blocks), tile1 = Part(tiles, block + 1, blocks), pixel0 = Part(pixels, tile0, tiles), pixel1 = Part(pixels, tile1, tiles);
                for (var p = pixel0; p < pixel1; p++) outs[p - pixel0] = target + (long)p * targetPixel;
                for (var tap = 0; tap < points.Taps; tap += piece)
                {
                    int taps = Math.Min(piece, points.Taps - tap), row = taps * length + Gap;
                    for (var p = pixel0; p < pixel1; p++) points.Columns(width, p, runs, length, tap, taps, input, room.Pointer + (long)(p - pixel0) * row);
                    for (var s = 0; s < cut.Slivers; s++)
                        for (var t = tile0; t < tile1; t++)
                        {
                            int first = Part(pixels, t, tiles), count = Part(pixels, t + 1, tiles) - first;
                            tile.A = room.Pointer + (long)(first - pixel0) * row;
                            tile.AStep = row;
                            tile.SegmentLength = taps * length;
                            tile.B = weights[s] + (long)tap * length * cut.Width(s);
                            tile.BStep = cut.Width(s);
                            sink.Run(micro, &tile, count, Addressing.Strided, outs + (first - pixel0), cut.Start(s), cut.Valid(s), cut.Width(s), first: tap == 0, last: tap + taps == points.Taps);
                        }
                }
            }
        });
        GC.KeepAlive(weights);
    }

    private static int Part(int length, int i, int n) => (int)((long)length * i / n);
}
