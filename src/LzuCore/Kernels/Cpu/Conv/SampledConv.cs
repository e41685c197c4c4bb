using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Deformable convolution as a matrix product: rows are pixels, columns output channels, the sum runs over taps x input channels. What the taps read is sampled first, for a
// block of pixels and as many taps as fill a part of the second-level cache, into rows that the tiles read in place; panels stream over them. A sample costs four loads and a
// store for as many multiply-adds as there are output channels, so sampling is a few percent of the product.
// A small map, whose rows all fit that cache, is sampled whole first, so that each panel is read once; threads then share the panels.
// Rows are 64 bytes longer than they need be: without that, rows of 4 KiB fall into one set of the first-level cache.
internal sealed unsafe class SampledConv(MicroKernel micro, SimdWidth width)
{
    private const int ColumnBytes = 320 << 10, BlockRows = 96, SmallBytes = 1 << 20, SmallGrain = 4;

    // A block of fewer tiles would read the panels too often.
    private const int FewestTiles = 4;

    /// <summary>Floats between the end of a row and the next one.</summary>
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
        var product = new Product(micro, points.Pixels, points.Taps, length, weights, target, targetPixel, sink);
        if (product.RowBytes(points.Taps) * points.Pixels <= SmallBytes) RunSmall(points, runs, input, product);
        else RunBlocks(points, runs, input, product);
        GC.KeepAlive(weights);
    }

    private void RunSmall(DeformPoints<float> points, ChannelRun[] runs, float* input, Product product)
    {
        int pixels = points.Pixels, taps = points.Taps, row = taps * product.Length + Gap, piece = Piece(product, pixels);
        using var room = Scratch.Floats((long)pixels * row);
        var columns = room.Pointer;
        ParallelRows.For(pixels, SmallGrain, (begin, end) =>
        {
            for (var p = begin; p < end; p++) points.Columns(width, p, runs, product.Length, 0, taps, input, columns + (long)p * row);
        });
        ParallelRows.For(product.Cut.Slivers, 1, (begin, end) =>
        {
            for (var s = begin; s < end; s++)
                for (var tap = 0; tap < taps; tap += piece) product.Run(s, tap, Math.Min(piece, taps - tap), 0, product.Tiles, columns + tap * product.Length, row);
        });
    }

    private void RunBlocks(DeformPoints<float> points, ChannelRun[] runs, float* input, Product product)
    {
        var cut = product.Cut;
        // Small blocks where threads need something to share; sums do not depend on the cut.
        var threads = ParallelRows.Ready;
        var wanted = threads == 1 ? 1 : 4 * threads;
        var most = Math.Clamp(ColumnBytes / (cut.Rows * product.RowBytes(1)), FewestTiles, Math.Max(FewestTiles, BlockRows / cut.Rows));
        int blockTiles = (int)Math.Clamp((product.Tiles + wanted - 1) / wanted, FewestTiles, most), blocks = (product.Tiles + blockTiles - 1) / blockTiles, rows = blockTiles * cut.Rows, piece = Piece(product, rows);
        ParallelRows.For(blocks, 1, (begin, end) =>
        {
            using var room = Scratch.Floats((long)rows * (piece * product.Length + Gap));
            for (var block = begin; block < end; block++)
            {
                int tile0 = Product.Part(product.Tiles, block, blocks), tile1 = Product.Part(product.Tiles, block + 1, blocks), pixel0 = product.Pixel(tile0), pixel1 = product.Pixel(tile1);
                for (var tap = 0; tap < points.Taps; tap += piece)
                {
                    int taps = Math.Min(piece, points.Taps - tap), row = taps * product.Length + Gap;
                    for (var p = pixel0; p < pixel1; p++) points.Columns(width, p, runs, product.Length, tap, taps, input, room.Pointer + (long)(p - pixel0) * row);
                    for (var s = 0; s < cut.Slivers; s++) product.Run(s, tap, taps, tile0, tile1, room.Pointer, row);
                }
            }
        });
    }

    // As many taps as keep their part of so many rows in the cache.
    private static int Piece(Product product, int rows) => (int)Math.Clamp(ColumnBytes / (rows * product.RowBytes(1)), 1, product.Taps);

    // The product of sampled rows with panels, tile by tile; pixels are cut into tiles of near-equal size.
    private sealed class Product(MicroKernel micro, int pixels, int taps, int length, Panels weights, float* target, int targetPixel, TileSink sink)
    {
        public ColumnCut Cut => weights.Cut;

        public int Length => length;

        public int Taps => taps;

        public int Tiles { get; } = (pixels + weights.Cut.Rows - 1) / weights.Cut.Rows;

        public long RowBytes(int taps) => ((long)taps * length + Gap) * sizeof(float);

        public int Pixel(int tile) => Part(pixels, tile, Tiles);

        /// <summary>Some taps of some tiles with one sliver; the tiles' rows begin at <paramref name="columns"/>.</summary>
        public void Run(int s, int tap, int count, int tile0, int tile1, float* columns, int row)
        {
            var outs = stackalloc float*[micro.MaxRows];
            int pixel0 = Pixel(tile0), width = Cut.Width(s);
            Tile tile = default;
            for (var t = tile0; t < tile1; t++)
            {
                int first = Pixel(t), rows = Pixel(t + 1) - first;
                for (var i = 0; i < rows; i++) outs[i] = target + (long)(first + i) * targetPixel;
                tile.A = columns + (long)(first - pixel0) * row;
                tile.AStep = row;
                tile.SegmentLength = count * length;
                tile.B = weights[s] + (long)tap * length * width;
                tile.BStep = width;
                sink.Run(micro, &tile, rows, Addressing.Strided, outs, Cut.Start(s), Cut.Valid(s), width, first: tap == 0, last: tap + count == taps);
            }
        }

        public static int Part(int length, int i, int n) => (int)((long)length * i / n);
    }
}
