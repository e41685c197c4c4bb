using LzuCore.Memory;

namespace LzuCore.Kernels;

/// <summary>What a pool computes over a window.</summary>
public enum PoolKind
{
    /// <summary>Largest value; NaN wins. The gradient goes to the first largest in row-major order (the last NaN).</summary>
    Max,
    /// <summary>Sum divided by the windows' divisors.</summary>
    Average,
}

/// <summary>The windows along one axis: output index i covers inputs [Starts[i], Ends[i]), clipped to the axis; never empty, and never decreasing.</summary>
/// <param name="Starts">First input index of each window.</param>
/// <param name="Ends">One past the last.</param>
/// <param name="Divisors">What an average divides by, per axis; the window's divisor is the product.</param>
public sealed record PoolAxis(int[] Starts, int[] Ends, int[] Divisors)
{
    /// <summary>Windows of a kernel that slides by a stride over a padded axis of <paramref name="size"/>.</summary>
    /// <param name="size">The input's size.</param>
    /// <param name="kernel">The window's size.</param>
    /// <param name="stride">Steps between windows.</param>
    /// <param name="padding">Cells added at both ends; at most half the kernel.</param>
    /// <param name="ceil">Whether a last, incomplete window counts, if it starts inside the axis or the left padding.</param>
    /// <param name="countPadding">Whether padding counts in the divisor.</param>
    public static PoolAxis Sliding(int size, int kernel, int stride, int padding, bool ceil, bool countPadding)
    {
        var room = size + 2L * padding - kernel + (ceil ? stride - 1 : 0);
        var count = room < 0 ? 0 : (int)(room / stride) + 1;
        if (ceil && (count - 1L) * stride >= (long)size + padding) count--;
        var axis = new PoolAxis(new int[count], new int[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            long start = (long)i * stride - padding, end = Math.Min(start + kernel, (long)size + padding);
            axis.Starts[i] = (int)Math.Max(0, start);
            axis.Ends[i] = (int)Math.Min(size, end);
            axis.Divisors[i] = countPadding ? (int)(end - start) : axis.Ends[i] - axis.Starts[i];
        }
        return axis;
    }

    /// <summary>The bins of an adaptive pool: [⌊i · in / out⌋, ⌈(i + 1) · in / out⌉).</summary>
    public static PoolAxis Adaptive(int size, int count)
    {
        var axis = new PoolAxis(new int[count], new int[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            axis.Starts[i] = (int)((long)i * size / count);
            axis.Ends[i] = (int)(((i + 1L) * size + count - 1) / count);
            axis.Divisors[i] = axis.Ends[i] - axis.Starts[i];
        }
        return axis;
    }
}

/// <summary>Options of <see cref="IPool2dKernel"/>.</summary>
/// <param name="Kind">Maximum or average.</param>
/// <param name="Rows">Windows along the height.</param>
/// <param name="Columns">Windows along the width.</param>
public readonly record struct Pool2dArgs(PoolKind Kind, PoolAxis Rows, PoolAxis Columns);

/// <summary>Pooling of [N, C, H, W] over rectangular windows. Default layouts (channels-last); float32 or float64.</summary>
public interface IPool2dKernel : IKernel
{
    /// <summary>output = the windows' values; overwrites.</summary>
    void Forward(in Pool2dArgs args, TensorView input, TensorView output);

    /// <summary>dInput = the gradient; overwrites. Positions of maxima are found again from the input, which averages do not need (null). The same bits for any number of threads.</summary>
    void Backward(in Pool2dArgs args, TensorView? input, TensorView dOutput, TensorView dInput);
}
