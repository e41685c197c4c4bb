using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// 3x3 convolution of step 1 by Winograd's F(4x6, 3x3): 48 products of matrices [tiles, channels] x [channels, outputs] instead of nine over 24 times as many pixels: two ninths of the multiplications.
// Both the forward pass and the adjoint in the input are such convolutions. With dilation d, each of the d·d subsets of pixels that lie d apart is one by itself.
//   a block of tiles: input transforms -> V [48][tile][channel], the block's only copy of the input; stays in the second-level cache
//   each sliver of outputs: 48 products -> M [48][tile][column], then output transforms with bias, residual and activation
// Transformed filters are panels of 48 taps, which a block reads once, front to back. Distances in V and M avoid powers of two, and planes are odd numbers of cache lines apart, for else their lines meet in few sets.
// Where there are few blocks, threads share the input transforms first, and the slivers then; every output is the same chain of operations either way.
internal sealed unsafe class WinogradConv(MicroKernel micro)
{
    // A block's V and M.
    private const int BlockBytes = 800 << 10;

    // Filters that no third-level cache holds are read from memory for every block. Then blocks are long, and each point's tiles meet all outputs before the next point's, so that only the tiles of one point need stay in cache.
    private const int ManyFilterBytes = 16 << 20, LongBlock = 72;

    // Fewer blocks than this for each thread are shared out by slivers too, where the transforms of all tiles take no more memory than this.
    private const int UnitsPerThread = 4;
    private const long SharedBytes = 64 << 20;

    // Terms that are summed in a row. The transforms make rounding errors larger, which grow with the root of a sum's length: sums of 64 are as exact at 256 channels as whole ones would be with F(4x4, 3x3), and take 0 to 4 % longer.
    public const int LongPart = 64;
    private const int ShortPart = 32, FewChannels = 128;

    // Of a panel that few tiles meet.
    private const int PieceBytes = 12 << 10;

    // What transforming one channel of a tile costs, as multiplications of the products. Measured with AVX-512 on 64 to 256 channels.
    private const double InputCost = 1000, OutputCost = 1300;

    // Fewer tiles than this cost as much, for filters come from memory.
    private const int FewTiles = 10;

    /// <summary>Whether a convolution is one of these.</summary>
    public static bool Fits(in Conv2dArgs args, Size2 kernel) => kernel == new Size2(3, 3) && args.Stride == new Size2(1, 1);

    /// <summary>Whether one picture's will be faster than direct convolution: counts multiplications, with the transforms in terms of them. Of one, so that a picture's results do not depend on the others in its batch.</summary>
    public static bool Pays(Phase phase, int channels, int outputs) => Pays([phase], channels, outputs);

    /// <summary>The same of several maps with the same weights.</summary>
    public static bool Pays(ReadOnlySpan<Phase> maps, int channels, int outputs)
    {
        double tiles = 0, direct = 0;
        foreach (var phase in maps)
        {
            tiles += new WinogradTiles(1, phase).Count;
            direct += 9.0 * phase.Rows * phase.Columns * channels * outputs;
        }
        return WinogradTransform.Points * Math.Max(tiles, FewTiles) * channels * outputs + tiles * (InputCost * channels + OutputCost * outputs) < direct;
    }

    /// <summary>target = epilogue(phase(source)) of each map, for one group of channels. A block's tiles may be of several maps, so that small ones do not read the filters for themselves.</summary>
    /// <param name="maps">What to convolve: sources and targets at the group's first channel.</param>
    /// <param name="channels">Channels of the group.</param>
    /// <param name="filters">Transformed filters.</param>
    public void Run(WinogradMap[] maps, int channels, Panels filters)
    {
        var tiles = new WinogradMaps(maps);
        if (tiles.Count == 0) return;
        var cut = filters.Cut;
        int step = WinogradTiles.Step(channels), width = WinogradTiles.Step(Math.Min(micro.MaxWidth, (int)cut.Stored));
        var many = cut.Stored * filters.Depth * sizeof(float) > ManyFilterBytes;
        int most = many ? LongBlock / cut.Rows * cut.Rows : (int)Math.Max(1, BlockBytes / (WinogradTransform.Points * sizeof(float) * (long)(step + width))), blocks = (tiles.Count + most - 1) / most;
        using var zeros = Scratch.Floats(micro.MaxWidth);
        new Span<float>(zeros.Pointer, micro.MaxWidth).Clear();
        var zero = zeros.Pointer;
        var whole = WinogradTiles.Plane(tiles.Count, step);
        if (blocks >= UnitsPerThread * ParallelRows.Threads || WinogradTransform.Points * whole * sizeof(float) > SharedBytes)
        {
            ParallelRows.For(blocks, 1, (begin, end) =>
            {
                for (var block = begin; block < end; block++)
                {
                    int first = Block(block), count = Block(block + 1) - first;
                    var plane = WinogradTiles.Plane(count, step);
                    using var points = Scratch.Floats(WinogradTransform.Points * plane);
                    Transform(tiles, channels, first, count, points.Pointer, step, plane);
                    using var targets = Targets(tiles, first, count);
                    for (var s = 0; s < cut.Slivers; s += many ? cut.Slivers : 1) Multiply(points.Pointer, step, plane, channels, filters, s, many ? cut.Slivers : s + 1, tiles, first, count, (WinogradTarget*)targets.Pointer, zero);
                }
            });
            return;
        }
        using var all = Scratch.Floats(WinogradTransform.Points * whole);
        var shared = all.Pointer;
        ParallelRows.For(tiles.Count, 4, (begin, end) => Transform(tiles, channels, begin, end - begin, shared + begin * step, step, whole));
        ParallelRows.For(blocks * cut.Slivers, 1, (begin, end) =>
        {
            for (var unit = begin; unit < end; unit++)
            {
                var (s, block) = Math.DivRem(unit, blocks);
                int first = Block(block), count = Block(block + 1) - first;
                using var targets = Targets(tiles, first, count);
                Multiply(shared + first * step, step, whole, channels, filters, s, s + 1, tiles, first, count, (WinogradTarget*)targets.Pointer, zero);
            }
        });

        int Block(int b) => (int)((long)tiles.Count * b / blocks);
    }

    private void Transform(WinogradMaps tiles, int channels, int first, int count, float* points, int step, nint plane)
    {
        for (int t = 0, many; t < count; t += many)
        {
            many = tiles.Run(first + t, count - t, out var map, out var own);
            Transform(micro, map.Source, channels, map.Tiles, own, many, points + t * step, step, plane);
        }
    }

    /// <summary>Input transforms of some tiles: [48][tile][step].</summary>
    /// <param name="micro">The path.</param>
    /// <param name="source">Where the tiles lie.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="tiles">Geometry.</param>
    /// <param name="first">First tile.</param>
    /// <param name="count">Tiles.</param>
    /// <param name="points">Where the first tile's go.</param>
    /// <param name="step">Floats to the next tile's.</param>
    /// <param name="plane">Floats to the next of the 48.</param>
    public static void Transform(MicroKernel micro, Picture source, int channels, WinogradTiles tiles, int first, int count, float* points, int step, nint plane)
    {
        using var zeros = Scratch.Floats(step);
        new Span<float>(zeros.Pointer, step).Clear();
        var rectangles = stackalloc float*[2 * WinogradTransform.Points];
        Pixels(first, rectangles);
        for (var t = 0; t < count; t++)
        {
            float** now = rectangles + t % 2 * WinogradTransform.Points, next = rectangles + (t + 1) % 2 * WinogradTransform.Points;
            Pixels(first + Math.Min(t + 1, count - 1), next);
            WinogradTransform.Input(micro.Simd, now, next, channels, points + t * step, plane);
        }

        void Pixels(int tile, float** to)
        {
            var (n, y, x) = tiles.Origin(tile);
            tiles.Pixels(source, n, y + tiles.Top, x + tiles.Left, WinogradTransform.InputRows, WinogradTransform.InputColumns, zeros.Pointer, to);
        }
    }

    private static Scratch Targets(WinogradMaps tiles, int first, int count)
    {
        var scratch = new Scratch(count * (long)sizeof(WinogradTarget));
        var to = (WinogradTarget*)scratch.Pointer;
        for (int t = 0, many; t < count; t += many)
        {
            many = tiles.Run(first + t, count - t, out var map, out var own);
            for (var i = 0; i < many; i++) to[t + i] = map.Target(own + i);
        }
        return scratch;
    }

    // The 48 products of some tiles with some slivers of outputs, and their output transforms. The outputs' lines are fetched meanwhile, a few for each product: half of what the transforms would take is waiting for them.
    // While the last tiles meet a panel of filters, the next one comes from the third-level cache, which another core may keep busy.
    private void Multiply(float* points, int step, nint plane, int channels, Panels filters, int sliver0, int sliver1, WinogradMaps tiles, int first, int count, WinogradTarget* targets, float* zero)
    {
        const int pixels = WinogradTransform.Outputs;
        var cut = filters.Cut;
        int column = cut.Start(sliver0), columns = cut.Start(sliver1 - 1) + cut.Valid(sliver1 - 1) - column, row = WinogradTiles.Step(cut.Start(sliver1 - 1) + cut.Width(sliver1 - 1) - column), groups = (count + cut.Rows - 1) / cut.Rows;
        var sumPlane = WinogradTiles.Plane(count, row);
        using var sums = Scratch.Floats(WinogradTransform.Points * sumPlane);
        var outs = stackalloc float*[count];
        for (var t = 0; t < count; t++) outs[t] = sums.Pointer + t * row;
        // A panel in pieces where few tiles meet it, or all of the next one would be fetched at once.
        int part = channels > FewChannels ? LongPart : ShortPart, piece = tiles.Count <= 2 * cut.Rows ? Math.Max(1, PieceBytes / sizeof(float) / micro.MaxWidth / part) * part : channels;
        Tile tile = new() { AStep = step, Segments = 1, Part = part, Bias = zero, Floor = float.NegativeInfinity };
        int fetched = 0, share = (count * pixels + WinogradTransform.Points * (sliver1 - sliver0) - 1) / (WinogradTransform.Points * (sliver1 - sliver0));
        for (var p = 0; p < WinogradTransform.Points; p++)
            for (var s = sliver0; s < sliver1; s++)
            {
                tile.BStep = cut.Width(s);
                tile.Column = p * sumPlane + cut.Start(s) - column;
                float* panel = Panel(p, s), following = s + 1 < sliver1 ? Panel(p, s + 1) : p + 1 < WinogradTransform.Points ? Panel(p + 1, sliver0) : sliver1 < cut.Slivers ? Panel(0, sliver1) : null;
                for (var term = 0; term < channels; term += piece)
                {
                    tile.B = panel + term * tile.BStep;
                    tile.SegmentLength = Math.Min(piece, channels - term);
                    tile.HasResidual = term > 0;
                    for (int g = 0, t = 0, rows; g < groups; g++, t += rows)
                    {
                        rows = (count - t) / (groups - g);
                        for (var until = Math.Min(count * pixels, fetched + share / groups + 1); fetched < until && term == 0; fetched++) Fetch(targets + fetched / pixels, fetched % pixels / WinogradTransform.OutputColumns, fetched % WinogradTransform.OutputColumns, column, columns);
                        tile.A = points + p * plane + t * step + term;
                        tile.Out = outs + t;
                        tile.Next = g == groups - 1 && following != null ? following + term * tile.BStep : null;
                        micro.Run(&tile, rows, (int)tile.BStep / micro.VectorLanes, Addressing.Strided);
                    }
                }
            }
        GC.KeepAlive(filters);
        for (int t = 0, many; t < count; t += many)
        {
            many = tiles.Run(first + t, count - t, out var map, out _);
            var finish = map.Finish(column);
            for (var i = t; i < t + many; i++) WinogradTransform.Output(micro.Simd, outs[i], sumPlane, columns, finish, targets[i].First + column, targets[i].Down, targets[i].Right, targets[i].Height, targets[i].Width);
        }

        float* Panel(int p, int s) => filters[s] + (long)p * channels * cut.Width(s);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(WinogradTarget* target, int y, int x, int column, int columns)
    {
        if (!Sse.IsSupported || y >= target->Height || x >= target->Width) return;
        var line = target->First + y * target->Down + x * target->Right + column;
        for (var c = 0; c < columns; c += 16) Sse.Prefetch0(line + c);
    }

    /// <summary>Transformed filters of a forward pass, for one group: columns are outputs, the depth (value, input).</summary>
    /// <param name="weight">[outputs][3][3][inputs].</param>
    /// <param name="outputs">Outputs of the group.</param>
    /// <param name="inputs">Inputs of the group.</param>
    public Panels Filters(float* weight, int outputs, int inputs)
    {
        var panels = new Panels(micro, WinogradTransform.Points * (long)inputs, outputs);
        var cut = panels.Cut;
        ParallelRows.For(cut.Slivers, 1, (begin, end) =>
        {
            // The taps are turned first, so that vectors run along outputs: they are a fifth of what they become.
            using var turned = Scratch.Floats(9L * inputs * micro.MaxWidth);
            using var room = Scratch.Floats(WinogradTransform.Points * (long)micro.MaxWidth);
            var taps = stackalloc float*[9];
            for (var s = begin; s < end; s++)
            {
                var width = cut.Width(s);
                for (var k = 0; k < 9; k++) Panels.Pack(weight + (cut.Start(s) * 9L + k) * inputs, 9 * (nint)inputs, 1, inputs, cut.Valid(s), turned.Pointer + (long)k * inputs * width, width);
                for (var i = 0; i < inputs; i++)
                {
                    for (var k = 0; k < 9; k++) taps[k] = turned.Pointer + ((long)k * inputs + i) * width;
                    Fill(panels, s, i, taps, room.Pointer);
                }
            }
        });
        return panels;
    }

    /// <summary>Those of the adjoint in the input: the taps reversed, columns inputs, the depth (value, output).</summary>
    /// <param name="weight">[outputs][3][3][inputs].</param>
    /// <param name="outputs">Outputs of the group.</param>
    /// <param name="inputs">Inputs of the group.</param>
    public Panels AdjointFilters(float* weight, int outputs, int inputs)
    {
        var panels = new Panels(micro, WinogradTransform.Points * (long)outputs, inputs);
        var cut = panels.Cut;
        ParallelRows.For(cut.Slivers, 1, (begin, end) =>
        {
            var taps = stackalloc float*[9];
            using var room = Scratch.Floats(WinogradTransform.Points * (long)micro.MaxWidth);
            for (var s = begin; s < end; s++)
                for (var o = 0; o < outputs; o++)
                {
                    for (var k = 0; k < 9; k++) taps[k] = weight + (o * 9L + 8 - k) * inputs + cut.Start(s);
                    Fill(panels, s, o, taps, room.Pointer);
                }
        });
        return panels;
    }

    // One row of a sliver for each of the 48 values. By way of a little room: the rows lie a multiple of 4 KiB apart, and half a cache line at a time would not stay.
    private void Fill(Panels panels, int sliver, int row, float** taps, float* room)
    {
        var cut = panels.Cut;
        var depth = panels.Depth / WinogradTransform.Points;
        WinogradTransform.Filter(taps, cut.Valid(sliver), room, micro.MaxWidth);
        for (var p = 0; p < WinogradTransform.Points; p++)
            Panels.Pack(room + p * micro.MaxWidth, 1, 0, 1, cut.Valid(sliver), panels[sliver] + (p * depth + row) * cut.Width(sliver), cut.Width(sliver));
    }
}
