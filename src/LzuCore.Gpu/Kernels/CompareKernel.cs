using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Relations and choices, one thread an element.
internal sealed class CompareKernel(Launcher launcher) : ICompareKernel
{
    public void Compare(Relation relation, TensorView a, TensorView b, TensorView output)
    {
        switch (a.DType)
        {
            case DType.Float32: Compare<float>(relation, a, b, output); break;
            case DType.Float64: Compare<double>(relation, a, b, output); break;
            case DType.Int64: Compare<long>(relation, a, b, output); break;
            default: Compare<byte>(relation, a, b, output); break;
        }
    }

    public void Select(TensorView condition, TensorView a, TensorView b, TensorView output)
    {
        switch (output.DType.Size())
        {
            case 1: Select<byte>(condition, a, b, output); break;
            case 2: Select<ushort>(condition, a, b, output); break;
            case 4: Select<uint>(condition, a, b, output); break;
            default: Select<ulong>(condition, a, b, output); break;
        }
    }

    private void Compare<TNumber>(Relation relation, TensorView a, TensorView b, TensorView output) where TNumber : unmanaged, INumber<TNumber>
    {
        var walk = new StridedWalk(output.Layout, a.Layout.Expand(output.Shape), b.Layout.Expand(output.Shape));
        launcher.Launch(walk.Count, new CompareBody<TNumber>((int)relation, walk.Sizes, walk[1], walk[2], walk[0],
            a.Elements<TNumber>(), b.Elements<TNumber>(), output.Elements<byte>()));
    }

    private void Select<T>(TensorView condition, TensorView a, TensorView b, TensorView output) where T : unmanaged
    {
        var walk = new StridedWalk(output.Layout, condition.Layout.Expand(output.Shape), a.Layout.Expand(output.Shape), b.Layout.Expand(output.Shape));
        launcher.Launch(walk.Count, new SelectBody<T>(walk.Sizes, walk[1], walk[2], walk[3], walk[0],
            condition.Elements<byte>(), a.Elements<T>(), b.Elements<T>(), output.Elements<T>()));
    }

    internal readonly struct CompareBody<TNumber>(int relation, Sizes sizes, Strides sa, Strides sb, Strides sy, ArrayView<TNumber> a, ArrayView<TNumber> b, ArrayView<byte> y) : IKernelBody
        where TNumber : unmanaged, INumber<TNumber>
    {
        public void Run(int index)
        {
            var at = sizes.At(index);
            TNumber p = a[sa.Of(at)], q = b[sb.Of(at)];
            bool holds;
            if (relation == (int)Relation.Equal) holds = p == q;
            else if (relation == (int)Relation.NotEqual) holds = p != q;
            else if (relation == (int)Relation.Less) holds = p < q;
            else if (relation == (int)Relation.LessOrEqual) holds = p <= q;
            else if (relation == (int)Relation.And) holds = p != TNumber.Zero && q != TNumber.Zero;
            else holds = p != TNumber.Zero || q != TNumber.Zero;
            y[sy.Of(at)] = holds ? (byte)1 : (byte)0;
        }
    }

    internal readonly struct SelectBody<T>(Sizes sizes, Strides sc, Strides sa, Strides sb, Strides sy, ArrayView<byte> c, ArrayView<T> a, ArrayView<T> b, ArrayView<T> y) : IKernelBody
        where T : unmanaged
    {
        public void Run(int index)
        {
            var at = sizes.At(index);
            y[sy.Of(at)] = c[sc.Of(at)] != 0 ? a[sa.Of(at)] : b[sb.Of(at)];
        }
    }
}
