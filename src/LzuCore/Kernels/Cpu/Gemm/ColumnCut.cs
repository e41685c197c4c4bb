namespace LzuCore.Kernels.Cpu;

/// <summary>How a number of columns is cut into tiles' widths: as many of the widest as fit, the rest as narrow as vectors allow. A rest of one vector
/// would leave tiles waiting for loads, so it shares four vectors with its neighbour: 256 columns of 16 lanes are 4 x 48 + 2 x 32.</summary>
internal readonly struct ColumnCut
{
    private readonly int _lanes, _max, _wide;

    public ColumnCut(MicroKernel micro, int columns)
    {
        (_lanes, _max, Columns) = (micro.VectorLanes, micro.MaxVectors, columns);
        var vectors = (columns + _lanes - 1) / _lanes;
        _wide = vectors / _max;
        var rest = vectors - _wide * _max;
        if (_max == 3 && rest == 1 && _wide > 0)
        {
            _wide--;
            Slivers = _wide + 2;
        }
        else Slivers = _wide + (rest > 0 ? 1 : 0);
        Stored = (long)vectors * _lanes;
        Rows = micro.RowsFor(_wide > 0 ? _max : Math.Max(1, Math.Min(2, vectors)));
    }

    /// <summary>Valid columns.</summary>
    public int Columns { get; }

    /// <summary>Number of tiles across.</summary>
    public int Slivers { get; }

    /// <summary>Columns with the filling.</summary>
    public long Stored { get; }

    /// <summary>Most rows that a tile of this cut can have.</summary>
    public int Rows { get; }

    /// <summary>First column of a sliver.</summary>
    public int Start(int sliver) => sliver <= _wide ? sliver * _max * _lanes : (_wide * _max + (sliver - _wide) * 2) * _lanes;

    /// <summary>Columns computed in a sliver.</summary>
    public int Width(int sliver) => sliver < _wide ? _max * _lanes : Math.Min(2 * _lanes, (int)Stored - Start(sliver));

    /// <summary>Valid columns of a sliver.</summary>
    public int Valid(int sliver) => Math.Min(Width(sliver), Columns - Start(sliver));
}
