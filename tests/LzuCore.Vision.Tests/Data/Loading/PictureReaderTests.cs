using LzuCore.Memory;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tests.Data.Loading;

public sealed class PictureReaderTests
{
    private string _folder = "";

    [SetUp]
    public void MakePictures()
    {
        _folder = Directory.CreateTempSubdirectory("lzu reader").FullName;
        for (var i = 0; i < 4; i++) ImageCodec.Save(DeterministicImage.Make(i, (32, 32)), At(i));
    }

    [TearDown]
    public void RemovePictures() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Cache_ForgetsTheLeastRecentlyUsed()
    {
        var reader = new PictureReader(cacheBytes: 2 * 3 * 32 * 32);
        var first = reader.Read(At(0));
        reader.Read(At(1));
        Assert.That(reader.Read(At(0)), Is.SameAs(first));
        reader.Read(At(2));
        Assert.That(reader.Read(At(0)), Is.SameAs(first), "1 was used longest ago");
        Assert.That((reader.Hits, reader.CachedBytes), Is.EqualTo((2L, 2L * 3 * 32 * 32)));
        reader.Read(At(1));
        Assert.That(reader.Hits, Is.EqualTo(2));
    }

    [Test]
    public void PictureLargerThanTheCache_IsReadAndNotKept()
    {
        var reader = new PictureReader(cacheBytes: 100);
        Assert.That(reader.Read(At(0)).Size, Is.EqualTo(new Size2(32, 32)));
        Assert.That(reader.CachedBytes, Is.Zero);
    }

    [Test]
    public void ManyThreads_SeeWholePicturesWithinTheBound()
    {
        var reader = new PictureReader(cacheBytes: 3 * 3 * 32 * 32);
        Parallel.For(0, 200, i =>
        {
            Assert.That(reader.Read(At(i % 4)).Pixels.SequenceEqual(DeterministicImage.Make(i % 4, (32, 32)).Pixels));
            Assert.That(reader.CachedBytes, Is.LessThanOrEqualTo(3 * 3 * 32 * 32));
        });
    }

    [Test]
    public void Jpeg_IsDecodedAsLargeAsNeeded()
    {
        var path = Path.Combine(_folder, "a.jpg");
        ImageCodec.Save(new Image((64, 96)), path);
        var reader = new PictureReader(needed: size => new Size2(size.Height / 2, size.Width / 2));
        Assert.That(reader.Read(path, new Size2(64, 96)).Size, Is.EqualTo(new Size2(32, 48)));
        Assert.That(reader.Read(path).Size, Is.EqualTo(new Size2(64, 96)), "of unknown size: all pixels");
    }

    [Test]
    public void NegativeCache_IsRefused() => Assert.That(() => new PictureReader(-1), Throws.TypeOf<ArgumentValueException>());

    private string At(int i) => Path.Combine(_folder, $"{i}.png");
}
