using System.Numerics;
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
    private const int WrittenBytes = 512 << 10;
    private const int MostTiles = 24, FewestTiles = 4;

    // Floats that a tap reads at a time: with more, too few tiles of input fit beside a piece of a panel, and panels are read from memory again and again.
    private const int MostLength = 512;

    // Of more weights than this, panels come from the third-level cache or from memory, and the tiles that meet a panel first would wait for it: it comes while the tiles before it are summed.
    private const int ManyWeights = 128 << 10;

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
        var inPlace = phase is { Taps: [{ Dy: 0, Dx: 0 }], SourceStepY: 1, SourceStepX: 1 } && phase.Rows == source.Height && phase.Columns == source.Width;
        // A tap of many channels counts as several taps: panels hold them one after the other anyway.
        var parts = inPlace ? 1 : PartsOf(length);
        length /= parts;
        var taps = phase.Taps.Length * parts;
        int blockTiles = (int)Math.Clamp(BlockBytes / ((long)cut.Rows * length * sizeof(float)), FewestTiles, MostTiles), tiles = (pixels + cut.Rows - 1) / cut.Rows, blocks = (tiles + blockTiles - 1) / blockTiles;
        // What a block writes is brought before it begins where it lies in one piece that stays in cache, else line by line.
        var dense = phase is { StepY: 1, StepX: 1 } && phase.Rows == target.Height && phase.Columns == target.Width && target.Pixel == cut.Columns && (long)blockTiles * cut.Rows * cut.Columns * sizeof(float) <= WrittenBytes;
        int groups = Math.Clamp((WantedUnits + blocks - 1) / blocks, 1, cut.Slivers);
        using var zeros = Scratch.Floats(length);
        new Span<float>(zeros.Pointer, length).Clear();
        var zero = zeros.Pointer;
        var many = cut.Stored * weights.Depth > ManyWeights;
        ParallelRows.For(blocks * groups, 1, (begin, end) =>
        {
            using var rows = new Scratch(((long)blockTiles * cut.Rows * (taps + 1) + Vector<nint>.Count) * sizeof(nint));
            float** table = (float**)rows.Pointer, outs = table + blockTiles * cut.Rows * taps + Vector<nint>.Count;
            var starts = stackalloc int[MostTiles + 1];
            var runs = stackalloc AheadRun[MostTiles * micro.MaxRows + 1];
            Tile tile = default;
            for (var unit = begin; unit < end; unit++)
            {
                var (block, group) = Math.DivRem(unit, groups);
                int tile0 = block * blockTiles, tile1 = Math.Min(tiles, tile0 + blockTiles);
                var inBlock = tile1 - tile0;
                for (var t = 0; t <= inBlock; t++) starts[t] = Pixel(tile0 + t);
                var pixel0 = starts[0];
                LocateTargets(phase, target, pixel0, starts[inBlock] - pixel0, outs);
                for (var t = 0; t < inBlock && !inPlace; t++) Locate(source, phase, parts, length, starts[t], starts[t + 1] - starts[t], zero, table + (starts[t] - pixel0) * taps);
                int sliver0 = (int)((long)cut.Slivers * group / groups), sliver1 = (int)((long)cut.Slivers * (group + 1) / groups);
                var coming = groups == 1 ? Math.Min(tiles, tile1 + blockTiles) : tile1;
                var ahead = Next(runs, Pixel(tile1), Pixel(coming), (sliver1 - sliver0) * inBlock * Pieces(cut.Width(sliver0)));
                for (var s = sliver0; s < sliver1; s++)
                {
                    int width = cut.Width(s), piece = Piece(width), vectors = width / micro.VectorLanes;
                    // The panel after this one: of this block, or the first of the next.
                    var following = s + 1 < sliver1 || (groups > 1 && s + 1 < cut.Slivers) ? weights[s + 1] : tile1 < tiles ? weights[sliver0] : null;
                    for (var tap = 0; tap == 0 || tap < taps; tap += piece)
                    {
                        // Tiles with a table fetch one run of memory only. Where a block is cut into groups that is not the next block's: it is the next piece of panels, which lie one behind the other.
                        if (many && !inPlace && groups > 1) ahead = Piecewise(runs, weights[s] + (long)(tap + piece) * length * width, (long)(s + 1 < cut.Slivers ? piece : Math.Max(0, taps - tap - piece)) * length * width, inBlock);
                        for (var t = 0; t < inBlock; t++)
                        {
                            int first = starts[t] - pixel0, count = starts[t + 1] - starts[t];
                            tile.B = weights[s] + (long)tap * length * width;
                            tile.BStep = width;
                            tile.Segments = Math.Min(piece, taps - tap);
                            tile.SegmentLength = length;
                            ahead.Next(&tile, tile.Segments * length);
                            var addressing = Addressing.Strided;
                            if (inPlace)
                            {
                                tile.A = source.Data + starts[t] * source.Pixel;
                                tile.AStep = source.Pixel;
                                // The last tiles bring one vector's lines each: all of a panel comes, or nothing.
                                var part = t - inBlock + vectors;
                                tile.Next = many && following != null && inBlock >= vectors && part >= 0 ? following + (nint)part * length * micro.VectorLanes : null;
                            }
                            else
                            {
                                tile.Rows = table + first * taps + tap * count;
                                addressing = Addressing.Indirect;
                            }
                            sink.Run(micro, &tile, count, addressing, outs + first, cut.Start(s), cut.Valid(s), width, first: tap == 0, last: tap + piece >= taps, fetch: !dense && tap + piece >= taps);
                        }
                    }
                }
            }
        }, inTurn: groups > 1);
        GC.KeepAlive(weights);

        int Pixel(int t) => (int)((long)pixels * t / tiles);

        // Taps whose part of a panel stays in cache, and how many such parts a sum has.
        int Piece(int width) => (int)Math.Clamp(PieceBytes / ((long)width * length * sizeof(float)), 1, Math.Max(1, taps));

        int Pieces(int width) => (Math.Max(1, taps) + Piece(width) - 1) / Piece(width);

        static Ahead Piecewise(AheadRun* runs, float* first, long floats, int tiles)
        {
            runs[0] = new AheadRun(first, floats * sizeof(float));
            return new Ahead(runs, 1, tiles);
        }

        // The inputs of some pixels where each is one of the source's, and their outputs where they lie side by side.
        Ahead Next(AheadRun* runs, int pixel0, int pixel1, int sums)
        {
            var found = 0;
            var read = (long)length * parts * sizeof(float);
            if (inPlace && source.Pixel == length) runs[found++] = new AheadRun(source.Data + pixel0 * source.Pixel, (pixel1 - pixel0) * read);
            else if (phase.Taps is [{ Dy: 0, Dx: 0 }])
                for (var p = pixel0; p < pixel1; p++)
                {
                    var (row, q) = Math.DivRem(p, phase.Columns);
                    var (n, r) = Math.DivRem(row, phase.Rows);
                    runs[found++] = new AheadRun(source.Data + n * source.Image + r * phase.SourceStepY * source.Row + q * phase.SourceStepX * source.Pixel, read);
                }
            if (dense) runs[found++] = new AheadRun(target.Data + pixel0 * target.Pixel, (pixel1 - pixel0) * target.Pixel * sizeof(float));
            return new Ahead(runs, found, sums);
        }
    }

    // The fewest equal parts of a tap that are short enough; one where its channels cannot be divided so.
    private static int PartsOf(int length)
    {
        for (var parts = (length + MostLength - 1) / MostLength; parts <= length / 64; parts++)
            if (length % parts == 0) return parts;
        return 1;
    }

    // Where pixels go, in reading order over the batch.
    private static void LocateTargets(Phase phase, Picture target, int first, int count, float** outs)
    {
        var (row, q) = Math.DivRem(first, phase.Columns);
        var (n, r) = Math.DivRem(row, phase.Rows);
        var step = phase.StepX * target.Pixel;
        for (int i = 0, end; i < count; q = 0)
        {
            var to = target.Data + n * target.Image + (phase.OriginY + r * phase.StepY) * target.Row + (phase.OriginX + q * phase.StepX) * target.Pixel;
            for (end = Math.Min(count, i + phase.Columns - q); i < end; i++, to += step) outs[i] = to;
            if (++r == phase.Rows) (n, r) = (n + 1, 0);
        }
    }

    // The source pointers of one tile: [tap][part][pixel]. They are first those of a picture without borders, a vector of pixels at a time, whose last one reaches into what is written next; then pixels at the border get their zeros.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Locate(Picture source, Phase phase, int parts, int length, int first, int count, float* zero, float** table)
    {
        const int most = 32;
        var origins = stackalloc float*[most];
        int* ys = stackalloc int[most], xs = stackalloc int[most];
        var (row, q) = Math.DivRem(first, phase.Columns);
        var (n, r) = Math.DivRem(row, phase.Rows);
        for (var i = 0; i < count; i++)
        {
            (ys[i], xs[i]) = (r * phase.SourceStepY, q * phase.SourceStepX);
            origins[i] = source.Data + n * source.Image + ys[i] * source.Row + xs[i] * source.Pixel;
            if (++q < phase.Columns) continue;
            q = 0;
            if (++r < phase.Rows) continue;
            r = 0;
            n++;
        }
        int top = 0, bottom = 0, left = 0, right = 0;
        var at = table;
        foreach (var tap in phase.Taps)
        {
            (top, bottom, left, right) = (Math.Min(top, tap.Dy), Math.Max(bottom, tap.Dy), Math.Min(left, tap.Dx), Math.Max(right, tap.Dx));
            for (var part = 0; part < parts; part++, at += count)
            {
                var shift = new Vector<nint>((tap.Dy * source.Row + tap.Dx * source.Pixel + part * length) * sizeof(float));
                for (var i = 0; i < count; i += Vector<nint>.Count) (Vector.Load((nint*)origins + i) + shift).Store((nint*)at + i);
            }
        }
        for (var i = 0; i < count; i++)
        {
            if (ys[i] + top >= 0 && ys[i] + bottom < source.Height && xs[i] + left >= 0 && xs[i] + right < source.Width) continue;
            at = table + i;
            foreach (var tap in phase.Taps)
            {
                var inside = (uint)(ys[i] + tap.Dy) < (uint)source.Height && (uint)(xs[i] + tap.Dx) < (uint)source.Width;
                for (var part = 0; part < parts; part++, at += count)
                    if (!inside) *at = zero;
            }
        }
    }
}
