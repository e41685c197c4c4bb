namespace LzuCore.Kernels.Cpu;

/// <summary>The tiles of a convolution: pictures, then rows, then columns. With dilation, the rows are those of each subset of pixels in turn.</summary>
internal readonly unsafe struct WinogradTiles
{
    private const int Line = 16;
    private readonly Axis _rows, _columns;

    public WinogradTiles(WinogradForm form, int batch, Phase phase)
    {
        int bottom = int.MinValue, right = int.MinValue;
        (Top, Left) = (int.MaxValue, int.MaxValue);
        foreach (var tap in phase.Taps) (Top, bottom, Left, right) = (Math.Min(Top, tap.Dy), Math.Max(bottom, tap.Dy), Math.Min(Left, tap.Dx), Math.Max(right, tap.Dx));
        Stride = phase.SourceStepY;
        (StepY, StepX) = form.Kernel > 1 ? ((bottom - Top) / (form.Kernel - 1), (right - Left) / (form.Kernel - 1)) : (1, 1);
        (ApartY, ApartX) = form.Kernel > 1 ? (StepY, StepX) : (Stride, Stride);
        (_rows, _columns) = (new Axis(phase.Rows, StepY, form.OutputRows), new Axis(phase.Columns, StepX, form.OutputColumns));
        Count = checked(batch * _rows.Count * _columns.Count);
    }

    /// <summary>Tiles of all pictures.</summary>
    public int Count { get; }

    /// <summary>Where the first tap reads, relative to its output.</summary>
    public int Top { get; }

    public int Left { get; }

    /// <summary>Source pixels from an output's to the next one's.</summary>
    public int Stride { get; }

    /// <summary>Pixels from one of a tile's outputs to the next, down and right: the dilation.</summary>
    public int StepY { get; }

    public int StepX { get; }

    /// <summary>Pixels from one that a tile reads to the next: the dilation, or the stride of a single tap.</summary>
    public int ApartY { get; }

    public int ApartX { get; }

    /// <summary>A tile's picture and its first output pixel.</summary>
    public (int Picture, int Y, int X) Origin(int tile)
    {
        var (line, column) = Math.DivRem(tile, _columns.Count);
        var (picture, row) = Math.DivRem(line, _rows.Count);
        return (picture, _rows.Start(row), _columns.Start(column));
    }

    /// <summary>How many of some tiles lie in the first one's row.</summary>
    public int Across(int tile, int count) => Math.Min(count, _columns.Count - tile % _columns.Count);

    /// <summary>The first channels of a rectangle's pixels, row by row; zeros for those outside. Pointers, for copying those at the border cost more than transforming all of them.</summary>
    /// <param name="picture">Where it lies.</param>
    /// <param name="n">In which picture of the batch.</param>
    /// <param name="y">First row.</param>
    /// <param name="x">First column.</param>
    /// <param name="rows">Pixels down.</param>
    /// <param name="columns">Pixels across.</param>
    /// <param name="zero">A pixel of zeros, of whole vectors.</param>
    /// <param name="to">rows x columns pointers.</param>
    public void Pixels(Picture picture, int n, int y, int x, int rows, int columns, float* zero, float** to)
    {
        var from = picture.Data + n * picture.Image;
        for (var i = 0; i < rows; i++, y += ApartY)
        {
            var across = x;
            for (var j = 0; j < columns; j++, across += ApartX)
                *to++ = (uint)y < (uint)picture.Height && (uint)across < (uint)picture.Width ? from + y * picture.Row + across * picture.Pixel : zero;
        }
    }

    /// <summary>Floats from a tile's channels to the next tile's: whole cache lines and one more, since powers of two meet in few sets.</summary>
    public static int Step(int channels) => (channels + Line - 1) / Line * Line + Line;

    /// <summary>Floats from one of a tile's values to the next: an odd number of cache lines.</summary>
    public static nint Plane(int tiles, int step) => ((nint)tiles * step / Line | 1) * Line;

    // One axis: the first subsets may have a pixel more than the others.
    private readonly struct Axis(int length, int step, int outputs)
    {
        private readonly int _long = length % step, _longTiles = TilesOf(length / step + 1, outputs), _tiles = TilesOf(length / step, outputs);

        public int Count => _long * _longTiles + (step - _long) * _tiles;

        public int Start(int index)
        {
            var beyond = index - _long * _longTiles;
            var (subset, tile) = beyond < 0 ? Math.DivRem(index, _longTiles) : Math.DivRem(beyond, _tiles);
            return (beyond < 0 ? subset : _long + subset) + tile * outputs * step;
        }

        private static int TilesOf(int pixels, int outputs) => (pixels + outputs - 1) / outputs;
    }
}

/// <summary>One picture batch that a convolution reads and writes, cut into tiles.</summary>
/// <param name="form">Size of the tiles.</param>
/// <param name="source">The source, at the group's first channel.</param>
/// <param name="phase">Geometry: as many taps as the form has.</param>
/// <param name="target">The target, at the group's first channel.</param>
/// <param name="sink">Bias, residual and activation; its column 0 is the group's first channel.</param>
internal sealed unsafe class WinogradMap(WinogradForm form, Picture source, Phase phase, Picture target, TileSink sink)
{
    public Picture Source { get; } = source;

    public WinogradTiles Tiles { get; } = new(form, source.Batch, phase);

    /// <summary>What some tiles read, as far as the tiles above them do not, and what they write, as runs of memory: a row of pixels each. None where a row's pixels are not side by side (dilation, groups).</summary>
    /// <param name="tile">The first.</param>
    /// <param name="count">How many.</param>
    /// <param name="channels">Channels that are read.</param>
    /// <param name="outputs">Channels that are written.</param>
    /// <param name="runs">Receives the runs.</param>
    /// <param name="most">Room for so many; the others are left out.</param>
    /// <returns>How many there are.</returns>
    public int Runs(int tile, int count, int channels, int outputs, AheadRun* runs, int most)
    {
        if (Tiles.StepX > 1 || Source.Pixel != channels || target.Pixel != outputs) return 0;
        int found = 0, stride = Tiles.Stride;
        for (int end = tile + count, across; tile < end; tile += across)
        {
            var (n, y, x) = Tiles.Origin(tile);
            across = Tiles.Across(tile, end - tile);
            int width = across * form.OutputColumns, top = y * stride + Tiles.Top, left = x * stride + Tiles.Left;
            if (Tiles.ApartX > 1) for (var column = 0; column < width; column++) Add(Source, n, top, left + column * Tiles.ApartX, 1);
            else for (var row = y == 0 ? 0 : form.InputRows - form.OutputRows * stride; row < form.InputRows; row++) Add(Source, n, top + row, left, (width - 1) * stride + form.Kernel);
            for (var row = 0; row < form.OutputRows; row++) Add(target, n, y + row, x, width);
        }
        return found;

        void Add(Picture picture, int n, int row, int left, int width)
        {
            int first = Math.Max(0, left), end = Math.Min(picture.Width, left + width);
            if ((uint)row < (uint)picture.Height && first < end && found < most) runs[found++] = new AheadRun(picture.Data + n * picture.Image + row * picture.Row + first * picture.Pixel, (end - first) * picture.Pixel * sizeof(float));
        }
    }

    /// <summary>Where a tile's pixels go.</summary>
    public WinogradTarget Target(int tile)
    {
        var (n, y, x) = Tiles.Origin(tile);
        return new WinogradTarget
        {
            First = target.Data + n * target.Image + y * target.Row + x * target.Pixel,
            Down = form.Parts > 1 ? target.Pixel / form.Parts : Tiles.StepY * target.Row,
            Right = Tiles.StepX * target.Pixel,
            Height = form.Parts > 1 ? form.Parts : Math.Min(form.OutputRows, (target.Height - y + Tiles.StepY - 1) / Tiles.StepY),
            Width = Math.Min(form.OutputColumns, (target.Width - x + Tiles.StepX - 1) / Tiles.StepX),
        };
    }

    /// <summary>Bias, residual and activation, from a column on.</summary>
    public TileFinish Finish(int column) => sink.Finish(column);
}

/// <summary>Where a tile's pixels go: those that exist.</summary>
internal unsafe struct WinogradTarget
{
    /// <summary>The first, at the group's first channel.</summary>
    public float* First;
    /// <summary>Floats to the pixel below.</summary>
    public nint Down;
    /// <summary>Floats to the pixel on the right.</summary>
    public nint Right;
    public int Height, Width;
}

/// <summary>The tiles of several maps in a row.</summary>
internal readonly struct WinogradMaps
{
    private readonly WinogradMap[] _maps;
    private readonly int[] _firsts;

    public WinogradMaps(WinogradMap[] maps)
    {
        (_maps, _firsts) = (maps, new int[maps.Length]);
        for (var i = 0; i < maps.Length; i++) (_firsts[i], Count) = (Count, checked(Count + maps[i].Tiles.Count));
    }

    /// <summary>Tiles of all maps.</summary>
    public int Count { get; }

    /// <summary>How many of some tiles are of the first one's map; that map, and the first one's number in it.</summary>
    public int Run(int tile, int most, out WinogradMap map, out int own)
    {
        var i = _maps.Length - 1;
        while (_firsts[i] > tile) i--;
        (map, own) = (_maps[i], tile - _firsts[i]);
        return Math.Min(most, map.Tiles.Count - own);
    }
}
