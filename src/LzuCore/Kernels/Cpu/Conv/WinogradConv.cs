using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// 3x3 convolution of stride 1, or 2, by Winograd's algorithm, a stem's over squares of pixels (PairedSource), and 1x1 by Strassen's (Strassen1x1). With tiles of 4x6 (WinogradForm) 48 products of matrices [tiles, channels] x [channels, outputs] instead of nine over 24 times as many pixels: two ninths of the multiplications.
// Both the forward pass and the adjoint in the input are such convolutions. With dilation d, each of the d·d subsets of pixels that lie d apart is one by itself.
//   a block of tiles: input transforms -> V [value][tile][channel], the block's only copy of the input; stays in the second-level cache, a long block's in the third
//   each sliver of outputs, or all of them: a product a value -> M [value][tile][column], then output transforms with bias, residual and activation
// Transformed filters are panels of as many taps as there are filters, which a block reads once. Distances in V and M avoid powers of two, and planes are odd numbers of cache lines apart, for else their lines meet in few sets.
// Tiles that lack their last row or column of pixels leave out the values that make only those (TileEdge): such sums are not written, and what the output transform makes of them is not stored.
// Where there are few blocks, threads share the input transforms first, and the slivers then; every output is the same chain of operations either way.
internal sealed unsafe class WinogradConv(MicroKernel micro)
{
    private const int Line = 16;

    // A block's V and M.
    private const int BlockBytes = 800 << 10;

    // Filters of more than this are read from the third-level cache, or from memory, for every block. Then blocks are long, and each point's tiles meet all outputs before the next point's, so that only the tiles of one point need stay in cache.
    private const int ManyFilterBytes = 1 << 20, LongBlock = 32;

    // Of pairs of pixels: sums stay in the first cache levels while a sliver is finished.
    private const int PairsBlock = 24;

    // Fewer blocks than this for each thread are shared out by slivers too, where the transforms of all tiles take no more memory than this.
    private const int UnitsPerThread = 4;
    private const long SharedBytes = 64 << 20;

    // What a thread's next block reads and writes is fetched during a block's last products, a line every four terms, so that it is still in the second-level cache then: two lines, or half a one, are as good.
    private const int AheadBytesPerTerm = 16, MostRuns = 128;

    // Of a panel that few groups of tiles meet, each of which fetches lines of the next one.
    private const int PieceBytes = 12 << 10;

    // How far before its use a panel is fetched that few tiles meet, as two groups at most.
    private const int SoonBytes = 8 << 10, MostFew = 2 * MicroKernel.SoonRows;

    /// <summary>Whether a convolution is one of these.</summary>
    public static bool Fits(in Conv2dArgs args, Size2 kernel) => kernel == new Size2(3, 3) && (args.Stride == new Size2(1, 1) || (args.Stride == new Size2(2, 2) && args.Dilation == new Size2(1, 1)));

    /// <summary>target = epilogue(phase(source)) of each map, for one group of channels. A block's tiles may be of several maps, so that small ones do not read the filters for themselves.</summary>
    /// <param name="form">Size of the tiles.</param>
    /// <param name="maps">What to convolve, in such tiles: sources and targets at the group's first channel.</param>
    /// <param name="channels">Channels of the group.</param>
    /// <param name="filters">Transformed filters.</param>
    public void Run(WinogradForm form, WinogradMap[] maps, int channels, Panels filters)
    {
        var tiles = new WinogradMaps(maps);
        if (tiles.Count == 0) return;
        var cut = filters.Cut;
        channels /= form.Parts;
        int threads = ParallelRows.Ready, step = WinogradTiles.Step(channels), width = WinogradTiles.Step(Math.Min(micro.MaxWidth, (int)cut.Stored));
        // Threads take long blocks in turn and so read the same filters at the same time: once from memory.
        var weights = cut.Stored * filters.Depth;
        var many = weights * sizeof(float) > ManyFilterBytes;
        int most = form.Parts > 1 ? PairsBlock / cut.Rows * cut.Rows : many ? LongBlock / cut.Rows * cut.Rows : (int)Math.Max(1, BlockBytes / (form.Values * sizeof(float) * (long)(step + width))), blocks = (tiles.Count + most - 1) / most;
        using var zeros = Scratch.Floats(micro.MaxWidth);
        new Span<float>(zeros.Pointer, micro.MaxWidth).Clear();
        var zero = zeros.Pointer;
        var whole = WinogradTiles.Plane(tiles.Count, step);
        // A single thread gains by transforming all tiles first only what reading the filters once saves, and pays with writing and reading all transforms.
        var alone = threads == 1 && blocks > 1 && 2 * form.Values * whole > (blocks - 1) * weights;
        if (alone || blocks >= UnitsPerThread * threads || form.Values * whole * sizeof(float) > SharedBytes)
        {
            // As many for each thread: the last one would otherwise be waited for.
            blocks = Math.Min(tiles.Count, (blocks + threads - 1) / threads * threads);
            ParallelRows.For(blocks, 1, (begin, end) =>
            {
                var runs = stackalloc AheadRun[MostRuns];
                for (var block = begin; block < end; block++)
                {
                    int first = Start(block), count = Start(block + 1) - first, coming = block + (many ? threads : 1);
                    var plane = WinogradTiles.Plane(count, step);
                    using var points = Scratch.Floats(form.Values * plane);
                    Transform(form, tiles, channels, first, count, points.Pointer, step, plane);
                    using var now = new Block(this, form, cut, tiles, first, count, points.Pointer, plane);
                    var ahead = coming < blocks ? Next(tiles, Start(coming), Start(coming + 1) - Start(coming), channels * form.Parts, cut.Columns * form.Parts, runs, now.Products * cut.Slivers) : default;
                    for (var s = 0; s < cut.Slivers; s += many ? cut.Slivers : 1) Multiply(form, now, step, channels, filters, s, many ? cut.Slivers : s + 1, tiles, zero, ref ahead);
                }
            }, inTurn: many);
            return;
        }
        using var all = Scratch.Floats(form.Values * whole);
        var shared = all.Pointer;
        ParallelRows.For(tiles.Count, 4, (begin, end) => Transform(form, tiles, channels, begin, end - begin, shared + begin * step, step, whole));
        // A block alone meets as many slivers as threads leave it, a point after the other: a point's tiles stay in the first-level cache.
        var together = blocks == 1 ? Math.Max(1, cut.Slivers / (2 * threads)) : 1;
        // A sliver meets one block after the other. Of many filters each thread's share is blocks whose tiles it has transformed itself, for cores need not share a cache, and threads go through the slivers side by side.
        int shares = many && blocks >= threads ? threads : 1, each = (blocks + shares - 1) / shares, groups = (cut.Slivers + together - 1) / together;
        blocks = shares * each;
        ParallelRows.For(blocks * groups, 1, (begin, end) =>
        {
            Ahead none = default;
            for (var unit = begin; unit < end; unit++)
            {
                var (share, ofShare) = Math.DivRem(unit, groups * each);
                var (group, block) = Math.DivRem(ofShare, each);
                block += share * each;
                var first = Start(block);
                using var now = new Block(this, form, cut, tiles, first, Start(block + 1) - first, shared + first * step, whole);
                Multiply(form, now, step, channels, filters, group * together, Math.Min(group * together + together, cut.Slivers), tiles, zero, ref none);
            }
        }, inTurn: shares == 1);

        int Start(int block) => (int)((long)tiles.Count * block / blocks);
    }

    // In how many groups tiles meet a panel. Each group fetches one vector's lines of the next panel, and a panel of which some lines come and others do not is slower than one without any: so there are as many groups as vectors, or the first one fetches all of its own panel, part of which may have come so far.
    private (int Groups, bool Few) Grouped(int tiles, in ColumnCut cut)
    {
        int groups = (tiles + cut.Rows - 1) / cut.Rows, vectors = cut.Width(0) / micro.VectorLanes;
        return groups >= vectors ? (groups, false) : tiles <= MostFew ? ((tiles + MicroKernel.SoonRows - 1) / MicroKernel.SoonRows, true) : (vectors, false);
    }

    private void Transform(WinogradForm form, WinogradMaps tiles, int channels, int first, int count, float* points, int step, nint plane)
    {
        for (int t = 0, many; t < count; t += many)
        {
            many = tiles.Run(first + t, count - t, out var map, out var own);
            Transform(micro, form, map.Source, channels, map.Tiles, own, many, points + t * step, step, plane);
        }
    }

    /// <summary>Input transforms of some tiles: [value][tile][step].</summary>
    /// <param name="micro">The path.</param>
    /// <param name="form">Size of the tiles.</param>
    /// <param name="source">Where the tiles lie.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="tiles">Geometry.</param>
    /// <param name="first">First tile.</param>
    /// <param name="count">Tiles.</param>
    /// <param name="points">Where the first tile's go.</param>
    /// <param name="step">Floats to the next tile's.</param>
    /// <param name="plane">Floats to the next value.</param>
    public static void Transform(MicroKernel micro, WinogradForm form, Picture source, int channels, WinogradTiles tiles, int first, int count, float* points, int step, nint plane)
    {
        using var zeros = Scratch.Floats(form.Parts * step);
        new Span<float>(zeros.Pointer, form.Parts * step).Clear();
        var rectangles = stackalloc float*[2 * form.Inputs];
        Pixels(first, rectangles);
        for (var t = 0; t < count; t++)
        {
            float** now = rectangles + t % 2 * form.Inputs, next = rectangles + (t + 1) % 2 * form.Inputs;
            Pixels(first + Math.Min(t + 1, count - 1), next);
            form.Input(micro.Simd, now, next, channels, points + t * step, plane);
        }

        void Pixels(int tile, float** to)
        {
            var (n, y, x) = tiles.Origin(tile);
            tiles.Pixels(source, n, y * tiles.Stride + tiles.Top, x * tiles.Stride + tiles.Left, form.InputRows, form.InputColumns, zeros.Pointer, to);
        }
    }

    // What some tiles will read and write, for the loop before them.
    private static Ahead Next(WinogradMaps tiles, int first, int count, int channels, int outputs, AheadRun* runs, long sums)
    {
        var found = 0;
        for (int t = 0, many; t < count; t += many)
        {
            many = tiles.Run(first + t, count - t, out var map, out var own);
            found += map.Runs(own, many, channels, outputs, runs + found, MostRuns - found);
        }
        return new Ahead(runs, found, sums, AheadBytesPerTerm * channels);
    }

    // The products of some tiles with some slivers of outputs, and their output transforms. The outputs' lines come to the second-level cache meanwhile, a few for each product: half of what the transforms would take is waiting for them.
    // While the last tiles meet a panel of filters, the next one comes from the third-level cache, which another core may keep busy, or from memory: each of as many groups of tiles as a panel has vectors fetches the lines of one, for a burst of all would wait.
    [SkipLocalsInit]
    private void Multiply(WinogradForm form, in Block block, int step, int channels, Panels filters, int sliver0, int sliver1, WinogradMaps tiles, float* zero, ref Ahead ahead)
    {
        int values = form.Values, count = block.Count;
        var edges = form.Edges;
        var cut = filters.Cut;
        int column = cut.Start(sliver0), columns = cut.Start(sliver1 - 1) + cut.Valid(sliver1 - 1) - column, row = WinogradTiles.Step(cut.Start(sliver1 - 1) + cut.Width(sliver1 - 1) - column);
        var sumPlane = WinogradTiles.Plane(count, row);
        using var sums = Scratch.Floats(values * sumPlane);
        var outs = stackalloc float*[count];
        for (var t = 0; t < count; t++) outs[t] = sums.Pointer + t * row;
        // A panel in pieces where few groups meet it, or all of the next one would be fetched at once.
        int part = form.Terms(channels), piece = tiles.Count > MostFew && tiles.Count <= 2 * cut.Rows ? Math.Max(1, PieceBytes / sizeof(float) / micro.MaxWidth / part) * part : channels;
        Tile tile = new() { AStep = step, Segments = 1, Part = part, Bias = zero, Floor = float.NegativeInfinity };
        int products = (int)block.Products * (sliver1 - sliver0), fetched = 0, share = Sse.IsSupported ? (block.Written + products - 1) / products : 0;
        // The first rows of the slivers' panels, and of the one behind them.
        var panels = stackalloc float*[sliver1 - sliver0 + 1];
        for (var s = sliver0; s <= sliver1; s++) panels[s - sliver0] = s < cut.Slivers ? filters[s] : null;
        for (nint p = 0, filter = 0, next; p < values; p++, filter = next)
        {
            next = p + 1 < values ? form.FilterOf((int)p + 1) * (nint)channels : 0;
            var (from, groups, least, more, few) = block.Having[(int)edges[p]];
            for (var s = sliver0; s < sliver1; s++)
            {
                tile.BStep = cut.Width(s);
                var spread = Math.Min(cut.Width(s) / micro.VectorLanes, groups);
                tile.Column = p * sumPlane + cut.Start(s) - column;
                float* panel = panels[s - sliver0] + filter * tile.BStep;
                float* following = s + 1 < sliver1 ? panels[s + 1 - sliver0] + filter * cut.Width(s + 1) : p + 1 < values ? panels[0] + next * cut.Width(sliver0) : panels[s + 1 - sliver0];
                for (var term = 0; term < channels; term += piece)
                {
                    tile.B = panel + term * tile.BStep;
                    tile.SegmentLength = Math.Min(piece, channels - term);
                    tile.HasResidual = term > 0;
                    for (int g = 0, t = from, rows; g < groups; g++, t += rows)
                    {
                        rows = g < more ? least : least + 1;
                        for (var until = Math.Min(block.Written, fetched + share); fetched < until && term == 0; fetched++)
                            for (var c = column; c < column + columns; c += Line) Sse.Prefetch1(block.Lines[fetched] + c);
                        ahead.Next(&tile, tile.SegmentLength);
                        tile.Soon = few && g == 0 ? SoonBytes : 0;
                        tile.A = block.Points + p * block.Plane + t * step + term;
                        tile.Out = outs + t;
                        tile.Next = g >= groups - spread && following != null && following != panel ? following + term * tile.BStep + (g - groups + spread) * tile.SegmentLength * micro.VectorLanes : null;
                        micro.Run(&tile, rows, (int)tile.BStep, Addressing.Strided);
                    }
                }
            }
        }
        GC.KeepAlive(filters);
        for (int t = 0, many; t < count; t += many)
        {
            many = tiles.Run(block.First + t, count - t, out var map, out _);
            var finish = map.Finish(column);
            for (var i = t; i < t + many; i++)
            {
                var target = block.Targets + i;
                form.Output(micro.Simd, outs[i], sumPlane, columns, finish, target->First + column, target->Down, target->Right, target->Height, target->Width);
            }
        }
    }

    // Tiles that meet filters together: their values, and where their outputs go, as tiles and as a list of the pixels that exist, each followed by its residual where that is elsewhere.
    private readonly struct Block : IDisposable
    {
        private readonly Scratch _targets, _lines;

        public Block(WinogradConv conv, WinogradForm form, in ColumnCut cut, WinogradMaps tiles, int first, int count, float* points, nint plane)
        {
            (First, Count, Plane) = (first, count, plane);
            Points = points;
            for (var edge = TileEdge.Right; edge <= TileEdge.Corner; edge++)
            {
                var (from, having) = tiles.Having(edge, first, count);
                var (groups, few) = conv.Grouped(having, cut);
                Having[(int)edge] = new(from, groups, having / Math.Max(1, groups), groups - having % Math.Max(1, groups), few);
            }
            foreach (var edge in form.Edges) Products += Having[(int)edge].Count;
            _targets = new Scratch(count * (long)sizeof(WinogradTarget));
            _lines = new Scratch((long)count * form.Outputs * form.Parts * 2 * sizeof(float*));
            for (int t = 0, many; t < count; t += many)
            {
                many = tiles.Run(first + t, count - t, out var map, out var own);
                var residual = map.Finish(0).Residual;
                for (var i = 0; i < many; i++)
                {
                    var target = Targets + t + i;
                    *target = map.Target(own + i);
                    for (var y = 0; y < target->Height; y++)
                        for (var x = 0; x < target->Width; x++)
                        {
                            var pixel = target->First + y * target->Down + x * target->Right;
                            Lines[Written++] = pixel;
                            if (residual != 0) Lines[Written++] = pixel + residual;
                        }
                }
            }
        }

        public readonly float* Points;
        public readonly int First, Count, Written;
        public readonly nint Plane;

        // Which of the tiles have the pixels of an edge, and in how many groups they meet a filter.
        public readonly Groups Having;

        // Groups of all values.
        public readonly long Products;

        public WinogradTarget* Targets => (WinogradTarget*)_targets.Pointer;

        public float** Lines => (float**)_lines.Pointer;

        public void Dispose()
        {
            _targets.Dispose();
            _lines.Dispose();
        }
    }

    // Of each edge.
    [InlineArray(WinogradMaps.Edges)]
    private struct Groups
    {
        private Grouping _first;
    }

    // Some of a block's tiles, in groups of least tiles, and from a group on of one more.
    private readonly record struct Grouping(int First, int Count, int Least, int More, bool Few);

    /// <summary>Transformed filters of a forward pass, for one group: columns are outputs, the depth (value, input).</summary>
    /// <param name="form">Size of the tiles.</param>
    /// <param name="weight">[outputs][taps down][taps across][inputs].</param>
    /// <param name="outputs">Outputs of the group.</param>
    /// <param name="inputs">Inputs of the group.</param>
    public Panels Filters(WinogradForm form, float* weight, int outputs, int inputs)
    {
        // An output's weights; with two parts the four quarters of the matrix are four taps.
        int parts = form.Parts, kernel = form.Kernel * form.Kernel * parts * parts, row = form.Kernel * form.Kernel * inputs;
        (inputs, outputs) = (inputs / parts, outputs / parts);
        var panels = new Panels(micro, form.Filters * (long)inputs, outputs);
        var cut = panels.Cut;
        ParallelRows.For(cut.Slivers, 1, (begin, end) =>
        {
            // The taps are turned first, so that vectors run along outputs: they are a fifth of what they become.
            using var turned = Scratch.Floats((long)kernel * inputs * micro.MaxWidth);
            using var room = Scratch.Floats(form.Filters * (long)micro.MaxWidth);
            var taps = stackalloc float*[kernel];
            for (var s = begin; s < end; s++)
            {
                var width = cut.Width(s);
                for (var k = 0; k < kernel; k++) Panels.Pack(weight + (long)(cut.Start(s) + k % parts * outputs) * row + k / parts * inputs, row, 1, inputs, cut.Valid(s), turned.Pointer + (long)k * inputs * width, width);
                for (var i = 0; i < inputs; i++)
                {
                    for (var k = 0; k < kernel; k++) taps[k] = turned.Pointer + ((long)k * inputs + i) * width;
                    Fill(form, panels, s, i, taps, room.Pointer);
                }
            }
        });
        return panels;
    }

    /// <summary>Those of the adjoint in the input: the taps reversed, columns inputs, the depth (value, output).</summary>
    /// <param name="form">Size of the tiles.</param>
    /// <param name="weight">[outputs][3][3][inputs].</param>
    /// <param name="outputs">Outputs of the group.</param>
    /// <param name="inputs">Inputs of the group.</param>
    public Panels AdjointFilters(WinogradForm form, float* weight, int outputs, int inputs)
    {
        var panels = new Panels(micro, form.Filters * (long)outputs, inputs);
        var cut = panels.Cut;
        ParallelRows.For(cut.Slivers, 1, (begin, end) =>
        {
            var taps = stackalloc float*[9];
            using var room = Scratch.Floats(form.Filters * (long)micro.MaxWidth);
            for (var s = begin; s < end; s++)
                for (var o = 0; o < outputs; o++)
                {
                    for (var k = 0; k < 9; k++) taps[k] = weight + (o * 9L + 8 - k) * inputs + cut.Start(s);
                    Fill(form, panels, s, o, taps, room.Pointer);
                }
        });
        return panels;
    }

    // One row of a sliver for each value. By way of a little room: the rows lie a multiple of 4 KiB apart, and half a cache line at a time would not stay.
    private void Fill(WinogradForm form, Panels panels, int sliver, int row, float** taps, float* room)
    {
        var cut = panels.Cut;
        var depth = panels.Depth / form.Filters;
        form.Filter(taps, cut.Valid(sliver), room, micro.MaxWidth);
        for (var p = 0; p < form.Filters; p++)
            Panels.Pack(room + p * micro.MaxWidth, 1, 0, 1, cut.Valid(sliver), panels[sliver] + (p * depth + row) * cut.Width(sliver), cut.Width(sliver));
    }
}
