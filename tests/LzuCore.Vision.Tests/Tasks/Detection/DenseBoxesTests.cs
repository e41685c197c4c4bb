using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;

namespace LzuCore.Vision.Tests.Tasks;

public sealed class DenseBoxesTests
{
    private static readonly Size2[] Sizes = [(40, 64), (20, 32), (10, 16)];
    private static readonly int[] Strides = [2, 4, 8];

    [Test]
    public void Objects_GoToTheLevelOfTheirLongerSide()
    {
        var starts = new[] { 0, 2560, 3200, 3360 };
        foreach (var (side, level) in new[] { (11.9f, 0), (12f, 1), (27.9f, 1), (28f, 2), (60f, 2) })
        {
            var marks = DenseTargets.Assign(Sizes, Strides, [new Box(40, 40, 40 + side, 45)], []);
            var cells = Enumerable.Range(0, marks.Length).Where(c => marks[c] == 0).ToList();
            Assert.That(cells, Is.Not.Empty);
            Assert.That(cells.All(c => c >= starts[level] && c < starts[level + 1]), $"side {side}");
        }
    }

    [Test]
    public void TinyObject_HasTheCellThatItIsIn()
    {
        var marks = DenseTargets.Assign(Sizes, Strides, [new Box(20.5f, 30.5f, 21.5f, 31.5f)], []);
        // Its middle (21, 31) is that of cell (10, 15) of stride 2.
        Assert.That(Enumerable.Range(0, marks.Length).Where(c => marks[c] == 0), Is.EqualTo(new[] { 15 * 64 + 10 }));
    }

    [Test]
    public void SmallerObject_KeepsSharedCells_AndIgnoredBoxesOnlyBackground()
    {
        var marks = DenseTargets.Assign(Sizes, Strides, [new Box(20, 20, 26, 26), new Box(18, 18, 29, 29)], [new Box(0, 0, 128, 80)]);
        Assert.That(marks[11 * 64 + 11], Is.EqualTo(0), "(23, 23) is the middle of both");
        Assert.That(marks.Count(m => m == DenseTargets.Background), Is.Zero);
        Assert.That(marks.Count(m => m >= 0), Is.GreaterThan(0));
    }

    [Test]
    public void DecodedRows_AreTheBoxesThatTheyWereMadeFrom()
    {
        var cells = DenseTargets.Cells(Sizes, Strides);
        var box = new Box(30, 20, 44, 32);
        var cell = 2560 + 6 * 32 + 9;
        var rows = new float[cells.Length * 6];
        for (var c = 0; c < cells.Length; c++) rows[6 * c] = rows[6 * c + 1] = -9;
        rows[6 * cell + 1] = 2;
        (rows[6 * cell + 2], rows[6 * cell + 3]) = ((37 - cells[cell].X) / 4, (26 - cells[cell].Y) / 4);
        (rows[6 * cell + 4], rows[6 * cell + 5]) = (MathF.Log(14f / 8), MathF.Log(12f / 8));
        var found = DenseBoxes.Decode(rows, 6, 2, cells, new());
        Assert.That(found, Has.Count.EqualTo(1));
        Assert.That((found[0].Label, found[0].Cell), Is.EqualTo((1, cell)));
        Assert.That(Boxes.Iou(found[0].Box, box), Is.EqualTo(1).Within(1e-5));
        var tensor = DenseBoxes.Decode(Tensor.From([.. rows.AsSpan(6 * cell + 2, 4)], [1, 4]), [cells[cell]]);
        Assert.That(Boxes.Iou(Boxes.From(tensor)[0], box), Is.EqualTo(1).Within(1e-5));
    }

    [Test]
    public void NaNs_FindNothing()
    {
        var cells = DenseTargets.Cells(Sizes, Strides);
        var rows = new float[cells.Length * 6];
        Array.Fill(rows, float.NaN);
        Assert.That(DenseBoxes.Decode(rows, 6, 2, cells, new()), Is.Empty);
    }

    [Test]
    public void LabelThatIsNoClass_IsOneLine()
    {
        var output = new DeskDetector(2).Call(Tensor.Zeros([1, 3, 80, 128]));
        Assert.That(() => DenseBoxes.ClassLoss(output, Strides, 2, [new DenseTruth([new Box(1, 1, 9, 9)], [2], [])]), Throws.InstanceOf<ArgumentValueException>().With.Message.Contains("labels must be 0 to 1, got 2"));
    }

    [Test]
    public void ResizeFrame_ThereAndBack_IsTheSame([Values] bool alignCorners)
    {
        var frame = new ResizeFrame((320, 512), (80, 128), alignCorners);
        var box = new Box(10.5f, 20, 500, 319);
        Assert.That(Boxes.Iou(frame.ToOriginal(frame.ToResized(box)), box), Is.EqualTo(1).Within(1e-5));
        // Centres of the corner pixels stay under align-corners, outer edges otherwise.
        var corner = frame.ToResized(alignCorners ? 511.5 : 512, alignCorners ? 319.5 : 320);
        Assert.That(corner.X, Is.EqualTo(alignCorners ? 127.5 : 128).Within(1e-9));
        Assert.That(corner.Y, Is.EqualTo(alignCorners ? 79.5 : 80).Within(1e-9));
    }
}
