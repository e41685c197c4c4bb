using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Relations and choices. One generic loop per (relation, element type); scalar, because the outputs are bytes and memory sets the pace.
internal sealed unsafe class CompareKernel : ICompareKernel
{
    private interface IRelation
    {
        static abstract bool Holds<T>(T a, T b) where T : unmanaged, INumber<T>;
    }

    public void Compare(Relation relation, TensorView a, TensorView b, TensorView output)
    {
        switch (relation)
        {
            case Relation.Equal: ByType<Equal>(a, b, output); break;
            case Relation.NotEqual: ByType<NotEqual>(a, b, output); break;
            case Relation.Less: ByType<Less>(a, b, output); break;
            case Relation.LessOrEqual: ByType<LessOrEqual>(a, b, output); break;
            case Relation.And: ByType<And>(a, b, output); break;
            default: ByType<Or>(a, b, output); break;
        }
    }

    public void Select(TensorView condition, TensorView a, TensorView b, TensorView output)
    {
        switch (output.DType.Size())
        {
            case 1: Choose<byte>(condition, a, b, output); break;
            case 2: Choose<ushort>(condition, a, b, output); break;
            case 4: Choose<uint>(condition, a, b, output); break;
            default: Choose<ulong>(condition, a, b, output); break;
        }
    }

    private static void ByType<TRelation>(TensorView a, TensorView b, TensorView output) where TRelation : struct, IRelation
    {
        switch (a.DType)
        {
            case DType.Float32: Loop<TRelation, float>(a, b, output); break;
            case DType.Float64: Loop<TRelation, double>(a, b, output); break;
            case DType.Int64: Loop<TRelation, long>(a, b, output); break;
            default: Loop<TRelation, byte>(a, b, output); break;
        }
    }

    private static void Loop<TRelation, T>(TensorView a, TensorView b, TensorView output) where TRelation : struct, IRelation where T : unmanaged, INumber<T>
    {
        var loop = new StridedLoop(output.Layout, a.Layout.Expand(output.Shape), b.Layout.Expand(output.Shape));
        long so = loop.InnerStrides[0], sa = loop.InnerStrides[1], sb = loop.InnerStrides[2];
        byte* z = Base<byte>(output);
        T* x = Base<T>(a), y = Base<T>(b);
        loop.Run((at, n) =>
        {
            var pz = z + at[0];
            T* px = x + at[1], py = y + at[2];
            for (long i = 0; i < n; i++) pz[i * so] = TRelation.Holds(px[i * sa], py[i * sb]) ? (byte)1 : (byte)0;
        });
    }

    private static void Choose<T>(TensorView condition, TensorView a, TensorView b, TensorView output) where T : unmanaged
    {
        var loop = new StridedLoop(output.Layout, condition.Layout.Expand(output.Shape), a.Layout.Expand(output.Shape), b.Layout.Expand(output.Shape));
        long so = loop.InnerStrides[0], sc = loop.InnerStrides[1], sa = loop.InnerStrides[2], sb = loop.InnerStrides[3];
        var c = Base<byte>(condition);
        T* x = BaseOf<T>(a), y = BaseOf<T>(b), z = BaseOf<T>(output);
        loop.Run((at, n) =>
        {
            var pc = c + at[1];
            T* pz = z + at[0], px = x + at[2], py = y + at[3];
            for (long i = 0; i < n; i++) pz[i * so] = pc[i * sc] != 0 ? px[i * sa] : py[i * sb];
        });
    }

    private static T* Base<T>(TensorView view) where T : unmanaged => view.Pointer<T>() - view.Layout.Offset;

    // Bits of any dtype of this size.
    private static T* BaseOf<T>(TensorView view) where T : unmanaged => (T*)((HostStorage)view.Storage).Pointer;

    private readonly struct Equal : IRelation
    {
        public static bool Holds<T>(T a, T b) where T : unmanaged, INumber<T> => a == b;
    }

    private readonly struct NotEqual : IRelation
    {
        public static bool Holds<T>(T a, T b) where T : unmanaged, INumber<T> => a != b;
    }

    private readonly struct Less : IRelation
    {
        public static bool Holds<T>(T a, T b) where T : unmanaged, INumber<T> => a < b;
    }

    private readonly struct LessOrEqual : IRelation
    {
        public static bool Holds<T>(T a, T b) where T : unmanaged, INumber<T> => a <= b;
    }

    private readonly struct And : IRelation
    {
        public static bool Holds<T>(T a, T b) where T : unmanaged, INumber<T> => a != T.Zero && b != T.Zero;
    }

    private readonly struct Or : IRelation
    {
        public static bool Holds<T>(T a, T b) where T : unmanaged, INumber<T> => a != T.Zero || b != T.Zero;
    }
}
