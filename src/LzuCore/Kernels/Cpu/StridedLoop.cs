using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

/// <summary>Walks several operands of one shape together: axes are ordered by the first operand's strides and merged where all operands allow,
/// which leaves long inner runs and few outer steps. Fully contiguous operands become one run, cut into chunks.</summary>
internal sealed class StridedLoop
{
    private const int ChunkElements = 16384;
    private readonly int[] _outerDims;
    private readonly long[][] _outerStrides; // [axis][operand]
    private readonly long[] _offsets;
    private readonly long _inner, _outer;

    /// <summary>Elements between neighbours of the inner run, per operand.</summary>
    public long[] InnerStrides { get; }

    /// <summary>Called with each operand's first element (relative to its buffer, offset included) and the run's length.</summary>
    public delegate void Body(ReadOnlySpan<long> offsets, int length);

    /// <summary>Plans a walk. All layouts have the same shape; the first decides the order.</summary>
    public StridedLoop(params ReadOnlySpan<Layout> operands)
    {
        var shape = operands[0].Shape;
        var count = operands.Length;
        _offsets = new long[count];
        for (var k = 0; k < count; k++) _offsets[k] = operands[k].Offset;
        var first = operands[0].Strides.ToArray();
        var axes = Enumerable.Range(0, shape.Rank).Where(i => shape[i] != 1).OrderByDescending(i => first[i]).ToList();
        var dims = new List<long>();
        var strides = new List<long[]>();
        foreach (var axis in axes)
        {
            var s = new long[count];
            for (var k = 0; k < count; k++) s[k] = operands[k].Strides[axis];
            var merge = dims.Count > 0;
            for (var k = 0; merge && k < count; k++) merge = strides[^1][k] == s[k] * shape[axis];
            if (merge) (dims[^1], strides[^1]) = (dims[^1] * shape[axis], s);
            else
            {
                dims.Add(shape[axis]);
                strides.Add(s);
            }
        }
        if (dims.Count == 0)
        {
            dims.Add(1);
            strides.Add(new long[count]);
        }
        _inner = shape.Count == 0 ? 0 : dims[^1];
        InnerStrides = strides[^1];
        _outerDims = [.. dims.Take(dims.Count - 1).Select(d => checked((int)d))];
        _outerStrides = [.. strides.Take(strides.Count - 1)];
        _outer = shape.Count == 0 ? 0 : _outerDims.Aggregate(1L, (a, d) => a * d);
    }

    /// <summary>Runs the body over everything, on all threads. Chunks do not depend on the thread count.</summary>
    /// <param name="body">Handles one run.</param>
    /// <param name="cost">How many elements the body touches for each one of the walk: the length of an axis that it loops over itself.</param>
    /// <param name="shortest">Runs are not cut below this, for bodies that want neighbours together.</param>
    public void Run(Body body, long cost = 1, int shortest = 1)
    {
        if (_outer == 0 || _inner == 0) return;
        var chunk = Math.Max(shortest, ChunkElements / Math.Max(1, cost));
        var pieces = (_inner + chunk - 1) / chunk;
        var units = checked((int)(_outer * pieces));
        var grain = (int)Math.Max(1, chunk / Math.Min(_inner, chunk));
        ParallelRows.For(units, grain, (begin, end) =>
        {
            Span<long> offsets = stackalloc long[_offsets.Length];
            for (long unit = begin; unit < end; unit++)
            {
                var outer = unit / pieces;
                var start = unit % pieces * chunk;
                for (var k = 0; k < offsets.Length; k++) offsets[k] = _offsets[k] + start * InnerStrides[k];
                for (var axis = _outerDims.Length - 1; axis >= 0; axis--)
                {
                    (outer, var index) = Math.DivRem(outer, _outerDims[axis]);
                    for (var k = 0; k < offsets.Length; k++) offsets[k] += index * _outerStrides[axis][k];
                }
                body(offsets, (int)Math.Min(chunk, _inner - start));
            }
        });
    }
}
