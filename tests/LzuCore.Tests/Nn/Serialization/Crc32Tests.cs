using LzuCore.Nn.Serialization;

namespace LzuCore.Tests.Nn.Serialization;

public sealed class Crc32Tests
{
    // The check value of the algorithm's catalogue entry, CRC-32/ISO-HDLC.
    [Test]
    public void CheckValue_IsTheCatalogues() => Assert.That(Crc32.Append(0, "123456789"u8), Is.EqualTo(0xCBF43926));

    [Test]
    public void EveryPath_EqualsTheBitwiseDefinition_AtEveryLengthAndInPieces()
    {
        var bytes = new byte[600];
        new Random(1).NextBytes(bytes);
        var register = uint.MaxValue;
        for (var length = 0; length <= bytes.Length; length++)
        {
            var part = bytes.AsSpan(0, length);
            Assert.That(Crc32.Append(0, part), Is.EqualTo(~register), $"{length} bytes");
            Assert.That(~Crc32.ByTable(uint.MaxValue, part), Is.EqualTo(~register), $"{length} bytes by table");
            Assert.That(Crc32.Append(Crc32.Append(0, part[..(length / 3)]), part[(length / 3)..]), Is.EqualTo(~register), $"{length} bytes in two pieces");
            if (length == bytes.Length) break;
            register ^= bytes[length];
            for (var bit = 0; bit < 8; bit++) register = (register & 1) != 0 ? (register >> 1) ^ 0xEDB88320 : register >> 1;
        }
    }
}
