using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// The adjoint of WinogradConv in the weight: both the input and the output's gradient are transformed, and the sums over pixels become 48 products over tiles, [outputs, tiles] x [tiles, channels], two ninths of the multiplications.
// Neither factor is packed: a point's rows of both lie [tile][channel], which is how the micro-kernel reads a transposed A and a B in place.
// Tiles are taken in chunks, whose transforms stay in cache and which threads share; then they share the points. A chunk's sums are added to a point's in the order of tiles: the same bits for any number of threads.
internal sealed unsafe class WinogradWeightGradient(MicroKernel micro)
{
    private static readonly WinogradForm Form = WinogradForm.Large;

    // A chunk's transforms, where the sums are few enough to stay in cache beside them; else a chunk is long enough to repay reading and writing all sums.
    private const int ChunkBytes = 640 << 10, FewSums = 512 << 10, LongChunk = 384;

    // What a transform of one channel of a tile costs, as multiplications of the products.
    private const double Cost = 1200;

    /// <summary>Whether it will be faster than gathering pixels.</summary>
    public static bool Pays(int batch, Phase phase, int channels, int outputs)
    {
        double tiles = new WinogradTiles(Form, batch, phase).Count, direct = 9.0 * batch * phase.Rows * phase.Columns * channels * outputs;
        return Form.Values * tiles * channels * outputs + tiles * Cost * (channels + outputs) + Cost * channels * outputs < direct;
    }

    /// <summary>dWeight = the gradient, for one group of channels.</summary>
    /// <param name="source">What the convolution read, at the group's first channel.</param>
    /// <param name="channels">Channels of the group.</param>
    /// <param name="phase">The forward phase: nine taps.</param>
    /// <param name="dOutput">The output's gradient, at the group's first channel.</param>
    /// <param name="outputs">Output channels of the group.</param>
    /// <param name="dWeight">[outputs][3][3][channels].</param>
    public void Run(Picture source, int channels, Phase phase, Picture dOutput, int outputs, float* dWeight)
    {
        var tiles = new WinogradTiles(Form, source.Batch, phase);
        var cut = new ColumnCut(micro, channels);
        int step = WinogradTiles.Step(channels), dStep = WinogradTiles.Step(outputs), rowTiles = (outputs + cut.Rows - 1) / cut.Rows;
        var sumPlane = WinogradTiles.Plane(outputs, (int)cut.Stored);
        using var sums = Scratch.Floats(Form.Values * sumPlane);
        var most = Form.Values * sumPlane * sizeof(float) <= FewSums ? Math.Max(32, ChunkBytes / (Form.Values * sizeof(float) * (step + dStep))) : LongChunk;
        int chunks = Math.Max(1, (tiles.Count + most - 1) / most), longest = (tiles.Count + chunks - 1) / chunks;
        nint plane = WinogradTiles.Plane(longest, step), dPlane = WinogradTiles.Plane(longest, dStep);
        using var points = Scratch.Floats(Form.Values * plane);
        using var dPoints = Scratch.Floats(Form.Values * dPlane);
        using var bias = TileSink.PaddedBias(micro, default, channels);
        float* v = points.Pointer, m = dPoints.Pointer, u = sums.Pointer, zero = bias.Pointer;
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            int first = (int)((long)tiles.Count * chunk / chunks), count = (int)((long)tiles.Count * (chunk + 1) / chunks) - first;
            var goesOn = chunk > 0;
            ParallelRows.For(count, 8, (begin, end) =>
            {
                WinogradConv.Transform(micro, Form, source, channels, tiles, first + begin, end - begin, v + begin * step, step, plane);
                Transform(dOutput, outputs, tiles, first + begin, end - begin, m + begin * dStep, dStep, dPlane);
            });
            ParallelRows.For(Form.Values, 1, (begin, end) =>
            {
                var outs = stackalloc float*[micro.MaxRows];
                Tile tile = new() { AStep = dStep, BStep = step, Segments = 1, SegmentLength = count, Part = Winograd4x6.ManyTerms, HasResidual = goesOn, Bias = zero, Floor = float.NegativeInfinity };
                for (var p = begin; p < end; p++)
                    for (var s = 0; s < cut.Slivers; s++)
                    {
                        tile.B = v + p * plane + cut.Start(s);
                        tile.Column = cut.Start(s);
                        for (var t = 0; t < rowTiles; t++)
                        {
                            int row = (int)((long)outputs * t / rowTiles), rows = (int)((long)outputs * (t + 1) / rowTiles) - row;
                            for (var i = 0; i < rows; i++) outs[i] = u + p * sumPlane + (row + i) * cut.Stored;
                            tile.A = m + p * dPlane + row;
                            tile.Out = outs;
                            micro.Run(&tile, rows, cut.Width(s), Addressing.Column);
                        }
                    }
            });
        }
        ParallelRows.For(outputs, 4, (begin, end) =>
        {
            for (var o = begin; o < end; o++)
            {
                float* from = u + o * cut.Stored, to = dWeight + 9L * o * channels;
                Winograd4x6.FilterGradient(micro.Simd, from, sumPlane, channels, to, channels);
            }
        });
    }

    // Of the output's gradient: 4x6 pixels to 48 values.
    private void Transform(Picture dOutput, int outputs, WinogradTiles tiles, int first, int count, float* points, int step, nint plane)
    {
        using var zeros = Scratch.Floats(step);
        new Span<float>(zeros.Pointer, step).Clear();
        var pixels = stackalloc float*[Form.Outputs];
        for (var t = 0; t < count; t++)
        {
            var (n, y, x) = tiles.Origin(first + t);
            tiles.Pixels(dOutput, n, y, x, Form.OutputRows, Form.OutputColumns, zeros.Pointer, pixels);
            Winograd4x6.OutputGradient(micro.Simd, pixels, outputs, points + t * step, plane);
        }
    }
}
