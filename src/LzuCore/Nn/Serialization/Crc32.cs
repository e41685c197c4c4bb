using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LzuCore.Nn.Serialization;

// CRC-32 of zip (reflected polynomial 0xEDB88320), because the BCL has none without a package.
// Where the machine multiplies without carries: four 128-bit accumulators are folded over 64 bytes at a time; what is left of them, 16 bytes congruent to everything
// before, goes through the tables like any tail. Elsewhere: eight table look-ups per eight bytes, no carried dependency inside a group.
// Source: Gopal et al. 2009, "Fast CRC computation for generic polynomials using PCLMULQDQ"; the constants are its for this polynomial.
internal static class Crc32
{
    private static readonly uint[] Table = MakeTable();

    // The checksum of what came before (0 at the start) and these bytes.
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes) => ~(Pclmulqdq.IsSupported && bytes.Length >= 64 ? Fold(~crc, bytes) : ByTable(~crc, bytes));

    // Both take and give the register itself, not its complement.
    internal static uint ByTable(uint crc, ReadOnlySpan<byte> bytes)
    {
        var table = Table;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            var x = word ^ crc;
            crc = table[0x700 + (byte)x] ^ table[0x600 + (byte)(x >> 8)] ^ table[0x500 + (byte)(x >> 16)] ^ table[0x400 + (byte)(x >> 24)]
                ^ table[0x300 + (byte)(x >> 32)] ^ table[0x200 + (byte)(x >> 40)] ^ table[0x100 + (byte)(x >> 48)] ^ table[(int)(x >> 56)];
        }
        foreach (var b in bytes[(bytes.Length & ~7)..]) crc = table[(byte)(crc ^ b)] ^ (crc >> 8);
        return crc;
    }

    private static uint Fold(uint crc, ReadOnlySpan<byte> bytes)
    {
        var by512 = Vector128.Create(0x1_5444_2bd4, 0x1_c6e4_1596).AsUInt64();
        var by128 = Vector128.Create(0x1_7519_97d0, 0x0_ccaa_009e).AsUInt64();
        var blocks = MemoryMarshal.Cast<byte, Vector128<ulong>>(bytes);
        var (a, b, c, d) = (blocks[0] ^ Vector128.CreateScalar((ulong)crc), blocks[1], blocks[2], blocks[3]);
        var at = 4;
        for (; at <= blocks.Length - 4; at += 4)
        {
            a = Step(a, by512) ^ blocks[at];
            b = Step(b, by512) ^ blocks[at + 1];
            c = Step(c, by512) ^ blocks[at + 2];
            d = Step(d, by512) ^ blocks[at + 3];
        }
        a = Step(a, by128) ^ b;
        a = Step(a, by128) ^ c;
        a = Step(a, by128) ^ d;
        for (; at < blocks.Length; at++) a = Step(a, by128) ^ blocks[at];
        return ByTable(ByTable(0, MemoryMarshal.AsBytes(new ReadOnlySpan<Vector128<ulong>>(in a))), bytes[(at * 16)..]);

        static Vector128<ulong> Step(Vector128<ulong> x, Vector128<ulong> by) => Pclmulqdq.CarrylessMultiply(x, by, 0x00) ^ Pclmulqdq.CarrylessMultiply(x, by, 0x11);
    }

    private static uint[] MakeTable()
    {
        var table = new uint[0x800];
        for (uint i = 0; i < 256; i++)
        {
            var crc = i;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            table[i] = crc;
        }
        for (var i = 256; i < table.Length; i++) table[i] = table[(byte)table[i - 256]] ^ (table[i - 256] >> 8);
        return table;
    }
}
