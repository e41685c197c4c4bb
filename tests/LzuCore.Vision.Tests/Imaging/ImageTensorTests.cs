using LzuCore.Memory;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tests.Imaging;

public sealed class ImageTensorTests
{
    [Test]
    public void DeterministicImage_HasItsCheckValues()
    {
        var image = DeterministicImage.Make(1, (128, 192));
        Assert.That(image[0, 0], Is.EqualTo(new Rgb(29, 25, 29)));
        Assert.That(image[0, 1], Is.EqualTo(new Rgb(6, 14, 11)));
        Assert.That(image[5, 7], Is.EqualTo(new Rgb(54, 88, 92)));
        Assert.That(image[127, 191], Is.EqualTo(new Rgb(161, 86, 35)));
        long sum = 0;
        foreach (var b in image.Pixels) sum += b;
        Assert.That(sum, Is.EqualTo(9409936));
    }

    [Test]
    public void Normalizations_FollowTheirFormulas()
    {
        var image = new Image((2, 3));
        image[1, 2] = new Rgb(10, 20, 30);
        var rgb = image.ToTensor(Normalization.ImageNetRgb);
        Assert.That(rgb.Shape, Is.EqualTo(new Shape(1, 3, 2, 3)));
        Assert.That(Last(rgb), Is.EqualTo(new[] { (10 - 123.675f) / 58.395f, (20 - 116.28f) / 57.12f, (30 - 103.53f) / 57.375f }));
        Assert.That(Last(image.ToTensor(Normalization.CaffeBgr)), Is.EqualTo(new[] { 30 - 103.530f, 20 - 116.280f, 10 - 123.675f }));
        Assert.That(Last(image.ToTensor(Normalization.Torchvision)), Is.EqualTo(new[] { (10 / 255f - 0.485f) / 0.229f, (20 / 255f - 0.456f) / 0.224f, (30 / 255f - 0.406f) / 0.225f }));
        Assert.That(Last(image.ToTensor(Normalization.Unit)), Is.EqualTo(new[] { 10 / 255f, 20 / 255f, 30 / 255f }));
    }

    [Test]
    public void ToImage_UndoesToTensor()
    {
        var image = DeterministicImage.Make(7, (65, 33));
        foreach (var n in new[] { Normalization.None, Normalization.Unit, Normalization.ImageNetRgb, Normalization.CaffeBgr, Normalization.Torchvision })
            Assert.That(image.ToTensor(n).ToImage(n).Pixels.SequenceEqual(image.Pixels), n.ToString());
    }

    [Test]
    public void Resize_KeepsConstantsAndAveragesWhenShrinking()
    {
        var flat = new Image((31, 45));
        flat.Pixels.Fill(77);
        foreach (var size in new Size2[] { (10, 10), (100, 7), (1, 1), (31, 45) })
            Assert.That(flat.To(size).Pixels.IndexOfAnyExcept((byte)77), Is.EqualTo(-1), size.ToString());
        var board = new Image((64, 64));
        for (var y = 0; y < 64; y++)
            for (var x = 0; x < 64; x++) board[y, x] = (x + y) % 2 == 0 ? Rgb.White : Rgb.Black;
        foreach (var b in board.To((16, 16)).Pixels) Assert.That(b, Is.InRange(126, 129));
    }

    private static float[] Last(Tensors.Tensor t) => [.. t.ToArray<float>().Chunk(6).Select(c => c[5])];
}
