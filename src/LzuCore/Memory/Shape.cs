using System.Collections;
using System.Runtime.CompilerServices;

namespace LzuCore.Memory;

/// <summary>The sizes of a tensor's axes, outermost first. <c>[N, C, H, W]</c> for activations. An empty shape is a scalar.</summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public readonly struct Shape : IEquatable<Shape>, IReadOnlyList<int>
{
    private readonly int[]? _dims;

    /// <summary>Makes a shape.</summary>
    /// <exception cref="ShapeException">A size is negative, or the product overflows.</exception>
    public Shape(params ReadOnlySpan<int> dims)
    {
        long count = 1;
        foreach (var d in dims)
        {
            if (d < 0) throw new ShapeException("shape", "sizes must be 0 or more", $"[{string.Join(", ", dims.ToArray())}]");
            if (d != 0 && count > long.MaxValue / 16 / d) throw new ShapeException("shape", "the number of elements must fit 64 bits", $"[{string.Join(", ", dims.ToArray())}]");
            count *= d;
        }
        _dims = dims.ToArray();
        Count = count;
    }

    /// <summary>Lets <c>[2, 3]</c> be written for a shape.</summary>
    public static Shape Create(ReadOnlySpan<int> dims) => new(dims);

    /// <summary>Number of axes.</summary>
    public int Rank => _dims?.Length ?? 0;

    /// <summary>Number of elements: the product of the sizes, 1 for a scalar.</summary>
    public long Count => _dims is null ? 1 : field;

    /// <summary>Size of an axis, counted from the front.</summary>
    public int this[int axis] => _dims![axis];

    /// <summary>The sizes.</summary>
    public ReadOnlySpan<int> Dims => _dims;

    int IReadOnlyCollection<int>.Count => Rank;

    /// <summary>The sizes as a new array.</summary>
    public int[] ToArray() => _dims is null ? [] : (int[])_dims.Clone();

    /// <summary>The same shape with one axis' size replaced.</summary>
    public Shape With(int axis, int size)
    {
        var dims = ToArray();
        dims[axis] = size;
        return new Shape(dims);
    }

    /// <summary>The broadcasting rule: axes are aligned at the end, and sizes must be equal or 1.</summary>
    /// <exception cref="ShapeException">The shapes do not broadcast; the message names the axis.</exception>
    public static Shape Broadcast(string op, Shape a, Shape b)
    {
        var rank = Math.Max(a.Rank, b.Rank);
        var dims = new int[rank];
        for (var i = 0; i < rank; i++)
        {
            var da = i < rank - a.Rank ? 1 : a[i - (rank - a.Rank)];
            var db = i < rank - b.Rank ? 1 : b[i - (rank - b.Rank)];
            if (da != db && da != 1 && db != 1)
                throw new ShapeException(op, "shapes must broadcast", $"{a} and {b}: axis {i} is {da} and {db}");
            dims[i] = da == 1 ? db : da;
        }
        return new Shape(dims);
    }

    /// <inheritdoc/>
    public bool Equals(Shape other) => Dims.SequenceEqual(other.Dims);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape s && Equals(s);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var d in Dims) hash.Add(d);
        return hash.ToHashCode();
    }

    /// <summary><c>[2, 3, 4]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", _dims ?? [])}]";

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)(_dims ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Same sizes.</summary>
    public static bool operator ==(Shape a, Shape b) => a.Equals(b);

    /// <summary>Different sizes.</summary>
    public static bool operator !=(Shape a, Shape b) => !a.Equals(b);

    /// <summary>An array of sizes is a shape.</summary>
    public static implicit operator Shape(int[] dims) => new(dims);
}
