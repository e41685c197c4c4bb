using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Copy, cast, fill. Equal dtypes move bits (whole runs by memory copy); unequal ones go through double, or long between integers.
internal sealed unsafe class CopyKernel : ICopyKernel
{
    public void Copy(TensorView input, TensorView output)
    {
        var loop = new StridedLoop(output.Layout, input.Layout.Expand(output.Shape));
        byte* from = ((HostStorage)input.Storage).Pointer, to = ((HostStorage)output.Storage).Pointer;
        long so = loop.InnerStrides[0], si = loop.InnerStrides[1];
        if (input.DType == output.DType)
        {
            switch (input.DType.Size())
            {
                case 1: Move<byte>(loop, from, to, so, si); break;
                case 2: Move<ushort>(loop, from, to, so, si); break;
                case 4: Move<uint>(loop, from, to, so, si); break;
                default: Move<ulong>(loop, from, to, so, si); break;
            }
            return;
        }
        int sizeIn = input.DType.Size(), sizeOut = output.DType.Size();
        bool integers = !input.DType.IsFloating() && !output.DType.IsFloating();
        DType typeIn = input.DType, typeOut = output.DType;
        loop.Run((at, n) =>
        {
            byte* p = from + at[1] * sizeIn, q = to + at[0] * sizeOut;
            for (long i = 0; i < n; i++, p += si * sizeIn, q += so * sizeOut)
                if (integers) WriteInteger(q, typeOut, ReadInteger(p, typeIn));
                else Write(q, typeOut, Read(p, typeIn));
        });
    }

    public void Fill(double value, TensorView output)
    {
        var loop = new StridedLoop(output.Layout);
        var to = ((HostStorage)output.Storage).Pointer;
        var stride = loop.InnerStrides[0];
        int size = output.DType.Size();
        var bits = Bits(output.DType, value);
        loop.Run((at, n) =>
        {
            var q = to + at[0] * size;
            switch (size)
            {
                case 4 when stride == 1: new Span<uint>(q, n).Fill((uint)bits); break;
                case 8 when stride == 1: new Span<ulong>(q, n).Fill(bits); break;
                default:
                    for (long i = 0; i < n; i++) Write(q + i * stride * size, size, bits);
                    break;
            }
        });
    }

    private static ulong Bits(DType dtype, double value)
    {
        ulong bits = 0;
        Write((byte*)&bits, dtype, value);
        return bits;
    }

    private static void Write(byte* q, int size, ulong bits)
    {
        switch (size)
        {
            case 1: *q = (byte)bits; break;
            case 2: *(ushort*)q = (ushort)bits; break;
            case 4: *(uint*)q = (uint)bits; break;
            default: *(ulong*)q = bits; break;
        }
    }

    private static void Move<T>(StridedLoop loop, byte* from, byte* to, long so, long si) where T : unmanaged => loop.Run((at, n) =>
    {
        T* p = (T*)from + at[1], q = (T*)to + at[0];
        if (so == 1 && si == 1) new ReadOnlySpan<T>(p, n).CopyTo(new Span<T>(q, n));
        else for (long i = 0; i < n; i++) q[i * so] = p[i * si];
    });

    private static double Read(byte* p, DType dtype) => dtype switch
    {
        DType.Float32 => *(float*)p,
        DType.Float64 => *(double*)p,
        DType.Float16 => (double)*(Half*)p,
        DType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)*(ushort*)p << 16),
        _ => ReadInteger(p, dtype),
    };

    private static long ReadInteger(byte* p, DType dtype) => dtype switch
    {
        DType.Int64 => *(long*)p,
        DType.Int32 => *(int*)p,
        DType.Int16 => *(short*)p,
        DType.Int8 => *(sbyte*)p,
        DType.UInt8 => *p,
        _ => *p != 0 ? 1 : 0,
    };

    private static void Write(byte* q, DType dtype, double v)
    {
        switch (dtype)
        {
            case DType.Float32: *(float*)q = (float)v; break;
            case DType.Float64: *(double*)q = v; break;
            case DType.Float16: *(Half*)q = (Half)v; break;
            case DType.BFloat16: *(ushort*)q = ToBFloat16((float)v); break;
            case DType.Bool: *q = v != 0 ? (byte)1 : (byte)0; break;
            case DType.UInt8: *q = (byte)Math.Clamp(double.IsNaN(v) ? 0 : v, 0, 255); break;
            default: WriteInteger(q, dtype, (long)v); break;
        }
    }

    private static void WriteInteger(byte* q, DType dtype, long v)
    {
        switch (dtype)
        {
            case DType.Int64: *(long*)q = v; break;
            case DType.Int32: *(int*)q = (int)Math.Clamp(v, int.MinValue, int.MaxValue); break;
            case DType.Int16: *(short*)q = (short)Math.Clamp(v, short.MinValue, short.MaxValue); break;
            case DType.Int8: *(sbyte*)q = (sbyte)Math.Clamp(v, sbyte.MinValue, sbyte.MaxValue); break;
            case DType.UInt8: *q = (byte)Math.Clamp(v, 0, 255); break;
            default: *q = v != 0 ? (byte)1 : (byte)0; break;
        }
    }

    // Round to nearest even; NaN keeps a set mantissa bit.
    private static ushort ToBFloat16(float v)
    {
        var bits = BitConverter.SingleToUInt32Bits(v);
        return float.IsNaN(v) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
