using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace LzuCore.Kernels.Cpu;

// Where tiles go: bias, residual and activation in the form the micro-kernel wants. Tiles whose columns fill their width are written in place; the
// others go through a small buffer and are finished one by one, so nothing is ever written beside the output.
internal unsafe struct TileSink
{
    private readonly float* _bias;
    private readonly float* _residual;
    private readonly float* _output;
    private readonly float _floor;

    // bias: padded with at least one width of readable floats behind the last column.
    public TileSink(float* bias, in Epilogue epilogue, float* output)
    {
        _bias = bias;
        _output = output;
        _residual = epilogue.Residual is { } residual ? residual.Pointer<float>() : null;
        _floor = epilogue.Activation == Activation.Relu ? 0 : float.NegativeInfinity;
    }

    /// <summary>The bias (or zeros) of a layer in pooled memory, followed by one width of zeros.</summary>
    public static Scratch PaddedBias(MicroKernel micro, in Epilogue epilogue, int columns)
    {
        var scratch = Scratch.Floats(columns + micro.MaxWidth);
        new Span<float>(scratch.Pointer, columns + micro.MaxWidth).Clear();
        if (epilogue.Bias is { } bias) new ReadOnlySpan<float>(bias.Pointer<float>(), columns).CopyTo(new Span<float>(scratch.Pointer, columns));
        return scratch;
    }

    /// <summary>What a kernel that finishes outputs itself does to them, from a column on.</summary>
    public readonly TileFinish Finish(nint column) => new(_bias + column, _residual is not null, _residual is null ? 0 : (nint)(_residual - _output), _floor);

    /// <summary>Runs a tile: A and B are set in it; <paramref name="outs"/> are the first elements of its output rows.</summary>
    /// <param name="micro">The path.</param>
    /// <param name="tile">Operands.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="addressing">How A is read.</param>
    /// <param name="outs">First element (column 0) of each output row.</param>
    /// <param name="column">First column of the tile.</param>
    /// <param name="columns">Valid columns.</param>
    /// <param name="width">Columns computed.</param>
    /// <param name="first">Whether the sum begins here; otherwise it goes on from the output.</param>
    /// <param name="last">Whether the sum ends here, so that residual and activation apply.</param>
    /// <param name="fetch">Whether the output's lines are elsewhere than in the second-level cache: then they are fetched first. Those of a residual always are.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Run(MicroKernel micro, Tile* tile, int rows, Addressing addressing, float** outs, nint column, int columns, int width, bool first = true, bool last = true, bool fetch = false)
    {
        tile->Bias = _bias + column;
        tile->Accumulate = !first;
        if (columns < width)
        {
            Spill(micro, tile, rows, addressing, outs, column, columns, width, first, last);
            return;
        }
        tile->Out = outs;
        tile->Column = column;
        tile->HasResidual = last && _residual is not null;
        tile->Residual = (nint)(_residual - _output);
        tile->Floor = last ? _floor : float.NegativeInfinity;
        if (Sse.IsSupported && (fetch || (tile->HasResidual && tile->Residual != 0))) Fetch(outs, rows, column, columns);
        micro.Run(tile, rows, width, addressing);
    }

    // A tile that is wider than what is left: by way of a buffer. Room on the stack would slow down the others.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private readonly void Spill(MicroKernel micro, Tile* tile, int rows, Addressing addressing, float** outs, nint column, int columns, int width, bool first, bool last)
    {
        var buffer = stackalloc float[rows * width];
        var lines = stackalloc float*[rows];
        for (var i = 0; i < rows; i++)
        {
            lines[i] = buffer + i * width;
            if (!first) Panels.Copy(outs[i] + column, lines[i], columns);
        }
        tile->Out = lines;
        tile->Column = 0;
        tile->HasResidual = false;
        tile->Floor = float.NegativeInfinity;
        micro.Run(tile, rows, width, addressing);
        for (var i = 0; i < rows; i++)
        {
            float* to = outs[i] + column, residual = _residual is null ? null : _residual + (to - _output);
            for (var c = 0; c < columns; c++)
            {
                var v = lines[i][c];
                if (last && residual is not null) v += residual[c];
                to[c] = last && v < _floor ? _floor : v;
            }
        }
    }

    // Lines of the residual and of the output come while the sum is computed; at its end they would be waited for.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Fetch(float** outs, int rows, nint column, int columns)
    {
        var residual = _residual is null ? 0 : _residual - _output;
        for (var i = 0; i < rows; i++)
        {
            var line = outs[i] + column;
            for (var c = 0; c < columns; c += 16)
            {
                if (residual != 0) Sse.Prefetch1(line + residual + c);
                Sse.Prefetch1(line + c);
            }
        }
    }
}

/// <summary>An epilogue as kernels apply it: add the bias, add the residual, raise to the floor.</summary>
/// <param name="bias">One value a column.</param>
/// <param name="hasResidual">Whether there is a residual.</param>
/// <param name="residual">Floats from an output element to its residual; 0 where there is none, or it is the output itself.</param>
/// <param name="floor">0 is ReLU, -infinity nothing.</param>
internal readonly unsafe struct TileFinish(float* bias, bool hasResidual, nint residual, float floor)
{
    public readonly float* Bias = bias;
    public readonly bool HasResidual = hasResidual;
    public readonly nint Residual = residual;
    public readonly float Floor = floor;
}
