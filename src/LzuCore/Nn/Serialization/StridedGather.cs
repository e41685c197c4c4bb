using LzuCore.Memory;

namespace LzuCore.Nn.Serialization;

// Makes a strided view dense, whatever its dtype: only the element size matters. Rows (the last axis) are the inner loop; the other axes
// are an odometer, so no depth of nesting reaches the stack. Any run of elements can be asked for, so that a view that repeats one
// element a billion times can be hashed in pieces.
internal static unsafe class StridedGather
{
    // Elements first, first + 1, … of the view in row-major order. `from` is the view's first element; the layout's offset is already applied.
    public static void Run(byte* from, Layout layout, int size, long first, long count, byte* into)
    {
        switch (size)
        {
            case 1: Copy<byte>(from, layout, first, count, into); break;
            case 2: Copy<ushort>(from, layout, first, count, into); break;
            case 4: Copy<uint>(from, layout, first, count, into); break;
            case 8: Copy<ulong>(from, layout, first, count, into); break;
            default: Copy<UInt128>(from, layout, first, count, into); break;
        }
    }

    private static void Copy<T>(byte* fromBytes, Layout layout, long first, long count, byte* intoBytes) where T : unmanaged
    {
        var from = (T*)fromBytes;
        var into = (T*)intoBytes;
        var rank = layout.Shape.Rank;
        if (rank == 0)
        {
            *into = *from;
            return;
        }
        Span<int> index = stackalloc int[rank];
        for (var axis = rank - 1; axis >= 0; axis--)
        {
            (first, var i) = Math.DivRem(first, layout.Shape[axis]);
            index[axis] = (int)i;
            from += i * layout.Strides[axis];
        }
        var row = layout.Shape[rank - 1];
        var step = layout.Strides[rank - 1];
        while (count > 0)
        {
            var run = Math.Min(count, row - index[rank - 1]);
            for (long i = 0; i < run; i++) into[i] = from[i * step];
            into += run;
            count -= run;
            from -= index[rank - 1] * step;
            index[rank - 1] = 0;
            for (var axis = rank - 2; axis >= 0; axis--)
            {
                from += layout.Strides[axis];
                if (++index[axis] < layout.Shape[axis]) break;
                from -= layout.Shape[axis] * layout.Strides[axis];
                index[axis] = 0;
            }
        }
    }
}
