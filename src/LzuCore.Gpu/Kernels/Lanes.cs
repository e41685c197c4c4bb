using System.Numerics;
using System.Runtime.InteropServices;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

/// <summary>How a kernel over channels handles one access: a single value, or four neighbouring channels as one 16-byte load. ILGPU never joins scalar loads, so kernels over
/// contiguous channels are written once over <typeparamref name="V"/> and launched with either.</summary>
/// <typeparam name="T"><c>float</c> or <c>double</c>.</typeparam>
/// <typeparam name="V">What one access moves.</typeparam>
internal interface ILane<T, V>
{
    static abstract V Zero { get; }
    static abstract V Fill(T v);
    static abstract V Add(V a, V b);
    static abstract V Subtract(V a, V b);
    static abstract V Scale(V a, T factor);
    static abstract V Multiply(V a, V b);

    /// <summary>a + factor · b.</summary>
    static abstract V AddScaled(V a, V b, T factor);

    /// <summary>The larger; NaN wins.</summary>
    static abstract V Max(V a, V b);

    /// <summary>The sum of the lane's values.</summary>
    static abstract T Sum(V a);
}

/// <summary>Four neighbouring values: 16 bytes of float32.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct Quad<T>(T x, T y, T z, T w) where T : unmanaged
{
    public readonly T X = x, Y = y, Z = z, W = w;
}

/// <summary>Four neighbouring stored values in one access: 16 bytes of float32, 8 of halves. The first index is a multiple of four.</summary>
internal static class Quads
{
    public static Quad<T> Load<T, S, TStored>(ArrayView<S> from, long at) where T : unmanaged where S : unmanaged where TStored : struct, IStored<S, T>
    {
        var v = from.Cast<Quad<S>>()[at / 4];
        return new Quad<T>(TStored.Load(v.X), TStored.Load(v.Y), TStored.Load(v.Z), TStored.Load(v.W));
    }

    public static void Save<T, S, TStored>(ArrayView<S> to, long at, Quad<T> v) where T : unmanaged where S : unmanaged where TStored : struct, IStored<S, T> =>
        to.Cast<Quad<S>>()[at / 4] = new Quad<S>(TStored.Save(v.X), TStored.Save(v.Y), TStored.Save(v.Z), TStored.Save(v.W));
}

internal readonly struct One<T> : ILane<T, T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static T Zero => T.Zero;
    public static T Fill(T v) => v;
    public static T Add(T a, T b) => a + b;
    public static T Subtract(T a, T b) => a - b;
    public static T Scale(T a, T factor) => a * factor;
    public static T Multiply(T a, T b) => a * b;
    public static T AddScaled(T a, T b, T factor) => a + factor * b;
    public static T Max(T a, T b) => b > a || T.IsNaN(b) ? b : a;
    public static T Sum(T a) => a;
}

internal readonly struct Four<T> : ILane<T, Quad<T>> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static Quad<T> Zero => new(T.Zero, T.Zero, T.Zero, T.Zero);
    public static Quad<T> Fill(T v) => new(v, v, v, v);
    public static Quad<T> Add(Quad<T> a, Quad<T> b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z, a.W + b.W);
    public static Quad<T> Subtract(Quad<T> a, Quad<T> b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z, a.W - b.W);
    public static Quad<T> Scale(Quad<T> a, T f) => new(a.X * f, a.Y * f, a.Z * f, a.W * f);
    public static Quad<T> Multiply(Quad<T> a, Quad<T> b) => new(a.X * b.X, a.Y * b.Y, a.Z * b.Z, a.W * b.W);
    public static Quad<T> AddScaled(Quad<T> a, Quad<T> b, T f) => new(a.X + f * b.X, a.Y + f * b.Y, a.Z + f * b.Z, a.W + f * b.W);
    public static Quad<T> Max(Quad<T> a, Quad<T> b) => new(One<T>.Max(a.X, b.X), One<T>.Max(a.Y, b.Y), One<T>.Max(a.Z, b.Z), One<T>.Max(a.W, b.W));
    public static T Sum(Quad<T> a) => a.X + a.Y + (a.Z + a.W);
}

/// <summary>When kernels over channels move four at a time.</summary>
internal static class Channels
{
    /// <summary>Whether channels come in fours and every view starts on a multiple of four; blocks are aligned to 256 bytes.</summary>
    public static bool InFours(int channels, params ReadOnlySpan<TensorView> views)
    {
        if (channels % 4 != 0) return false;
        foreach (var view in views)
            if (view.Layout.Offset % 4 != 0) return false;
        return true;
    }

    /// <summary>A dense view as fours.</summary>
    public static ArrayView<Quad<T>> Fours<T>(this TensorView view) where T : unmanaged => view.Dense<T>().Cast<Quad<T>>();

    /// <summary>An operand of a walk that goes in fours, as fours.</summary>
    public static ArrayView<Quad<float>> Fours(this StridedWalk walk, TensorView view) => view.Elements<float>().SubView(view.Layout.Offset, walk.Count).Cast<Quad<float>>();
}
