using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace LzuCore.Nn.Serialization;

// Turns big-endian values round in place; the BCL does it with vectors.
internal static class ByteOrder
{
    public static void Reverse(Span<byte> values, int size)
    {
        switch (size)
        {
            case 2: Turn(MemoryMarshal.Cast<byte, ushort>(values)); break;
            case 4: Turn(MemoryMarshal.Cast<byte, uint>(values)); break;
            case 8: Turn(MemoryMarshal.Cast<byte, ulong>(values)); break;
        }
    }

    private static void Turn(Span<ushort> values) => BinaryPrimitives.ReverseEndianness(values, values);

    private static void Turn(Span<uint> values) => BinaryPrimitives.ReverseEndianness(values, values);

    private static void Turn(Span<ulong> values) => BinaryPrimitives.ReverseEndianness(values, values);
}
