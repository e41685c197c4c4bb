using System.Runtime.CompilerServices;

namespace LzuCore.Kernels.Cpu;

/// <summary>The tiles of a convolution, by their <see cref="TileEdge"/>, and of one edge pictures, then rows, then columns. With dilation, the rows are those of each subset of pixels in turn.</summary>
internal readonly unsafe struct WinogradTiles
{
    private const int Line = 16;
    private readonly Axis _rows, _columns;
    private readonly int _batch;
    private readonly TileOrder _order;

    public WinogradTiles(WinogradForm form, int batch, Phase phase)
    {
        int bottom = int.MinValue, right = int.MinValue;
        (Top, Left) = (int.MaxValue, int.MaxValue);
        foreach (var tap in phase.Taps) (Top, bottom, Left, right) = (Math.Min(Top, tap.Dy), Math.Max(bottom, tap.Dy), Math.Min(Left, tap.Dx), Math.Max(right, tap.Dx));
        Stride = phase.SourceStepY;
        (StepY, StepX) = form.Kernel > 1 ? ((bottom - Top) / (form.Kernel - 1), (right - Left) / (form.Kernel - 1)) : (1, 1);
        (ApartY, ApartX) = form.Kernel > 1 ? (StepY, StepX) : (Stride, Stride);
        (_rows, _columns) = (new Axis(phase.Rows, StepY, form.OutputRows), new Axis(phase.Columns, StepX, form.OutputColumns));
        (_batch, Count) = (batch, checked(batch * _rows.Count * _columns.Count));
        int whole = CountOf(TileEdge.Right), lower = whole + CountOf(TileEdge.None);
        _order = new TileOrder(whole, lower, lower + CountOf(TileEdge.Bottom), Count);
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

    /// <summary>Tiles of an edge.</summary>
    public int CountOf(TileEdge edge) => _batch * RowsOf(edge).Count * ColumnsOf(edge).Count;

    /// <summary>Where the tiles of each edge begin.</summary>
    public TileOrder Order => _order;

    // Several times for every tile, from the first picture on.
    /// <summary>A tile's picture and its first output pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public (int Picture, int Y, int X) Origin(int tile)
    {
        var edge = Edge(ref tile);
        var (line, column) = Math.DivRem(tile, ColumnsOf(edge).Count);
        var (picture, row) = Math.DivRem(line, RowsOf(edge).Count);
        return (picture, _rows.Start(RowsOf(edge).First + row), _columns.Start(ColumnsOf(edge).First + column));
    }

    /// <summary>How many of some tiles lie in the first one's row, of its edge.</summary>
    public int Across(int tile, int count)
    {
        var columns = ColumnsOf(Edge(ref tile)).Count;
        return Math.Min(count, columns - tile % columns);
    }

    // A tile's edge; the tile becomes its number among those.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TileEdge Edge(ref int tile)
    {
        var edge = tile < _order.None ? TileEdge.Right : tile < _order.Bottom ? TileEdge.None : tile < _order.Corner ? TileEdge.Bottom : TileEdge.Corner;
        tile -= _order.First(edge);
        return edge;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (int First, int Count) RowsOf(TileEdge edge) => edge < TileEdge.Bottom ? (0, _rows.Whole) : (_rows.Whole, _rows.Count - _rows.Whole);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (int First, int Count) ColumnsOf(TileEdge edge) => edge is TileEdge.None or TileEdge.Bottom ? (0, _columns.Whole) : (_columns.Whole, _columns.Count - _columns.Whole);

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
        if (y >= 0 && x >= 0 && y + (rows - 1) * ApartY < picture.Height && x + (columns - 1) * ApartX < picture.Width)
        {
            nint down = ApartY * picture.Row, right = ApartX * picture.Pixel;
            from += y * picture.Row + x * picture.Pixel;
            for (var i = 0; i < rows; i++, from += down)
            {
                var pixel = from;
                for (var j = 0; j < columns; j++, pixel += right) *to++ = pixel;
            }
            return;
        }
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

    // One axis: whole tiles, then those with fewer pixels. The first subsets may have a pixel more than the others.
    private readonly struct Axis(int length, int step, int outputs)
    {
        private readonly int _long = length % step, _longWhole = (length / step + 1) / outputs, _whole = length / step / outputs;
        private readonly bool _longBreaks = (length / step + 1) % outputs > 0, _breaks = length / step % outputs > 0;

        public readonly int Whole = length % step * ((length / step + 1) / outputs) + (step - length % step) * (length / step / outputs);

        public int Count => Whole + (_longBreaks ? _long : 0) + (_breaks ? step - _long : 0);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Start(int index)
        {
            int subset, tile, shorter = index - _long * _longWhole, broken = index - Whole;
            if (broken >= 0)
            {
                subset = _longBreaks ? broken : _long + broken;
                tile = subset < _long ? _longWhole : _whole;
            }
            else if (shorter >= 0)
            {
                (subset, tile) = Math.DivRem(shorter, _whole);
                subset += _long;
            }
            else (subset, tile) = Math.DivRem(index, _longWhole);
            return subset + tile * outputs * step;
        }
    }
}

/// <summary>Where a tile ends behind the picture, so that its last pixels do not exist. In the order in which tiles are numbered: those that have a last row, a last column, or both are neighbours (<see cref="TileOrder"/>).</summary>
internal enum TileEdge
{
    /// <summary>Its last column does not exist.</summary>
    Right,
    /// <summary>It is whole.</summary>
    None,
    /// <summary>Its last row does not exist.</summary>
    Bottom,
    /// <summary>Neither exists.</summary>
    Corner,
}

/// <summary>Tiles in the order of their edges.</summary>
/// <param name="None">The first whole one.</param>
/// <param name="Bottom">The first without a last row.</param>
/// <param name="Corner">The first without both.</param>
/// <param name="Count">All.</param>
internal readonly record struct TileOrder(int None, int Bottom, int Corner, int Count)
{
    /// <summary>The first tile of an edge.</summary>
    public int First(TileEdge edge) => edge switch { TileEdge.Right => 0, TileEdge.None => None, TileEdge.Bottom => Bottom, _ => Corner };

    /// <summary>The tiles that have the pixels of an edge (the last column, the last row, or where both meet), and so need the values that make those alone (<see cref="WinogradForm.Edges"/>); of <see cref="TileEdge.None"/> all.</summary>
    /// <returns>The first one, and the one behind the last.</returns>
    public (int Begin, int End) Having(TileEdge pixels) => pixels switch
    {
        TileEdge.Right => (None, Corner),
        TileEdge.Bottom => (0, Bottom),
        TileEdge.Corner => (None, Bottom),
        _ => (0, Count),
    };
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

    // A field: behind a property it is copied at every use.
    public readonly WinogradTiles Tiles = new(form, source.Batch, phase);

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

/// <summary>The tiles of several maps: those of one <see cref="TileEdge"/> after the other, and of one edge map by map.</summary>
internal readonly struct WinogradMaps
{
    /// <summary>How many edges there are.</summary>
    public const int Edges = 4;

    private readonly WinogradMap[] _maps;
    // Of each edge and map.
    private readonly int[] _firsts;

    public WinogradMaps(WinogradMap[] maps)
    {
        (_maps, _firsts) = (maps, new int[Edges * maps.Length + 1]);
        for (var i = 0; i < Edges * maps.Length; i++) _firsts[i + 1] = checked(_firsts[i] + maps[i % maps.Length].Tiles.CountOf((TileEdge)(i / maps.Length)));
    }

    /// <summary>Tiles of all maps.</summary>
    public int Count => _firsts[^1];

    /// <summary>How many of some tiles are of the first one's map and edge; that map, and the first one's number in it.</summary>
    public int Run(int tile, int most, out WinogradMap map, out int own)
    {
        var i = _firsts.Length - 2;
        while (_firsts[i] > tile) i--;
        (map, own) = (_maps[i % _maps.Length], tile - _firsts[i]);
        own += map.Tiles.Order.First((TileEdge)(i / _maps.Length));
        return Math.Min(most, _firsts[i + 1] - tile);
    }

    /// <summary>Which of some tiles have the pixels of an edge.</summary>
    /// <param name="edge">The edge, as in <see cref="TileOrder.Having"/>.</param>
    /// <param name="first">First tile.</param>
    /// <param name="count">Tiles.</param>
    /// <returns>The first one that has them, counted from the first tile, and how many.</returns>
    public (int First, int Count) Having(TileEdge edge, int first, int count)
    {
        var (begin, end) = new TileOrder(FirstOf(TileEdge.None), FirstOf(TileEdge.Bottom), FirstOf(TileEdge.Corner), Count).Having(edge);
        (begin, end) = (Math.Max(first, begin), Math.Min(first + count, end));
        return (begin - first, Math.Max(0, end - begin));
    }

    private int FirstOf(TileEdge edge) => _firsts[(int)edge * _maps.Length];
}
