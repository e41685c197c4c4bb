using CsCheck;
using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tests.Imaging;

public sealed class LabelMapTests
{
    private static LabelMap Random(int height, int width, int seed, int classes)
    {
        var map = new LabelMap((height, width));
        var random = new Random(seed);
        for (var i = 0; i < map.Labels.Length; i++) map.Labels[i] = i % 7 == 0 || i == 0 ? (byte)random.Next(classes) : map.Labels[i - 1];
        return map;
    }

    [Test]
    public void Labels_WrittenAndRead_AreExact() => Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[0, 99]).Sample((height, width, seed) =>
    {
        var map = Random(height, width, seed, 256);
        var back = LabelMap.Decode(map.Encode(), "x.png");
        Assert.That(back.Size, Is.EqualTo(map.Size));
        Assert.That(back.Labels.SequenceEqual(map.Labels));
    }, iter: 100);

    [Test]
    public void WrittenPng_IsAGreyPictureToOtherReaders()
    {
        var map = Random(9, 13, 1, 34);
        var seen = ImageCodec.Decode(map.Encode(), "x.png");
        for (var y = 0; y < 9; y++)
            for (var x = 0; x < 13; x++) Assert.That(seen[y, x], Is.EqualTo(new Rgb(map.Row(y)[x], map.Row(y)[x], map.Row(y)[x])));
    }

    [TestCase(1), TestCase(2), TestCase(4), TestCase(8)]
    public void Palette_IsReadAsIndices_AtEveryDepthAndWithEveryFilter(int depth)
    {
        var random = new Random(depth);
        int height = 11, width = 13;
        var labels = new byte[height, width];
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++) labels[y, x] = (byte)random.Next(1 << depth);
        var read = LabelMap.Decode(PngWriter.Palette(labels, depth), "x.png");
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++) Assert.That(read.Row(y)[x], Is.EqualTo(labels[y, x]), $"({y}, {x})");
    }

    [Test]
    public void Colour_IsRefused() =>
        Assert.That(() => LabelMap.Decode(ImageCodec.Encode(new Image((4, 4)), "x.png"), "x.png"), Throws.TypeOf<FileFormatException>().With.Message.Contains("one channel"));

    [Test]
    public void OddFiles_AreRefusedInOneLine()
    {
        var good = Random(20, 30, 2, 19).Encode();
        for (var length = 0; length < good.Length; length++) Assert.That(() => LabelMap.Decode(good.AsSpan(0, length), "x.png"), Throws.TypeOf<FileFormatException>().With.Message.StartsWith("load x.png: "));
        Assert.That(() => LabelMap.Load("no such.png"), Throws.TypeOf<FileFormatException>());
        // A header that claims 30000x8000 pixels over a few bytes of data.
        Assert.That(() => LabelMap.Decode(PngWriter.Claiming(8000, 30000), "x.png"), Throws.TypeOf<FileFormatException>().With.Message.Contains("cannot hold"));
        Assert.That(() => LabelMap.Decode(PngWriter.Claiming(30000, 30000), "x.png"), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("268"));
    }
}
