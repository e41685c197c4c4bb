using CsCheck;
using LzuCore.Memory;

namespace LzuCore.Tests.Memory;

public sealed class LayoutTests
{
    [Test]
    public void Reshape_WhenAView_KeepsLogicalOrder()
    {
        // Any permutation of a dense tensor, reshaped to any factorisation of its element count: a view visits the same elements in the same order.
        var dims = Gen.Int[1, 4].Array[1, 4];
        Gen.Select(dims, dims, Gen.Int[0, 1000]).Sample((from, to, seed) =>
        {
            var shape = new Shape(from);
            var order = Enumerable.Range(0, from.Length).OrderBy(i => (i * 7919 + seed) % 13).ToArray();
            var layout = Layout.RowMajor(shape).Permute(order);
            var target = new Shape(to);
            if (target.Count != shape.Count) target = new Shape((int)shape.Count);
            if (layout.TryReshape(target) is { } view) Assert.That(Offsets(view), Is.EqualTo(Offsets(layout)));
        });
    }

    [Test]
    public void Reshape_OfDense_IsAlwaysAView() =>
        Gen.Int[0, 5].Array[1, 5].Sample(dims =>
        {
            var layout = Layout.RowMajor(new Shape(dims));
            return layout.TryReshape(new Shape(dims.Reverse().ToArray())) is not null && layout.TryReshape(new Shape((int)layout.Shape.Count)) is not null;
        });

    [Test]
    public void ChannelsLast_PutsChannelsInnermost()
    {
        var layout = Layout.Default([2, 3, 4, 5]);
        Assert.That(layout.Strides.ToArray(), Is.EqualTo([60L, 1, 15, 3]));
        Assert.That(layout.IsChannelsLast && !layout.IsRowMajor, Is.True);
    }

    [Test]
    public void Broadcast_NamesTheAxis()
    {
        Assert.That(Shape.Broadcast("add", [8, 1, 6], [7, 1]), Is.EqualTo(new Shape(8, 7, 6)));
        Assert.That(() => Shape.Broadcast("add", [8, 3], [2, 3]), Throws.TypeOf<ShapeException>().With.Message.Contains("axis 0 is 8 and 2"));
    }

    [Test]
    public void Shape_RefusesNegativeAndOverflowingSizes()
    {
        Assert.That(() => new Shape(-1), Throws.TypeOf<ShapeException>());
        Assert.That(() => new Shape(int.MaxValue, int.MaxValue, int.MaxValue), Throws.TypeOf<ShapeException>());
    }

    private static long[] Offsets(Layout layout)
    {
        var result = new List<long>();
        var index = new int[layout.Shape.Rank];
        for (long n = 0; n < layout.Shape.Count; n++)
        {
            var rest = n;
            var at = layout.Offset;
            for (var axis = index.Length - 1; axis >= 0; axis--)
            {
                at += rest % layout.Shape[axis] * layout.Strides[axis];
                rest /= layout.Shape[axis];
            }
            result.Add(at);
        }
        return [.. result];
    }
}
