using Bits = ILGPU.Interop;

namespace LzuCore.Gpu.Kernels;

/// <summary>How values lie in memory and what is computed with: float16 and bfloat16 are 16 bits there and float32 here.</summary>
/// <typeparam name="S">What is stored.</typeparam>
/// <typeparam name="V">What is computed with.</typeparam>
internal interface IStored<S, V>
{
    static abstract V Load(S v);
    static abstract S Save(V v);
}

/// <summary>Stored as it is computed with.</summary>
internal readonly struct Plain<V> : IStored<V, V>
{
    public static V Load(V v) => v;
    public static V Save(V v) => v;
}

internal readonly struct BFloat16Stored : IStored<ushort, float>
{
    public static float Load(ushort v) => Bits.IntAsFloat((uint)v << 16);

    // To nearest even; NaN keeps a bit of its mantissa.
    public static ushort Save(float v)
    {
        var bits = Bits.FloatAsInt(v);
        return float.IsNaN(v) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}

internal readonly struct Float16Stored : IStored<ushort, float>
{
    // ILGPU's Half converts in hardware on a GPU.
    public static float Load(ushort v) => Bits.IntAsFloat(v);

    public static ushort Save(float v) => Bits.FloatAsInt((ILGPU.Half)v);
}

/// <summary>Four neighbouring halves: 8 bytes.</summary>
internal readonly struct FourStored<TStored> : IStored<Quad<ushort>, Quad<float>> where TStored : struct, IStored<ushort, float>
{
    public static Quad<float> Load(Quad<ushort> v) => new(TStored.Load(v.X), TStored.Load(v.Y), TStored.Load(v.Z), TStored.Load(v.W));
    public static Quad<ushort> Save(Quad<float> v) => new(TStored.Save(v.X), TStored.Save(v.Y), TStored.Save(v.Z), TStored.Save(v.W));
}
