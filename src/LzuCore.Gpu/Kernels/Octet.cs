using System.Numerics;

namespace LzuCore.Gpu.Kernels;

/// <summary>Eight values in two fours: one lane's share of a row or column of a tile.</summary>
internal readonly struct Octet<T>(Quad<T> low, Quad<T> high) where T : unmanaged, IFloatingPointIeee754<T>
{
    public readonly Quad<T> Low = low, High = high;

    public static Octet<T> Zero => new(Four<T>.Zero, Four<T>.Zero);

    /// <summary>This plus factor · v.</summary>
    public Octet<T> Plus(T factor, Octet<T> v) => new(Four<T>.AddScaled(Low, v.Low, factor), Four<T>.AddScaled(High, v.High, factor));
}

/// <summary>An 8x8 block of a product, in registers.</summary>
internal readonly struct Block<T>(Octet<T> r0, Octet<T> r1, Octet<T> r2, Octet<T> r3, Octet<T> r4, Octet<T> r5, Octet<T> r6, Octet<T> r7) where T : unmanaged, IFloatingPointIeee754<T>
{
    public readonly Octet<T> R0 = r0, R1 = r1, R2 = r2, R3 = r3, R4 = r4, R5 = r5, R6 = r6, R7 = r7;

    public static Block<T> Zero => new(Octet<T>.Zero, Octet<T>.Zero, Octet<T>.Zero, Octet<T>.Zero, Octet<T>.Zero, Octet<T>.Zero, Octet<T>.Zero, Octet<T>.Zero);

    /// <summary>This plus the outer product of a column and a row.</summary>
    public Block<T> Plus(Octet<T> a, Octet<T> b) => new(
        R0.Plus(a.Low.X, b), R1.Plus(a.Low.Y, b), R2.Plus(a.Low.Z, b), R3.Plus(a.Low.W, b),
        R4.Plus(a.High.X, b), R5.Plus(a.High.Y, b), R6.Plus(a.High.Z, b), R7.Plus(a.High.W, b));
}
