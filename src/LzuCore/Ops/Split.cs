using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Ops;

// Rearrangements composed of views, copies and indexed reads; their gradients are those ops'.
public static partial class F
{
    extension(Tensor x)
    {
        /// <summary>Consecutive parts of an axis with the given sizes. Views.</summary>
        /// <exception cref="ShapeException">The sizes do not add up to the axis.</exception>
        public Tensor[] Split(IReadOnlyList<int> sizes, int dim)
        {
            var axis = Check.Axis("split", x.Shape, dim);
            if (sizes.Any(s => s < 0) || sizes.Sum(s => (long)s) != x.Shape[axis])
                throw new ShapeException("split", $"sizes must be 0 or more and add up to {x.Shape[axis]}, the size of axis {axis} of {x.Shape}", $"[{string.Join(", ", sizes)}]");
            var start = 0;
            return [.. sizes.Select(size => x.Narrow(axis, (start += size) - size, size))];
        }

        /// <summary>Consecutive parts of <paramref name="size"/> entries of an axis; the last may be shorter. Views.</summary>
        /// <exception cref="ArgumentValueException">The size is not above 0.</exception>
        public Tensor[] Split(int size, int dim)
        {
            Check.That(size > 0, $"split: size must be above 0, got {size}.");
            var length = x.Shape[Check.Axis("split", x.Shape, dim)];
            return x.Split([.. Enumerable.Range(0, Math.Max(1, (length + size - 1) / size)).Select(i => Math.Min(size, length - i * size))], dim);
        }

        /// <summary>At most <paramref name="count"/> consecutive parts of an axis of equal size, the last perhaps shorter. Views.</summary>
        /// <exception cref="ArgumentValueException">The count is not above 0.</exception>
        public Tensor[] Chunk(int count, int dim)
        {
            Check.That(count > 0, $"chunk: count must be above 0, got {count}.");
            var length = x.Shape[Check.Axis("chunk", x.Shape, dim)];
            return x.Split(Math.Max(1, (length + count - 1) / count), dim);
        }

        /// <summary>The entries of each given axis in reverse order.</summary>
        /// <exception cref="ShapeException">An axis is outside the shape or named twice.</exception>
        public Tensor Flip(params ReadOnlySpan<int> dims)
        {
            var result = x;
            foreach (var axis in dims.Length == 0 ? [] : ReducedAxes("flip", x.Shape, dims))
            {
                var length = x.Shape[axis];
                var reversed = Tensor.From([.. Enumerable.Range(0, length).Select(i => (long)(length - 1 - i))], [length], x.Device);
                result = result.IndexSelect(axis, reversed);
            }
            return result;
        }

        /// <summary>The entries of an axis moved on by <paramref name="shift"/>, those that leave one end coming in at the other.</summary>
        /// <exception cref="ShapeException">The axis is outside the shape.</exception>
        public Tensor Roll(int shift, int dim)
        {
            var axis = Check.Axis("roll", x.Shape, dim);
            var length = x.Shape[axis];
            if (length == 0) return x;
            var moved = (shift % length + length) % length;
            return moved == 0 ? x : Concat([x.Narrow(axis, length - moved, moved), x.Narrow(axis, 0, length - moved)], axis);
        }

        /// <summary>The whole tensor repeated <c>times[i]</c> times along axis i; axes may be added in front. A copy.</summary>
        /// <exception cref="ShapeException">There are fewer numbers than axes, or one is negative.</exception>
        public Tensor Repeat(params ReadOnlySpan<int> times)
        {
            var lead = times.Length - x.Rank;
            if (lead < 0) throw new ShapeException("repeat", $"one number per axis of {x.Shape} is needed", $"[{string.Join(", ", times.ToArray())}]");
            // [a, b] -> [times, a, times, b] without copying, then merged.
            var (split, wide, merged) = (new List<int>(), new List<int>(), new List<int>());
            for (var i = 0; i < times.Length; i++)
            {
                var size = i < lead ? 1 : x.Shape[i - lead];
                Check.That(times[i] >= 0, $"repeat: numbers must be 0 or more, got {times[i]}.");
                split.AddRange([1, size]);
                wide.AddRange([times[i], size]);
                merged.Add(checked(times[i] * size));
            }
            return x.Reshape([.. split]).Expand([.. wide]).Reshape([.. merged]);
        }

        /// <summary>The coordinates of the elements that differ from 0, in logical order: Int64 [count, rank]. Waits for the device; not differentiable.</summary>
        public Tensor Nonzero()
        {
            var flags = x.Detach().To(DType.Bool).ToArray<bool>();
            var at = new List<long>();
            for (long i = 0; i < flags.Length; i++)
            {
                if (!flags[i]) continue;
                var rest = i;
                var first = at.Count;
                for (var axis = x.Rank - 1; axis >= 0; axis--)
                {
                    (rest, var index) = Math.DivRem(rest, x.Shape[axis]);
                    at.Insert(first, index);
                }
            }
            var count = x.Rank == 0 ? flags.Count(f => f) : at.Count / x.Rank;
            return Tensor.From(at.ToArray(), [count, x.Rank], x.Device);
        }
    }
}
