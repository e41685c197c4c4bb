using LzuCore.Memory;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Tasks.Segmentation;

namespace LzuCore.Vision.Tests.Tasks.Segmentation;

/// <summary>Nodes that boundaries attract.</summary>
public sealed class BoundaryAttractionTests
{
    [Test]
    public void WithoutABoundary_NodesAreEven() => Assert.That(new BoundaryAttraction().Of(new LabelMap((40, 60))), Is.EqualTo(BoundaryAttraction.Even()));

    [Test]
    public void WithoutSmoothness_InnerNodesStandOnTheBoundary()
    {
        var nodes = new BoundaryAttraction(smoothness: 0).Of(Edge());
        for (var i = 0; i < 8; i++)
            for (var j = 1; j < 7; j++) Assert.That((nodes[2 * (8 * i + j)] + 1) / 2 * 59, Is.EqualTo(20).Within(2), $"node {i}, {j}");
    }

    [Test]
    public void TheEnergyIsLeast_AtTheNodes()
    {
        var (smoothness, map) = (0.7, Edge());
        var nodes = new BoundaryAttraction(smoothness).Of(map).Select(v => (double)v).ToArray();
        var attracting = new BoundaryAttraction(smoothness: 0).Of(map);
        var least = Energy(nodes);
        foreach (var node in new[] { 9, 20, 35, 54 })
            foreach (var step in new[] { -0.05, 0.05 })
            {
                var moved = (double[])nodes.Clone();
                moved[2 * node] += step;
                // A parabola of curvature 1 + λ·4 about its least point.
                Assert.That(Energy(moved) - least, Is.EqualTo(step * step * (1 + 4 * smoothness)).Within(1e-6));
            }

        double Energy(double[] at)
        {
            var sum = 0.0;
            for (var i = 0; i < 8; i++)
                for (var j = 0; j < 8; j++)
                {
                    if (j is > 0 and < 7) sum += Math.Pow(at[2 * (8 * i + j)] - attracting[2 * (8 * i + j)], 2);
                    if (j < 7) sum += smoothness * Math.Pow(at[2 * (8 * i + j)] - at[2 * (8 * i + j + 1)], 2);
                    if (i < 7) sum += smoothness * Math.Pow(at[2 * (8 * i + j)] - at[2 * (8 * (i + 1) + j)], 2);
                }
            return sum;
        }
    }

    [Test]
    public void BorderNodes_StayOnTheirBorder_AndMapAcrossTheDiagonalIsTheSameAcross()
    {
        var nodes = new BoundaryAttraction().Of(Edge());
        for (var i = 0; i < 8; i++)
        {
            Assert.That((nodes[2 * 8 * i], nodes[2 * (8 * i + 7)]), Is.EqualTo((-1f, 1f)));
            Assert.That((nodes[2 * i + 1], nodes[2 * (56 + i) + 1]), Is.EqualTo((-1f, 1f)));
        }
        var across = new LabelMap((60, 40));
        for (var y = 20; y < 60; y++) across.Row(y).Fill(1);
        var turned = new BoundaryAttraction().Of(across);
        for (var i = 0; i < 8; i++)
            for (var j = 0; j < 8; j++) Assert.That(turned[2 * (8 * j + i) + 1], Is.EqualTo(nodes[2 * (8 * i + j)]).Within(1e-6f));
    }

    [Test]
    public void OtherClasses_DoNotAttract() => Assert.That(new BoundaryAttraction(attracting: [2]).Of(Edge()), Is.EqualTo(BoundaryAttraction.Even()));

    // Class 1 from column 20 on, of 40 x 60.
    private static LabelMap Edge()
    {
        var map = new LabelMap((40, 60));
        for (var y = 0; y < 40; y++) map.Row(y)[20..].Fill(1);
        return map;
    }
}
