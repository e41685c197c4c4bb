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

/// <summary>The windows along one axis: output index i covers inputs [Start(i), End(i)), clipped to the axis; never empty, and never decreasing. Blittable.</summary>
public readonly record struct PoolAxis
{
    private readonly int _kernel, _stride, _padding, _countPadding;

    private PoolAxis(int size, int count, int kernel, int stride, int padding, bool countPadding)
    {
        (Size, Count) = (size, count);
        (_kernel, _stride, _padding, _countPadding) = (kernel, stride, padding, countPadding ? 1 : 0);
    }

    internal int Kernel => _kernel;

    internal int Stride => _stride;

    internal int Padding => _padding;

    internal bool CountsPadding => _countPadding != 0;

    /// <summary>The input's size.</summary>
    public int Size { get; }

    /// <summary>How many windows there are.</summary>
    public int Count { get; }

    /// <summary>First input index of a window.</summary>
    public int Start(int i)
    {
        if (_kernel == 0) return (int)((long)i * Size / Count);
        var start = (long)i * _stride - _padding;
        return start < 0 ? 0 : (int)start;
    }

    /// <summary>One past the last input index of a window.</summary>
    public int End(int i)
    {
        if (_kernel == 0) return (int)(((i + 1L) * Size + Count - 1) / Count);
        var end = (long)i * _stride - _padding + _kernel;
        return end > Size ? Size : (int)end;
    }

    /// <summary>What an average divides by, along this axis; the window's divisor is the product over both.</summary>
    public int Divisor(int i)
    {
        if (_kernel == 0 || _countPadding == 0) return End(i) - Start(i);
        long start = (long)i * _stride - _padding, room = Size + (long)_padding - start;
        return room < _kernel ? (int)room : _kernel;
    }

    /// <summary>The first window that ends behind an input index: those that cover it, if any, follow without a gap.</summary>
    public int FirstBehind(int index)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (End(middle) > index) high = middle;
            else low = middle + 1;
        }
        return low;
    }

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
        return new PoolAxis(size, count, kernel, stride, padding, countPadding);
    }

    /// <summary>The bins of an adaptive pool: [⌊i · in / out⌋, ⌈(i + 1) · in / out⌉).</summary>
    public static PoolAxis Adaptive(int size, int count) => new(size, count, 0, 1, 0, false);
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
