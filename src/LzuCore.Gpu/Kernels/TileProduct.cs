using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

/// <summary>Where one row of an operand starts: worked out once per lane, as rows do not change between phases.</summary>
/// <param name="At">First element.</param>
/// <param name="Y">A row coordinate, where the operand has one.</param>
/// <param name="X">A column coordinate.</param>
/// <param name="Inside">1, or 0 for a row behind the last.</param>
internal readonly record struct RowCursor(long At, int Y, int X, int Inside);

/// <summary>One factor of a product, as rows along the summed index: A's rows are the result's rows, B's rows the result's columns.</summary>
internal interface IProductOperand<T> where T : unmanaged
{
    /// <summary>Row <paramref name="row"/> of batch entry <paramref name="batch"/>; outside rows read 0.</summary>
    RowCursor Row(int batch, int row);

    /// <summary>Values k to k + 3 of a row; 0 behind the end.</summary>
    Quad<T> Load(RowCursor row, int batch, int k);
}

/// <summary>Where a product goes.</summary>
internal interface IProductResult<T> where T : unmanaged
{
    /// <summary>Stores columns n to n + 3 of row m; those behind the end are dropped.</summary>
    void Store(int batch, int m, int n, Quad<T> values);
}

/// <summary>Sizes of a product: batch entries, rows, columns, terms.</summary>
internal readonly record struct ProductShape(int Batch, int M, int N, int K)
{
    public const int Side = 64;

    public int TilesN => (N + Side - 1) / Side;

    public int TilesPerEntry => (M + Side - 1) / Side * TilesN;

    public long Groups => (long)Batch * TilesPerEntry;
}

// C[b, m, n] = Σ_k A(m, k) · B(n, k): matrix products and all three convolutions, which differ in how an operand finds its rows (implicit GEMM).
// Tile:   64 x 64 of the result per group of 64 lanes; a lane holds 8 x 8: rows 4r .. 4r + 3 and 32 + 4r .., columns likewise, so that the 16-byte reads of a warp from
//         shared memory touch each bank once.
// Phase:  16 terms. Lane i stages row i of each operand, four terms a load; both lie in shared memory as [term][row], 8 KiB.
// Ratio:  a phase is 1024 multiply-adds a lane for eight 16-byte loads from global and 64 from shared memory.
// Order:  terms ascend for every element, so results do not depend on the grid.
internal readonly struct TileProduct<T, TA, TB, TC>(ProductShape shape, TA a, TB b, TC c) : IGroupBody<Quad<T>, TileProduct<T, TA, TB, TC>.Lane>
    where T : unmanaged, IFloatingPointIeee754<T>
    where TA : struct, IProductOperand<T> where TB : struct, IProductOperand<T> where TC : struct, IProductResult<T>
{
    private const int Terms = 16, Fours = ProductShape.Side / 4;

    public static int Lanes => ProductShape.Side;

    public static int Shared => 2 * Terms * Fours;

    /// <summary>A lane's rows of both operands and its block of the result.</summary>
    internal readonly struct Lane(RowCursor a, RowCursor b, int batch, Block<T> sum)
    {
        public readonly RowCursor A = a, B = b;
        public readonly int Batch = batch;
        public readonly Block<T> Sum = sum;
    }

    public int Phases(int group) => (shape.K + Terms - 1) / Terms;

    public Lane Start(int group, int lane)
    {
        var batch = group / shape.TilesPerEntry;
        var tile = group - batch * shape.TilesPerEntry;
        var row = tile / shape.TilesN;
        return new Lane(a.Row(batch, row * ProductShape.Side + lane), b.Row(batch, (tile - row * shape.TilesN) * ProductShape.Side + lane), batch, Block<T>.Zero);
    }

    public void Stage(Lane state, int lane, int phase, ArrayView<Quad<T>> shared)
    {
        var values = shared.Cast<T>();
        for (var four = 0; four < Terms; four += 4)
        {
            var k = phase * Terms + four;
            Put(values, four * ProductShape.Side + lane, a.Load(state.A, state.Batch, k));
            Put(values, (Terms + four) * ProductShape.Side + lane, b.Load(state.B, state.Batch, k));
        }
    }

    public Lane Use(Lane state, int lane, ArrayView<Quad<T>> shared)
    {
        int row = lane / 8, column = Terms * Fours + lane % 8;
        var sum = state.Sum;
        for (var term = 0; term < Terms; term++, row += Fours, column += Fours)
            sum = sum.Plus(new Octet<T>(shared[row], shared[row + Fours / 2]), new Octet<T>(shared[column], shared[column + Fours / 2]));
        return new Lane(state.A, state.B, state.Batch, sum);
    }

    public void Finish(Lane state, int group, int lane)
    {
        var tile = group - state.Batch * shape.TilesPerEntry;
        var row = tile / shape.TilesN;
        int m = row * ProductShape.Side + lane / 8 * 4, n = (tile - row * shape.TilesN) * ProductShape.Side + lane % 8 * 4;
        Store(state.Batch, m, n, state.Sum.R0);
        Store(state.Batch, m + 1, n, state.Sum.R1);
        Store(state.Batch, m + 2, n, state.Sum.R2);
        Store(state.Batch, m + 3, n, state.Sum.R3);
        Store(state.Batch, m + 32, n, state.Sum.R4);
        Store(state.Batch, m + 33, n, state.Sum.R5);
        Store(state.Batch, m + 34, n, state.Sum.R6);
        Store(state.Batch, m + 35, n, state.Sum.R7);
    }

    private void Store(int batch, int m, int n, Octet<T> values)
    {
        if (m >= shape.M) return;
        if (n < shape.N) c.Store(batch, m, n, values.Low);
        if (n + 32 < shape.N) c.Store(batch, m, n + 32, values.High);
    }

    private static void Put(ArrayView<T> shared, int at, Quad<T> values)
    {
        shared[at] = values.X;
        shared[at + ProductShape.Side] = values.Y;
        shared[at + 2 * ProductShape.Side] = values.Z;
        shared[at + 3 * ProductShape.Side] = values.W;
    }
}

/// <summary>A dense result with its epilogue: bias per column, residual, ReLU, in this order. Batch entries of a convolution are groups of channels, each with its own part of the bias.</summary>
internal readonly struct RowsResult<T, S, TStored>(long rowStride, long batchStride, long biasStride, int columns, Epilogue epilogue, TensorView output) : IProductResult<T>
    where T : unmanaged, IFloatingPointIeee754<T> where S : unmanaged where TStored : struct, IStored<S, T>
{
    private readonly long _rowStride = rowStride, _batchStride = batchStride, _biasStride = biasStride;
    private readonly int _columns = columns, _hasBias = epilogue.Bias is null ? 0 : 1, _hasResidual = epilogue.Residual is null ? 0 : 1, _relu = epilogue.Activation == Activation.Relu ? 1 : 0;

    // Four columns at a time: every row starts on a multiple of four.
    private readonly int _fours = rowStride % 4 == 0 && batchStride % 4 == 0 && biasStride % 4 == 0 && columns % 4 == 0 && output.Layout.Offset % 4 == 0
        && (epilogue.Bias?.Layout.Offset ?? 0) % 4 == 0 && (epilogue.Residual?.Layout.Offset ?? 0) % 4 == 0 ? 1 : 0;

    private readonly ArrayView<S> _y = output.Dense<S>(), _bias = (epilogue.Bias ?? output).Dense<S>(), _residual = (epilogue.Residual ?? output).Dense<S>();

    public void Store(int batch, int m, int n, Quad<T> v)
    {
        long at = batch * _batchStride + m * _rowStride + n, channel = batch * _biasStride + n;
        if (_fours != 0)
        {
            if (_hasBias != 0) v = Four<T>.Add(v, Quads.Load<T, S, TStored>(_bias, channel));
            if (_hasResidual != 0) v = Four<T>.Add(v, Quads.Load<T, S, TStored>(_residual, at));
            Quads.Save<T, S, TStored>(_y, at, _relu != 0 ? new Quad<T>(Relu(v.X), Relu(v.Y), Relu(v.Z), Relu(v.W)) : v);
            return;
        }
        StoreOne(at, channel, v.X);
        if (n + 1 < _columns) StoreOne(at + 1, channel + 1, v.Y);
        if (n + 2 < _columns) StoreOne(at + 2, channel + 2, v.Z);
        if (n + 3 < _columns) StoreOne(at + 3, channel + 3, v.W);
    }

    private void StoreOne(long at, long channel, T v)
    {
        if (_hasBias != 0) v += TStored.Load(_bias[channel]);
        if (_hasResidual != 0) v += TStored.Load(_residual[at]);
        _y[at] = TStored.Save(_relu != 0 ? Relu(v) : v);
    }

    // NaN stays NaN.
    private static T Relu(T v) => v < T.Zero ? T.Zero : v;
}
