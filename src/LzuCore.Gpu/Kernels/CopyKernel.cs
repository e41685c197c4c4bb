using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Copy, cast, fill, one thread an element. Equal dtypes move bits; unequal ones go through double, or long between integers.
internal sealed class CopyKernel(Launcher launcher) : ICopyKernel
{
    public void Copy(TensorView input, TensorView output)
    {
        if (input.DType != output.DType)
        {
            Convert(input, output);
            return;
        }
        switch (input.DType.Size())
        {
            case 1: Move<byte>(input, output); break;
            case 2: Move<ushort>(input, output); break;
            case 4: Move<uint>(input, output); break;
            default: Move<ulong>(input, output); break;
        }
    }

    public void Fill(double value, TensorView output)
    {
        // By size, as bits: one kernel serves dtypes of one size.
        switch (output.DType)
        {
            case DType.Float32: Write(BitConverter.SingleToUInt32Bits(Float32Element.FromDouble(value)), output); break;
            case DType.Float64: Write(BitConverter.DoubleToUInt64Bits(value), output); break;
            case DType.Float16: Write(Float16Element.FromDouble(value), output); break;
            case DType.BFloat16: Write(BFloat16Element.FromDouble(value), output); break;
            case DType.Int64: Write((ulong)Int64Element.FromDouble(value), output); break;
            case DType.Int32: Write((uint)Int32Element.FromDouble(value), output); break;
            case DType.Int16: Write((ushort)Int16Element.FromDouble(value), output); break;
            case DType.Int8: Write((byte)Int8Element.FromDouble(value), output); break;
            case DType.UInt8: Write(UInt8Element.FromDouble(value), output); break;
            default: Write(BoolElement.FromDouble(value), output); break;
        }
    }

    private void Move<T>(TensorView input, TensorView output) where T : unmanaged
    {
        var walk = new StridedWalk(output.Layout, input.Layout.Expand(output.Shape));
        launcher.Launch(walk.Count, new MoveBody<T>(walk.Sizes, walk[1], walk[0], input.Elements<T>(), output.Elements<T>()));
    }

    private void Write<T>(T value, TensorView output) where T : unmanaged
    {
        var walk = new StridedWalk(output.Layout);
        launcher.Launch(walk.Count, new FillBody<T>(value, walk.Sizes, walk[0], output.Elements<T>()));
    }

    private void Convert(TensorView input, TensorView output)
    {
        switch (input.DType)
        {
            case DType.Float32: ConvertFrom<float, Float32Element>(input, output); break;
            case DType.Float64: ConvertFrom<double, Float64Element>(input, output); break;
            case DType.Float16: ConvertFrom<ushort, Float16Element>(input, output); break;
            case DType.BFloat16: ConvertFrom<ushort, BFloat16Element>(input, output); break;
            case DType.Int64: ConvertFrom<long, Int64Element>(input, output); break;
            case DType.Int32: ConvertFrom<int, Int32Element>(input, output); break;
            case DType.Int16: ConvertFrom<short, Int16Element>(input, output); break;
            case DType.Int8: ConvertFrom<sbyte, Int8Element>(input, output); break;
            case DType.UInt8: ConvertFrom<byte, UInt8Element>(input, output); break;
            default: ConvertFrom<byte, BoolElement>(input, output); break;
        }
    }

    private void ConvertFrom<TIn, TRead>(TensorView input, TensorView output) where TIn : unmanaged where TRead : struct, IElement<TIn>
    {
        switch (output.DType)
        {
            case DType.Float32: Convert<TIn, TRead, float, Float32Element>(input, output); break;
            case DType.Float64: Convert<TIn, TRead, double, Float64Element>(input, output); break;
            case DType.Float16: Convert<TIn, TRead, ushort, Float16Element>(input, output); break;
            case DType.BFloat16: Convert<TIn, TRead, ushort, BFloat16Element>(input, output); break;
            case DType.Int64: Convert<TIn, TRead, long, Int64Element>(input, output); break;
            case DType.Int32: Convert<TIn, TRead, int, Int32Element>(input, output); break;
            case DType.Int16: Convert<TIn, TRead, short, Int16Element>(input, output); break;
            case DType.Int8: Convert<TIn, TRead, sbyte, Int8Element>(input, output); break;
            case DType.UInt8: Convert<TIn, TRead, byte, UInt8Element>(input, output); break;
            default: Convert<TIn, TRead, byte, BoolElement>(input, output); break;
        }
    }

    private void Convert<TIn, TRead, TOut, TWrite>(TensorView input, TensorView output)
        where TIn : unmanaged where TOut : unmanaged where TRead : struct, IElement<TIn> where TWrite : struct, IElement<TOut>
    {
        var walk = new StridedWalk(output.Layout, input.Layout.Expand(output.Shape));
        var integers = input.DType.IsFloating() || output.DType.IsFloating() ? 0 : 1;
        launcher.Launch(walk.Count, new ConvertBody<TIn, TRead, TOut, TWrite>(integers, walk.Sizes, walk[1], walk[0], input.Elements<TIn>(), output.Elements<TOut>()));
    }

    internal readonly struct MoveBody<T>(Sizes sizes, Strides sx, Strides sy, ArrayView<T> x, ArrayView<T> y) : IKernelBody where T : unmanaged
    {
        public void Run(int index)
        {
            var at = sizes.At(index);
            y[sy.Of(at)] = x[sx.Of(at)];
        }
    }

    internal readonly struct FillBody<T>(T value, Sizes sizes, Strides sy, ArrayView<T> y) : IKernelBody where T : unmanaged
    {
        public void Run(int index) => y[sy.Of(sizes.At(index))] = value;
    }

    internal readonly struct ConvertBody<TIn, TRead, TOut, TWrite>(int integers, Sizes sizes, Strides sx, Strides sy, ArrayView<TIn> x, ArrayView<TOut> y) : IKernelBody
        where TIn : unmanaged where TOut : unmanaged where TRead : struct, IElement<TIn> where TWrite : struct, IElement<TOut>
    {
        public void Run(int index)
        {
            var at = sizes.At(index);
            var v = x[sx.Of(at)];
            y[sy.Of(at)] = integers != 0 ? TWrite.FromLong(TRead.ToLong(v)) : TWrite.FromDouble(TRead.ToDouble(v));
        }
    }
}
