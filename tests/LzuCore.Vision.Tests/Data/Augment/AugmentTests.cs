using CsCheck;
using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Augment;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tests.Data.Augment;

public sealed class AugmentTests
{
    private static readonly Gen<Size2> Sizes = Gen.Select(Gen.Int[2, 60], Gen.Int[2, 60]).Select((h, w) => new Size2(h, w));

    [Test]
    public void FlipTwice_IsTheSample() => Sizes.Select(Gen.Int[0, 99]).Sample((size, seed) =>
    {
        var sample = Detection(size, seed);
        var flip = new RandomFlip(1);
        var once = flip.Apply(sample, Draws.Of(0, 0, 0));
        var twice = flip.Apply(once, Draws.Of(0, 0, 1));
        Assert.That(twice.Image.Pixels.SequenceEqual(sample.Image.Pixels));
        Assert.That(once.Image[0, 0], Is.EqualTo(sample.Image[0, size.Width - 1]));
        foreach (var (a, b) in twice.Boxes.Zip(sample.Boxes)) AssertSame(a, b, 1e-4f);
        var segmented = Segmentation(size, seed);
        Assert.That(flip.Apply(flip.Apply(segmented, Draws.Of(0, 0, 0)), Draws.Of(0, 0, 0)).Labels.Labels.SequenceEqual(segmented.Labels.Labels));
    });

    [Test]
    public void FlippedBox_CoversTheFlippedPixels()
    {
        var image = new Image((10, 20));
        for (var y = 2; y < 5; y++)
            for (var x = 3; x < 9; x++) image[y, x] = Rgb.White;
        var sample = new RandomFlip(1).Apply(Sample(image, new Box(3, 2, 9, 5)), Draws.Of(0, 0, 0));
        Assert.That(sample.Boxes[0], Is.EqualTo(new Box(11, 2, 17, 5)));
        Assert.That((sample.Image[2, 11], sample.Image[4, 16], sample.Image[2, 10], sample.Image[2, 17]), Is.EqualTo((Rgb.White, Rgb.White, Rgb.Black, Rgb.Black)));
    }

    // mmcv 1.7: rescale_size((1600, 900), (1333, 800)), ((640, 427), (1333, 800)), ((427, 640), (1333, 800)), ((2048, 1024), (1024, 512)), ((1920, 1200), (960, 600))
    [TestCase(900, 1600, 750, 1333), TestCase(427, 640, 800, 1199), TestCase(640, 427, 1199, 800)]
    public void Fit_FollowsMmcv(int height, int width, int toHeight, int toWidth) => Assert.That(Rescale.Fit((height, width), (800, 1333)), Is.EqualTo(new Size2(toHeight, toWidth)));

    [Test]
    public void Rescale_MultipliesBoxesByTheTrueRatio()
    {
        var sample = Sample(new Image((427, 640)), new Box(10, 20, 640, 427));
        var scaled = new Rescale(new Size2(800, 1333)).Apply(sample, Draws.Of(0, 0, 0));
        Assert.That(scaled.Image.Size, Is.EqualTo(new Size2(800, 1199)));
        AssertSame(scaled.Boxes[0], new Box(10 * 1199 / 640f, 20 * 800 / 427f, 1199, 800), 1e-3f);
        Assert.That(scaled.Original, Is.EqualTo(new Size2(427, 640)), "the file's size stays known");
    }

    [Test]
    public void RescaleRatio_DrawsEverySizeBetween()
    {
        var rescale = new Rescale(new Size2(50, 100)) { Ratio = (0.5, 2) };
        var widths = Enumerable.Range(0, 200).Select(i => rescale.Apply(Segmentation((25, 50), 0), Draws.Of(1, 0, i)).Labels.Size.Width).ToList();
        Assert.That((widths.Min(), widths.Max()), Is.EqualTo((50, 199)).Within(4));
    }

    [Test]
    public void LabelsResized_AreSomePixelOfThePicture() => Sizes.Select(Sizes).Sample((size, to) =>
    {
        var labels = Segmentation(size, 3).Labels;
        var resized = labels.Resize(to);
        var known = labels.Labels.ToArray().ToHashSet();
        foreach (var value in resized.Labels) Assert.That(known, Does.Contain(value));
        Assert.That(resized.Row(0)[0], Is.EqualTo(labels.Row(0)[0]));
    });

    [Test]
    public void SegmentationCrop_AvoidsOneClass()
    {
        // Left nine tenths one class, a strip of another: about a tenth of all places are mixed enough.
        var sample = Segmentation((64, 200), 0);
        sample.Labels.Labels.Clear();
        for (var y = 0; y < 64; y++) sample.Labels.Row(y)[180..].Fill(1);
        double Mixed(double share) => Enumerable.Range(0, 300).Count(i => new RandomCrop((64, 40), share).Apply(sample, Draws.Of(2, 0, i)).Labels.Labels.Count((byte)1) > 0.25 * 64 * 40) / 300.0;
        Assert.That(Mixed(1), Is.LessThan(0.15));
        Assert.That(Mixed(0.75), Is.GreaterThan(0.4), "up to eleven draws");
    }

    [Test]
    public void CroppedPictureAndLabels_StayTogether() => Sizes.Select(Sizes, Gen.Int[0, 99]).Sample((size, part, seed) =>
    {
        var image = new Image(size);
        var labels = new LabelMap(size);
        for (var y = 0; y < size.Height; y++)
            for (var x = 0; x < size.Width; x++)
            {
                image[y, x] = new Rgb((byte)y, (byte)x, 0);
                labels.Row(y)[x] = (byte)(y * 3 + x);
            }
        var cropped = new RandomCrop(part).Apply(new SegmentationSample("a", "a.png", image, labels), Draws.Of(0, 0, seed));
        Assert.That(cropped.Image.Size, Is.EqualTo(new Size2(Math.Min(part.Height, size.Height), Math.Min(part.Width, size.Width))).And.EqualTo(cropped.Labels.Size));
        for (var y = 0; y < cropped.Image.Height; y++)
            for (var x = 0; x < cropped.Image.Width; x++)
                Assert.That(cropped.Labels.Row(y)[x], Is.EqualTo((byte)(cropped.Image[y, x].R * 3 + cropped.Image[y, x].G)));
    });

    [Test]
    public void DetectionCrop_ClipsBoxesAndKeepsTheirLabels() => Sizes.Select(Gen.Int[0, 999]).Sample((size, seed) =>
    {
        var sample = Detection(size, seed);
        var part = new Size2(Math.Max(1, size.Height / 2), Math.Max(1, size.Width / 2));
        var cropped = new RandomCrop(part).Apply(sample, Draws.Of(0, 0, seed));
        Assert.That(cropped.Boxes, Has.Count.EqualTo(cropped.Labels.Count).And.Count.GreaterThan(0));
        foreach (var box in cropped.Boxes) Assert.That(box.Width > 0 && box.Height > 0 && box == box.Clip(cropped.Image.Size), $"{box} in {cropped.Image.Size}");
        // Every label is the number of the box it came with.
        foreach (var (box, label) in cropped.Boxes.Zip(cropped.Labels)) Assert.That(box.Area, Is.LessThanOrEqualTo(sample.Boxes[label].Area + 1e-2f));
    });

    [TestCase(32, 64, 96), TestCase(1, 40, 70), TestCase(7, 42, 70)]
    public void PadTo_ReachesMultiples(int multiple, int height, int width)
    {
        var padded = new PadTo(multiple).Apply(Segmentation((40, 70), 1), Draws.Of(0, 0, 0));
        Assert.That(padded.Image.Size, Is.EqualTo(new Size2(height, width)).And.EqualTo(padded.Labels.Size));
        if (height > 40) Assert.That((padded.Image[height - 1, 0], padded.Labels.Row(height - 1)[0]), Is.EqualTo((Rgb.Black, LabelMaps.Ignore)));
    }

    [TestCase(PhotometricStyle.Mmseg), TestCase(PhotometricStyle.Mmdet)]
    public void Photometric_IsTheSameForTheSameDraws_AndLeavesTheInputAlone(PhotometricStyle style)
    {
        var image = DeterministicImage.Make(5, (30, 40));
        var before = image.Clone();
        var distort = new PhotometricDistortion(style);
        var different = 0;
        for (var i = 0; i < 50; i++)
        {
            var a = distort.Distort(image, Draws.Of(1, 2, i));
            Assert.That(a.Pixels.SequenceEqual(distort.Distort(image, Draws.Of(1, 2, i)).Pixels));
            if (!a.Pixels.SequenceEqual(image.Pixels)) different++;
        }
        Assert.That(different, Is.InRange(35, 50));
        Assert.That(image.Pixels.SequenceEqual(before.Pixels));
    }

    [Test]
    public void Grey_StaysGreyInMmsegStyle()
    {
        // Without saturation there is no hue: brightness and contrast alone can act, and they do so up to 32 levels and half to one and a half times.
        var image = new Image((4, 4));
        image.Pixels.Fill(100);
        for (var i = 0; i < 100; i++)
        {
            var pixels = new PhotometricDistortion(PhotometricStyle.Mmseg).Distort(image, Draws.Of(9, 0, i)).Pixels;
            Assert.That(pixels.IndexOfAnyExcept(pixels[0]), Is.EqualTo(-1));
            Assert.That((int)pixels[0], Is.InRange((100 - 33) / 2, 132 * 1.5));
        }
    }

    // cv2.cvtColor(uint8, COLOR_RGB2HSV), by its formulas: pure colours are exact, (120, 200, 40) has value 200, saturation 204, hue 90/2.
    [TestCase(255, 0, 0, 0, 255, 255), TestCase(0, 255, 0, 60, 255, 255), TestCase(0, 0, 255, 120, 255, 255), TestCase(255, 255, 0, 30, 255, 255), TestCase(7, 7, 7, 0, 0, 7), TestCase(120, 200, 40, 45, 204, 200)]
    public void HueBytes_AreOpenCvs(int r, int g, int b, int h, int s, int v)
    {
        Assert.That(HueBytes.From((byte)r, (byte)g, (byte)b), Is.EqualTo(((byte)h, (byte)s, (byte)v)));
        Assert.That(HueBytes.To((byte)h, (byte)s, (byte)v), Is.EqualTo(((byte)r, (byte)g, (byte)b)));
    }

    [Test]
    public void HueFloats_GoThereAndBack() => Gen.Select(Gen.Float[0, 255], Gen.Float[0, 255], Gen.Float[0, 255]).Sample((r, g, b) =>
    {
        var (h, s, v) = HueFloats.From(r, g, b);
        var (r2, g2, b2) = HueFloats.To(h, s, v);
        Assert.That(new[] { r2, g2, b2 }, Is.EqualTo(new[] { r, g, b }).Within(1e-2));
    });

    private static DetectionSample Sample(Image image, params Box[] boxes) =>
        new() { ImageId = 1, File = "a.png", Image = image, Original = image.Size, Boxes = boxes, Labels = [.. Enumerable.Range(0, boxes.Length)] };

    private static DetectionSample Detection(Size2 size, int seed)
    {
        var draws = Draws.Of(7, 0, seed);
        return Sample(DeterministicImage.Make(seed, size), [.. Enumerable.Range(0, 5).Select(_ =>
        {
            double x = draws.Between(0, size.Width - 1), y = draws.Between(0, size.Height - 1);
            return new Box((float)x, (float)y, (float)draws.Between(x + 0.5, size.Width), (float)draws.Between(y + 0.5, size.Height));
        })]);
    }

    private static SegmentationSample Segmentation(Size2 size, int seed)
    {
        var labels = new LabelMap(size);
        var source = RandomSource.FromSeed((ulong)seed);
        for (var i = 0; i < labels.Labels.Length; i++) labels.Labels[i] = (byte)(source.Word((ulong)i) % 19);
        return new SegmentationSample("a", "a.png", DeterministicImage.Make(seed, size), labels);
    }

    private static void AssertSame(Box a, Box b, float within) =>
        Assert.That(new[] { a.X1, a.Y1, a.X2, a.Y2 }, Is.EqualTo(new[] { b.X1, b.Y1, b.X2, b.Y2 }).Within(within));
}
