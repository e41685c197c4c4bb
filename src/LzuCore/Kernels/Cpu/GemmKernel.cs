using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Matrix products. b is packed into panels. Rows of a are read in place where k is contiguous, unless they lie a multiple of 4 KiB apart
// and would share a cache set; else they are packed as [k][rows] a tile, for a block of the sum at a time. Panels run outside,
// tiles of rows inside: a block of one panel (512 x 48 floats) and a unit's rows of a stay in the second-level cache.
// Threads take blocks of rows x columns; a block runs its whole sum, so no result depends on who did what. float64 takes the plain loops.
internal sealed unsafe class GemmKernel(MicroKernel micro) : IGemmKernel
{
    // Terms of a block of the sum: 96 KiB of a panel; longer blocks evict a, shorter ones re-read the output.
    private const int DepthBlock = 512;

    // Tiles of rows a unit of work.
    private const int RowTiles = 16;

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
        long[] sa = a.Layout.Strides.ToArray(), sb = b.Layout.Strides.ToArray();
        int m = a.Shape[1], k = a.Shape[2], n = b.Shape[2];
        Panels? panels = null;
        for (var batch = 0; batch < a.Shape[0]; batch++)
        {
            if (panels is null || sb[0] != 0)
            {
                var from = b.Pointer<float>() + batch * sb[0];
                Panels Make() => new Panels(micro, k, n).Fill(from, (nint)sb[2], (nint)sb[1], [0], k);
                panels = args.KeepPacked && b.Shape[0] == 1 ? b.Storage.Derive(new LayoutKey(micro.VectorLanes, b.Layout.ToString()), Make) : Make();
            }
            Product(a.Pointer<float>() + batch * sa[0], (nint)sa[1], (nint)sa[2], m, panels, sink, output.Pointer<float>() + (long)batch * m * n);
        }
        GC.KeepAlive(panels);
    }

    private readonly record struct LayoutKey(int Width, string Layout);

    private void Product(float* a, nint rowStride, nint depthStride, int m, Panels b, TileSink sink, float* output)
    {
        int k = checked((int)b.Depth), n = b.Cut.Columns, tiles = (m + b.Cut.Rows - 1) / b.Cut.Rows;
        // Rows a multiple of 4 KiB apart share one cache set: pack those too.
        var inPlace = depthStride == 1 && rowStride % 1024 != 0;
        var room = Math.Min(k, DepthBlock) + 16;
        using var packed = Scratch.Floats(inPlace ? 0 : (long)m * room);
        var slivers = packed.Pointer;
        int rowUnits = (tiles + RowTiles - 1) / RowTiles;
        int columnUnits = Math.Clamp(16 / rowUnits, 1, b.Cut.Slivers);
        var start = 0;
        do
        {
            int from = start, depth = Math.Min(k - from, DepthBlock);
            // Tile t holds rows [t·m / tiles, (t + 1)·m / tiles): near-equal parts, never a thin rest.
            if (!inPlace)
                ParallelRows.For(tiles, 8, (begin, end) =>
                {
                    for (var t = begin; t < end; t++)
                    {
                        int row = Row(t), rows = Row(t + 1) - row;
                        Panels.Pack(a + row * rowStride + from * depthStride, rowStride, depthStride, depth, rows, slivers + (long)row * room, rows);
                    }
                });
            ParallelRows.For(rowUnits * columnUnits, 1, (begin, end) =>
            {
                Tile tile;
                var outs = stackalloc float*[micro.MaxRows];
                for (var unit = begin; unit < end; unit++)
                {
                    var (rowUnit, columnUnit) = Math.DivRem(unit, columnUnits);
                    int sliver0 = (int)((long)b.Cut.Slivers * columnUnit / columnUnits), sliver1 = (int)((long)b.Cut.Slivers * (columnUnit + 1) / columnUnits);
                    for (var s = sliver0; s < sliver1; s++)
                        for (var t = rowUnit * RowTiles; t < Math.Min(tiles, (rowUnit + 1) * RowTiles); t++)
                        {
                            int row = Row(t), rows = Row(t + 1) - row;
                            for (var i = 0; i < rows; i++) outs[i] = output + (long)(row + i) * n;
                            tile.A = inPlace ? a + row * rowStride + from : slivers + (long)row * room;
                            tile.AStep = inPlace ? rowStride : rows;
                            tile.SegmentLength = depth;
                            tile.B = b[s] + (long)from * b.Cut.Width(s);
                            sink.Run(micro, &tile, rows, inPlace ? Addressing.Strided : Addressing.Column, outs, b.Cut.Start(s), b.Cut.Valid(s), b.Cut.Width(s), first: from == 0, last: from + depth == k);
                        }
                }
            });
            start += depth;
        }
        while (start < k);

        int Row(int t) => (int)((long)m * t / tiles);
    }
}
