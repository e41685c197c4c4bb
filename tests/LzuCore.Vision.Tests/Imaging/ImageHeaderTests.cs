using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tests.Imaging;

public sealed class ImageHeaderTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("lzu header ä").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("a.jpg", "jpeg"), TestCase("b.png", "png")]
    public void WholeFile_TellsSizeFormatAndEnd(string name, string format)
    {
        var path = Path.Combine(_folder, name);
        ImageCodec.Save(DeterministicImage.Make(1, (64, 48)), path);
        Assert.That(ImageHeader.Read(path), Is.EqualTo(new ImageHeader(new Size2(64, 48), format, HasEnd: true)));
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^200]);
        Assert.That(ImageHeader.Read(path).HasEnd, Is.False);
    }

    [Test]
    public void WhatIsNoPicture_IsRefusedInOneLine()
    {
        var empty = Path.Combine(_folder, "empty.png");
        File.WriteAllBytes(empty, []);
        var text = Path.Combine(_folder, "text.png");
        File.WriteAllText(text, "no picture");
        foreach (var (path, says) in new[] { (empty, "empty"), (text, "not a JPEG"), (_folder, "directory"), (Path.Combine(_folder, "none"), "no such file"), ("", "cannot read") })
            Assert.That(() => ImageHeader.Read(path), Throws.TypeOf<FileFormatException>().With.Message.Contains(says).And.Message.Not.Contains("\n"));
    }

    [TestCase(400, 600, 200, 300, 200, 300), TestCase(400, 600, 201, 300, 400, 600), TestCase(401, 603, 100, 150, 101, 151), TestCase(400, 600, 30, 40, 50, 75), TestCase(400, 600, 800, 1200, 400, 600)]
    public void ReducedDecoding_IsNeverSmallerThanNeeded(int height, int width, int needHeight, int needWidth, int gotHeight, int gotWidth)
    {
        var path = Path.Combine(_folder, "a.jpg");
        ImageCodec.Save(Smooth((height, width)), path, 95);
        var reduced = ImageCodec.Load(path, new Size2(needHeight, needWidth));
        Assert.That(reduced.Size, Is.EqualTo(new Size2(gotHeight, gotWidth)));
        // The same picture: what averaging makes of all pixels, but for the codec's own rounding.
        var averaged = ImageCodec.Load(path).To(reduced.Size);
        double off = 0;
        for (var i = 0; i < reduced.Pixels.Length; i++) off += Math.Abs(reduced.Pixels[i] - averaged.Pixels[i]);
        Assert.That(off / reduced.Pixels.Length, Is.LessThan(2));
    }

    [Test]
    public void Png_IsNotReduced()
    {
        var path = Path.Combine(_folder, "a.png");
        ImageCodec.Save(Smooth((64, 64)), path);
        Assert.That(ImageCodec.Load(path, new Size2(8, 8)).Size, Is.EqualTo(new Size2(64, 64)));
    }

    private static Image Smooth(Size2 size)
    {
        var image = new Image(size);
        for (var y = 0; y < size.Height; y++)
            for (var x = 0; x < size.Width; x++) image[y, x] = new Rgb((byte)(127 + 120 * Math.Sin(x / 40.0)), (byte)(127 + 120 * Math.Sin(y / 30.0)), (byte)(255 * x / size.Width));
        return image;
    }
}
