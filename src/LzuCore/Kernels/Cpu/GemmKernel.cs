using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Matrix products. The sum is cut into blocks and the columns into groups, so that a group's block of b, packed into panels, fills most of the second-level cache
// while tiles of rows pass over it: a tile's rows of a are read once a group and stay in the first-level cache until all its panels are done.
// a is read in place where k is contiguous, else packed as [k][rows] a tile. b is read in place where too few rows use it to repay packing. Packed weights are kept
// where the caller asks. Threads share the packing of a group, then its tiles; every output element is one chain of multiply-adds in the order of k,
// so no result depends on who did what. float64 takes the plain loops.
internal sealed unsafe class GemmKernel(MicroKernel micro) : IGemmKernel
{
    // Terms of a block of the sum, at most: eight rows of a take 32 KiB.
    private const int DepthBlock = 1024;

    // A group's block of b. Second-level caches of 1 MiB and more hold it beside what streams through.
    private const int GroupBytes = 768 << 10;

    // Up to so many rows, packing b costs as much as it saves.
    private const int FewRows = 24;

    // Terms packed at once, so that rows of b are read to their end while their pages are at hand.
    private const int PackedDepth = 64;

    // Tiles of rows a unit of work, and units wanted for threads to share.
    private const int UnitTiles = 16, WantedUnits = 16;

    public void Forward(in GemmArgs args, TensorView a, TensorView b, in Epilogue epilogue, TensorView output)
    {
        if (output.Count == 0) return;
        if (output.DType == DType.Float64)
        {
            PlainGemm<double>.Forward(a, b, epilogue, output);
            return;
        }
        using var bias = TileSink.PaddedBias(micro, epilogue, b.Shape[2]);
        var sink = new TileSink(bias.Pointer, epilogue, output.Pointer<float>());
        int m = a.Shape[1], k = a.Shape[2], n = b.Shape[2];
        long[] sa = a.Layout.Strides.ToArray(), sb = b.Layout.Strides.ToArray();
        var kept = args.KeepPacked && b.Shape[0] == 1 ? KeptPanels(b, k, n) : null;
        for (var batch = 0; batch < a.Shape[0]; batch++)
        {
            var left = new Matrix((nint)(a.Pointer<float>() + batch * sa[0]), (nint)sa[1], (nint)sa[2]);
            var right = new Matrix((nint)(b.Pointer<float>() + batch * sb[0]), (nint)sb[1], (nint)sb[2]);
            Product(left, right, kept, m, k, n, sink, output.Pointer<float>() + (long)batch * m * n);
        }
        GC.KeepAlive(kept);
    }

    private readonly record struct LayoutKey(int Width, string Layout);

    private Panels KeptPanels(TensorView b, int k, int n) => b.Storage.Derive(new LayoutKey(micro.VectorLanes, b.Layout.ToString()), () =>
    {
        var strides = b.Layout.Strides;
        return new Panels(micro, k, n).Fill(b.Pointer<float>(), (nint)strides[2], (nint)strides[1], [0], k);
    });

    private void Product(Matrix a, Matrix b, Panels? kept, int m, int k, int n, TileSink sink, float* output)
    {
        var cut = new ColumnCut(micro, n);
        int tiles = (m + cut.Rows - 1) / cut.Rows, blocks = Math.Max(1, (k + DepthBlock - 1) / DepthBlock), longest = (k + blocks - 1) / blocks;
        var groups = kept is not null ? 1 : (int)Math.Clamp((cut.Stored * longest * sizeof(float) + GroupBytes - 1) / GroupBytes, 1, cut.Slivers);
        bool packRows = a.ColumnStep != 1, packPanels = b.ColumnStep != 1 || m > FewRows;
        using var rows = Scratch.Floats(packRows ? (long)m * longest : 0);
        using var room = Scratch.Floats(kept is null ? (cut.Slivers / groups + 1L) * micro.MaxWidth * longest : 0);
        using var table = new Scratch((long)cut.Slivers * sizeof(Panel));
        var panels = (Panel*)table.Pointer;
        for (var block = 0; block < blocks; block++)
        {
            int from = Part(k, block, blocks), depth = Part(k, block + 1, blocks) - from;
            if (packRows) PackRows(a, from, depth, m, tiles, rows.Pointer);
            var left = packRows ? new Operand((nint)rows.Pointer, depth, Addressing.Column) : new Operand((nint)a.At(0, from), a.RowStep, Addressing.Strided);
            for (var group = 0; group < groups; group++)
            {
                int first = Part(cut.Slivers, group, groups), end = Part(cut.Slivers, group + 1, groups);
                for (var s = first; s < end; s++)
                    panels[s] = kept is not null ? new((nint)(kept[s] + (long)from * cut.Width(s)), cut.Width(s))
                        : InPlace(s) ? new((nint)b.At(from, cut.Start(s)), b.RowStep)
                        : new((nint)(room.Pointer + (long)(cut.Start(s) - cut.Start(first)) * depth), cut.Width(s));
                if (kept is null)
                    ParallelRows.For((depth + PackedDepth - 1) / PackedDepth, 1, (begin, last) =>
                    {
                        for (var part = begin; part < last; part++)
                            for (var s = first; s < end; s++)
                            {
                                int at = part * PackedDepth, width = cut.Width(s);
                                if (!InPlace(s)) Panels.Pack(b.At(from + at, cut.Start(s)), b.ColumnStep, b.RowStep, Math.Min(PackedDepth, depth - at), cut.Valid(s), (float*)panels[s].Address + (long)at * width, width);
                            }
                    });
                Tiles(left, depth, panels, first, end, cut, m, tiles, sink, output, isFirst: block == 0, isLast: block == blocks - 1);
            }
        }

        // The vectors of a sliver that is not full would read beyond the last row of b.
        bool InPlace(int s) => !packPanels && cut.Valid(s) == cut.Width(s);
    }

    private static void PackRows(Matrix a, int from, int depth, int m, int tiles, float* target) =>
        ParallelRows.For(tiles, 8, (begin, end) =>
        {
            for (var t = begin; t < end; t++)
            {
                int row = Part(m, t, tiles), rows = Part(m, t + 1, tiles) - row;
                Panels.Pack(a.At(row, from), a.RowStep, a.ColumnStep, depth, rows, target + (long)row * depth, rows);
            }
        });

    // One block of the sum, for one group of slivers and all rows.
    private void Tiles(Operand a, int depth, Panel* panels, int sliver0, int sliver1, ColumnCut cut, int m, int tiles, TileSink sink, float* output, bool isFirst, bool isLast)
    {
        int rowUnits = (tiles + UnitTiles - 1) / UnitTiles, columnUnits = Math.Clamp(WantedUnits / rowUnits, 1, sliver1 - sliver0);
        ParallelRows.For(rowUnits * columnUnits, 1, (begin, end) =>
        {
            Tile tile = default;
            var outs = stackalloc float*[micro.MaxRows];
            for (var unit = begin; unit < end; unit++)
            {
                var (rowUnit, columnUnit) = Math.DivRem(unit, columnUnits);
                int first = sliver0 + Part(sliver1 - sliver0, columnUnit, columnUnits), last = sliver0 + Part(sliver1 - sliver0, columnUnit + 1, columnUnits);
                for (var t = Part(tiles, rowUnit, rowUnits); t < Part(tiles, rowUnit + 1, rowUnits); t++)
                {
                    int row = Part(m, t, tiles), rows = Part(m, t + 1, tiles) - row;
                    for (var i = 0; i < rows; i++) outs[i] = output + (long)(row + i) * cut.Columns;
                    tile.A = (float*)a.Address + row * a.RowStep;
                    tile.AStep = a.Addressing == Addressing.Column ? rows : a.RowStep;
                    tile.SegmentLength = depth;
                    for (var s = first; s < last; s++)
                    {
                        tile.B = (float*)panels[s].Address;
                        tile.BStep = panels[s].Step;
                        sink.Run(micro, &tile, rows, a.Addressing, outs, cut.Start(s), cut.Valid(s), cut.Width(s), isFirst, isLast);
                    }
                }
            }
        });
    }

    // Where part i of n near-equal parts of a length begins: no part is a thin rest.
    private static int Part(int length, int i, int n) => (int)((long)length * i / n);

    // Element (row, column) is RowStep and ColumnStep floats from the first.
    private readonly record struct Matrix(nint Address, nint RowStep, nint ColumnStep)
    {
        public float* At(int row, int column) => (float*)Address + row * RowStep + column * ColumnStep;
    }

    // The rows of a that tiles read: row r begins r * RowStep floats from the first, packed tiles too.
    private readonly record struct Operand(nint Address, nint RowStep, Addressing Addressing);

    // One sliver of b as tiles read it.
    private readonly record struct Panel(nint Address, nint Step);
}
