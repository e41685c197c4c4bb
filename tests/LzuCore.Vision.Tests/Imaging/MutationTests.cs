using LzuCore.Memory;
using LzuCore.Testing;
using LzuCore.Vision.Imaging;
using SkiaSharp;

namespace LzuCore.Vision.Tests.Imaging;

/// <summary>Damaged pictures are read or refused, never anything else: decoded, and by their headers alone.</summary>
public sealed class MutationTests
{
    private static byte[] Picture(string format)
    {
        var image = DeterministicImage.Make(1, (24, 40));
        if (format != "webp") return ImageCodec.Encode(image, "a." + format);
        using var bitmap = ImageCodec.ToBitmap(image);
        using var data = bitmap.Encode(SKEncodedImageFormat.Webp, 80);
        return data.ToArray();
    }

    // A claim of 8,000 pixels a byte is as much as deflate can keep; a WebP of one colour keeps any number.
    [TestCase("png"), TestCase("jpg"), TestCase("webp")]
    public void DamagedPicture_IsReadOrRefused(string format) =>
        TestContext.Out.WriteLine(Mutants.Survive(Picture(format), 2000, format == "webp" ? 900 << 20 : 80 << 20, bytes => ImageCodec.Decode(bytes, "x." + format)));

    [TestCase("png"), TestCase("jpg"), TestCase("webp")]
    public void DamagedHeader_IsReadOrRefused(string format)
    {
        var path = Path.GetTempFileName();
        try
        {
            TestContext.Out.WriteLine(Mutants.Survive(Picture(format), 1000, 1 << 20, bytes =>
            {
                File.WriteAllBytes(path, bytes);
                // A header says less than a decoder sees: a cut file has a size, but no end.
                if (!ImageHeader.Read(path).HasEnd) throw new FileFormatException("it has no end");
            }));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void DamagedLabelMap_IsReadOrRefused()
    {
        var labels = new LabelMap(new Size2(20, 30));
        for (var i = 0; i < labels.Labels.Length; i++) labels.Labels[i] = (byte)(i * 7 % 19);
        TestContext.Out.WriteLine(Mutants.Survive(labels.Encode(), 10_000, 16 << 20, bytes => LabelMap.Decode(bytes, "x.png")));
    }

    // A few bytes that claim sixteen thousand pixels a side.
    [TestCase("png"), TestCase("jpg")]
    public void ClaimWithoutContent_IsRefused_BeforeMemoryIsTaken(string format)
    {
        var bytes = Picture(format);
        if (format == "png") bytes = PngWriter.Claiming(16000, 16000);
        else
        {
            // SOF0: marker, length, precision, height, width.
            var at = bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
            (bytes[at + 5], bytes[at + 6], bytes[at + 7], bytes[at + 8]) = (0x3E, 0x80, 0x3E, 0x80);
        }
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => ImageCodec.Decode(bytes, "x." + format), Throws.TypeOf<FileFormatException>());
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
    }
}
