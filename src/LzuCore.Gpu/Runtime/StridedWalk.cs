using LzuCore.Memory;

namespace LzuCore.Gpu.Runtime;

/// <summary>Elements between neighbours along each axis of a walk, and before the first element. Inside kernels; axis 5 is the fastest.</summary>
internal readonly record struct Strides(long Offset, long S0, long S1, long S2, long S3, long S4, long S5)
{
    /// <summary>The element at a place of the walk.</summary>
    public long Of(Place p) => Offset + p.C0 * S0 + p.C1 * S1 + p.C2 * S2 + p.C3 * S3 + p.C4 * S4 + p.C5 * S5;
}

/// <summary>Coordinates of one element of a walk.</summary>
internal readonly record struct Place(int C0, int C1, int C2, int C3, int C4, int C5);

/// <summary>Sizes of a walk's axes: turns a thread's index into coordinates. Axis 0's size is not needed.</summary>
internal readonly record struct Sizes(int Rank, int D1, int D2, int D3, int D4, int D5)
{
    /// <summary>The place with flat index <paramref name="index"/>. Dense operands have rank 1 and pay no division.</summary>
    public Place At(int index)
    {
        if (Rank == 1) return new Place(0, 0, 0, 0, 0, index);
        int q4 = index / D5, q3 = q4 / D4, q2 = q3 / D3, q1 = q2 / D2, q0 = q1 / D1;
        return new Place(q0, q1 - q0 * D1, q2 - q1 * D2, q3 - q2 * D3, q4 - q3 * D4, index - q4 * D5);
    }
}

/// <summary>Plans how several operands of one shape are walked together: axes are ordered by the first operand's strides, so that neighbouring threads
/// write neighbouring elements, and merged where all operands allow.</summary>
internal sealed class StridedWalk
{
    private const int Axes = 6;
    private readonly Strides[] _strides;

    /// <summary>Plans a walk. All layouts have the same shape.</summary>
    /// <exception cref="ShapeException">More than six axes remain after merging.</exception>
    public StridedWalk(params ReadOnlySpan<Layout> operands)
    {
        var shape = operands[0].Shape;
        var first = operands[0].Strides.ToArray();
        var dims = new List<int>();
        var strides = new List<long[]>();
        foreach (var axis in Enumerable.Range(0, shape.Rank).Where(i => shape[i] != 1).OrderByDescending(i => first[i]))
        {
            var s = new long[operands.Length];
            var merge = dims.Count > 0 && (long)dims[^1] * shape[axis] <= int.MaxValue;
            for (var k = 0; k < s.Length; k++)
            {
                s[k] = operands[k].Strides[axis];
                merge = merge && strides[^1][k] == s[k] * shape[axis];
            }
            if (merge) (dims[^1], strides[^1]) = (dims[^1] * shape[axis], s);
            else
            {
                dims.Add(shape[axis]);
                strides.Add(s);
            }
        }
        if (dims.Count > Axes) throw new ShapeException("strided kernel", $"at most {Axes} axes may remain after merging", $"{dims.Count} for {shape}", "Call .Contiguous() first.");
        Count = shape.Count;
        var rank = Math.Max(1, dims.Count);
        while (dims.Count < Axes)
        {
            dims.Insert(0, 1);
            strides.Insert(0, new long[operands.Length]);
        }
        Sizes = new Sizes(rank, Math.Max(1, dims[1]), Math.Max(1, dims[2]), Math.Max(1, dims[3]), Math.Max(1, dims[4]), Math.Max(1, dims[5]));
        _strides = new Strides[operands.Length];
        for (var k = 0; k < _strides.Length; k++)
            _strides[k] = new Strides(operands[k].Offset, strides[0][k], strides[1][k], strides[2][k], strides[3][k], strides[4][k], strides[5][k]);
    }

    /// <summary>Elements walked.</summary>
    public long Count { get; }

    /// <summary>The axes' sizes.</summary>
    public Sizes Sizes { get; }

    /// <summary>Whether all operands are one run of neighbours, in fours that start on multiples of four.</summary>
    public bool InFours => Sizes.Rank == 1 && Count % 4 == 0 && _strides.All(s => s.S5 == 1 && s.Offset % 4 == 0);

    /// <summary>The strides of an operand.</summary>
    public Strides this[int operand] => _strides[operand];
}
