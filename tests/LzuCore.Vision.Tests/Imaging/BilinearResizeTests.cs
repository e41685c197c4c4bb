using CsCheck;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tests.Imaging;

public sealed class BilinearResizeTests
{
    [Test]
    public void AnySize_IsTheExactInterpolationRounded() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int[0, 1000]).Sample((h, w, toH, toW, seed) =>
        {
            var image = DeterministicImage.Make(seed, (h, w));
            var result = image.ResizeBilinear((toH, toW));
            for (var y = 0; y < toH; y++)
                for (var x = 0; x < toW; x++)
                    for (var c = 0; c < 3; c++)
                    {
                        var exact = Exact(image, (y + 0.5) * h / toH - 0.5, (x + 0.5) * w / toW - 0.5, c);
                        Assert.That((double)result.Row(y)[3 * x + c], Is.EqualTo(exact).Within(0.52), $"({y}, {x}, {c}) of {h}x{w} to {toH}x{toW}");
                    }
        }, iter: 60);

    [Test]
    public void Constant_StaysConstant() =>
        Gen.Select(Gen.Int[1, 50], Gen.Int[1, 50], Gen.Int[1, 90], Gen.Int[1, 90], Gen.Byte).Sample((h, w, toH, toW, level) =>
        {
            var image = new Image((h, w));
            image.Pixels.Fill(level);
            Assert.That(image.ResizeBilinear((toH, toW)).Pixels.IndexOfAnyExcept(level), Is.EqualTo(-1));
        });

    [Test]
    public void HalfSize_IsTheMeanOfFourRoundedHalfUp()
    {
        // OpenCV takes this very shortcut (INTER_AREA) for a factor of two.
        var image = DeterministicImage.Make(4, (20, 30));
        var half = image.ResizeBilinear((10, 15));
        for (var y = 0; y < 10; y++)
            for (var i = 0; i < 45; i++)
            {
                var at = i / 3 * 6 + i % 3;
                var sum = image.Row(2 * y)[at] + image.Row(2 * y)[at + 3] + image.Row(2 * y + 1)[at] + image.Row(2 * y + 1)[at + 3];
                Assert.That(half.Row(y)[i], Is.EqualTo((sum + 2) >> 2));
            }
    }

    [Test]
    public void Bits_DoNotDependOnThreads()
    {
        var image = DeterministicImage.Make(2, (211, 307));
        var before = ParallelRows.Threads;
        try
        {
            ParallelRows.Threads = 1;
            var one = image.ResizeBilinear((120, 333));
            ParallelRows.Threads = 4;
            Assert.That(image.ResizeBilinear((120, 333)).Pixels.SequenceEqual(one.Pixels));
        }
        finally
        {
            ParallelRows.Threads = before;
        }
    }

    [TestCase(false), TestCase(true)]
    public void Letterbox_IsResizeThenNormaliseThenZeros(bool bgr)
    {
        var normalization = bgr ? Normalization.CaffeBgr : Normalization.ImageNetRgb;
        var image = DeterministicImage.Make(1, (45, 80));
        foreach (var size in new Size2[] { (45, 80), (30, 53) })
        {
            var boxed = image.Letterbox(size, (64, 96), normalization);
            var plain = image.ResizeBilinear(size).ToTensor(normalization).ToArray<float>();
            Assert.That(boxed.Shape.ToArray(), Is.EqualTo(new[] { 1, 3, 64, 96 }));
            var values = boxed.ToArray<float>();
            for (var c = 0; c < 3; c++)
                for (var y = 0; y < 64; y++)
                    for (var x = 0; x < 96; x++)
                        Assert.That(values[(c * 64 + y) * 96 + x], Is.EqualTo(y < size.Height && x < size.Width ? plain[(c * size.Height + y) * size.Width + x] : 0));
        }
        Assert.That(() => image.Letterbox((45, 80), (44, 96), normalization), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("must hold 45x80"));
    }

    private static double Exact(Image image, double y, double x, int c)
    {
        (y, x) = (Math.Clamp(y, 0, image.Height - 1), Math.Clamp(x, 0, image.Width - 1));
        int top = (int)y, left = (int)x;
        double At(int row, int column) => image.Row(Math.Min(row, image.Height - 1))[3 * Math.Min(column, image.Width - 1) + c];
        var (fy, fx) = (y - top, x - left);
        return (1 - fy) * ((1 - fx) * At(top, left) + fx * At(top, left + 1)) + fy * ((1 - fx) * At(top + 1, left) + fx * At(top + 1, left + 1));
    }
}
