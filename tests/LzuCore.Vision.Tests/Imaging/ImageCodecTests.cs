using System.Buffers.Binary;
using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tests.Imaging;

public sealed class ImageCodecTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("lzu codec ä").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Png_SavedAndLoaded_IsTheSamePicture()
    {
        var image = DeterministicImage.Make(3, (37, 53));
        var path = Path.Combine(_folder, "straße 街.png");
        ImageCodec.Save(image, path);
        Assert.That(ImageCodec.Load(path).Pixels.SequenceEqual(image.Pixels));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1), "nothing is left beside the file");
    }

    [Test]
    public void Jpeg_SavedAndLoaded_IsNearlyTheSamePicture()
    {
        var image = new Image((40, 64));
        for (var y = 0; y < 40; y++)
            for (var x = 0; x < 64; x++) image[y, x] = new Rgb((byte)(3 * x), (byte)(5 * y), (byte)(2 * x + y));
        var path = Path.Combine(_folder, "ramp.jpg");
        ImageCodec.Save(image, path, jpegQuality: 98);
        var back = ImageCodec.Load(path);
        var worst = 0;
        for (var i = 0; i < image.Pixels.Length; i++) worst = Math.Max(worst, Math.Abs(image.Pixels[i] - back.Pixels[i]));
        Assert.That(worst, Is.InRange(1, 12));
    }

    [TestCase(1), TestCase(2), TestCase(3), TestCase(4), TestCase(5), TestCase(6), TestCase(7), TestCase(8)]
    public void ExifOrientation_IsHonoured(int orientation)
    {
        // 48x32 picture seen upright: red top left quarter, green top right, blue bottom left, white bottom right.
        var upright = Quarters((32, 48));
        var stored = Stored(upright, orientation);
        var bytes = WithOrientation(ImageCodec.Encode(stored, "x.jpg", 100), orientation);
        var seen = ImageCodec.Decode(bytes, "x.jpg");
        Assert.That(seen.Size, Is.EqualTo(upright.Size));
        foreach (var (y, x) in new[] { (4, 4), (4, 44), (28, 4), (28, 44) })
        {
            var (got, want) = (seen[y, x], upright[y, x]);
            Assert.That(Math.Abs(got.R - want.R) + Math.Abs(got.G - want.G) + Math.Abs(got.B - want.B), Is.LessThan(20), $"at ({y}, {x}): {got}, expected {want}");
        }
    }

    [TestCase(0.3), TestCase(0.7), TestCase(0.95)]
    public void Truncated_IsRefused(double part)
    {
        var image = DeterministicImage.Make(1, (64, 64));
        foreach (var name in new[] { "a.jpg", "a.png" })
        {
            var bytes = ImageCodec.Encode(image, name);
            var path = Path.Combine(_folder, name);
            File.WriteAllBytes(path, bytes[..(int)(bytes.Length * part)]);
            var error = Assert.Throws<FileFormatException>(() => ImageCodec.Load(path))!;
            Assert.That(error.Message, Does.Contain("cut off").Or.Contain("damaged"));
        }
    }

    [Test]
    public void WhatIsNoPicture_IsRefusedInOneLine()
    {
        var text = Path.Combine(_folder, "text.jpg");
        File.WriteAllText(text, "this is not a picture");
        var empty = Path.Combine(_folder, "empty.png");
        File.WriteAllBytes(empty, []);
        (string Path, string Says)[] cases = [(text, "not a JPEG"), (empty, "empty"), (_folder, "directory"), (Path.Combine(_folder, "none.png"), "no such file"), ("", "cannot read")];
        foreach (var (path, says) in cases)
        {
            var error = Assert.Throws<FileFormatException>(() => ImageCodec.Load(path))!;
            Assert.That(error.Message, Does.Contain(says).And.Not.Contain("\n"));
        }
    }

    [Test]
    public void HugeDimensions_AreRefusedBeforeDecoding()
    {
        var png = ImageCodec.Encode(new Image((2, 2)), "x.png");
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), 40000);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), 40000);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), Crc(png.AsSpan(12, 17)));
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var error = Assert.Throws<ArgumentValueException>(() => ImageCodec.Decode(png, "huge.png"))!;
        Assert.That(error.Message, Does.Contain("268 megapixels"));
        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(1 << 20));
    }

    [Test]
    public void Save_RefusesWhatItCannotWrite()
    {
        var image = new Image((2, 2));
        Assert.Throws<ArgumentValueException>(() => ImageCodec.Save(image, Path.Combine(_folder, "a.gif")));
        Assert.Throws<ArgumentValueException>(() => ImageCodec.Save(image, Path.Combine(_folder, "a.jpg"), jpegQuality: 0));
        Assert.Throws<LzuException>(() => ImageCodec.Save(image, Path.Combine(_folder, "no", "such", "folder.png")));
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.Empty);
    }

    private static Image Quarters(Size2 size)
    {
        var image = new Image(size);
        for (var y = 0; y < size.Height; y++)
            for (var x = 0; x < size.Width; x++)
                image[y, x] = (y < size.Height / 2, x < size.Width / 2) switch
                {
                    (true, true) => new Rgb(250, 5, 5),
                    (true, false) => new Rgb(5, 250, 5),
                    (false, true) => new Rgb(5, 5, 250),
                    _ => new Rgb(250, 250, 250),
                };
        return image;
    }

    // What a camera stores so that a viewer that follows EXIF 2.3's table sees the picture upright.
    private static Image Stored(Image upright, int orientation)
    {
        var turned = orientation >= 5;
        var stored = new Image(turned ? new Size2(upright.Width, upright.Height) : upright.Size);
        for (var y = 0; y < stored.Height; y++)
            for (var x = 0; x < stored.Width; x++)
            {
                var (right, bottom) = (upright.Width - 1, upright.Height - 1);
                stored[y, x] = orientation switch
                {
                    1 => upright[y, x],                    // row 0 at the top, column 0 at the left
                    2 => upright[y, right - x],            // top, right
                    3 => upright[bottom - y, right - x],   // bottom, right
                    4 => upright[bottom - y, x],           // bottom, left
                    5 => upright[x, y],                    // row 0 at the left, column 0 at the top
                    6 => upright[x, right - y],            // right, top
                    7 => upright[bottom - x, right - y],   // right, bottom
                    _ => upright[bottom - x, y],           // left, bottom
                };
            }
        return stored;
    }

    private static byte[] WithOrientation(byte[] jpeg, int orientation)
    {
        byte[] exif = [0xFF, 0xE1, 0, 34, .. "Exif\0\0"u8, .. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0];
        return [.. jpeg[..2], .. exif, .. jpeg[2..]];
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var k = 0; k < 8; k++) crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
        }
        return ~crc;
    }
}
