using LzuCore.Memory;

namespace LzuCore.Nn.Serialization;

// Makes a strided view dense, whatever its dtype: only the element size matters. Rows (the last axis) are the inner loop; the other axes
// are an odometer, so no depth of nesting reaches the stack.
internal static unsafe class StridedGather
{
    // `from` is the view's first element; the layout's offset is already applied.
    public static void Run(byte* from, Layout layout, int size, byte* into)
    {
        switch (size)
        {
            case 1: Copy<byte>(from, layout, into); break;
            case 2: Copy<ushort>(from, layout, into); break;
            case 4: Copy<uint>(from, layout, into); break;
            case 8: Copy<ulong>(from, layout, into); break;
            default: Copy<UInt128>(from, layout, into); break;
        }
    }

    private static void Copy<T>(byte* fromBytes, Layout layout, byte* intoBytes) where T : unmanaged
    {
        var from = (T*)fromBytes;
        var into = (T*)intoBytes;
        var rank = layout.Shape.Rank;
        if (rank == 0)
        {
            *into = *from;
            return;
        }
        var index = new int[rank];
        var row = layout.Shape[rank - 1];
        var step = layout.Strides[rank - 1];
        for (long at = 0; at < layout.Shape.Count; at += row)
        {
            for (long i = 0; i < row; i++) into[at + i] = from[i * step];
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
