using System.Runtime.InteropServices;

namespace LzuCore.Nn.Serialization;

// CRC-32 of zip (reflected polynomial 0xEDB88320), eight table look-ups per eight bytes: no carried dependency inside a group.
internal static class Crc32
{
    private static readonly uint[] Table = MakeTable();

    // The checksum of what came before (0 at the start) and these bytes.
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        var table = Table;
        crc = ~crc;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            var x = word ^ crc;
            crc = table[0x700 + (byte)x] ^ table[0x600 + (byte)(x >> 8)] ^ table[0x500 + (byte)(x >> 16)] ^ table[0x400 + (byte)(x >> 24)]
                ^ table[0x300 + (byte)(x >> 32)] ^ table[0x200 + (byte)(x >> 40)] ^ table[0x100 + (byte)(x >> 48)] ^ table[(int)(x >> 56)];
        }
        foreach (var b in bytes[(bytes.Length & ~7)..]) crc = table[(byte)(crc ^ b)] ^ (crc >> 8);
        return ~crc;
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
