namespace LzuCore.Memory;

/// <summary>A pair over the two spatial axes, height (vertical) first: sizes, strides, paddings, dilations. A single number means both.</summary>
/// <param name="Height">Along rows.</param>
/// <param name="Width">Along columns.</param>
public readonly record struct Size2(int Height, int Width)
{
    /// <summary>The same number both ways.</summary>
    public static implicit operator Size2(int both) => new(both, both);

    /// <summary>(height, width).</summary>
    public static implicit operator Size2((int Height, int Width) pair) => new(pair.Height, pair.Width);

    /// <summary><c>600x960</c>: height first, as on the command line.</summary>
    public override string ToString() => $"{Height}x{Width}";
}
