using CsCheck;
using LzuCore.Kernels;
using LzuCore.Kernels.Cpu;
using LzuCore.Memory;

namespace LzuCore.Tests.Kernels;

public sealed unsafe class WinogradTilesTests
{
    private const int Channels = 3;

    private static readonly Gen<(Size2 Size, Size2 Dilation, int Batch)[]> Maps =
        Gen.Select(Gen.Int[1, 30], Gen.Int[1, 30], Gen.Int[1, 4], Gen.Int[1, 4], Gen.Int[1, 2], (h, w, dy, dx, n) => (new Size2(h, w), new Size2(dy, dx), n)).Array[1, 3];

    private static readonly Gen<WinogradForm> Forms = Gen.Bool.Select(large => large ? WinogradForm.Large : WinogradForm.Small);

    [Test]
    public void Tiles_CoverEveryPixelOnce() => Gen.Select(Forms, Maps).Sample((form, maps) =>
    {
        var tiles = Tiles(form, maps, out var all);
        var covered = all.Select((_, i) => new int[maps[i].Batch * maps[i].Size.Height * maps[i].Size.Width]).ToArray();
        foreach (var (map, target) in Targets(tiles, 0, tiles.Count))
            for (var y = 0; y < target.Height; y++)
                for (var x = 0; x < target.Width; x++)
                    covered[Array.IndexOf(all, map)][((nint)target.First / sizeof(float) + y * target.Down + x * target.Right) / Channels]++;
        Assert.That(covered.SelectMany(c => c), Has.All.EqualTo(1));
    });

    [Test]
    public void TilesThatHaveTheLastPixels_AreNeighbours() => Gen.Select(Forms, Maps, Gen.Double.Unit, Gen.Double.Unit).Sample((form, maps, begin, part) =>
    {
        var tiles = Tiles(form, maps, out _);
        int first = (int)(begin * tiles.Count), count = (int)(part * (tiles.Count - first));
        var targets = Targets(tiles, first, count).Select(t => (Row: t.Target.Height == form.OutputRows, Column: t.Target.Width == form.OutputColumns)).ToArray();
        foreach (var edge in Enum.GetValues<TileEdge>())
        {
            var (from, having) = tiles.Having(edge, first, count);
            var expected = targets.Select(t => edge switch { TileEdge.Right => t.Column, TileEdge.Bottom => t.Row, TileEdge.Corner => t.Row && t.Column, _ => true });
            Assert.That(Enumerable.Range(0, count).Select(i => i >= from && i < from + having), Is.EqualTo(expected), $"{edge}");
        }
    });

    // Of values, those at infinity make the last row, and the last column.
    [Test]
    public void Values_OfAnEdge_AreTheLastPoints()
    {
        TileEdge[] expected = [.. Enumerable.Range(0, 6 * 8).Select(v => (v / 8, v % 8) switch { (5, 7) => TileEdge.Corner, (5, _) => TileEdge.Bottom, (_, 7) => TileEdge.Right, _ => TileEdge.None })];
        Assert.That(WinogradForm.Large.Edges, Is.EqualTo(expected));
        Assert.That(WinogradForm.Stem.Edges, Is.EqualTo(expected));
        Assert.That(WinogradForm.Small.Edges.Count(e => e == TileEdge.None), Is.EqualTo(3 * 5));
        // Rows of seven for the four points down, then columns of three: of a dimension's seven values the fourth is at infinity, and the seventh the last pixel between.
        TileEdge[] strided = [.. Enumerable.Range(0, 49).Select(v => v < 28 ? (v / 7, v % 7) : (4 + v % 28 % 3, v % 28 / 3)).Select(p => (p.Item1 is 3 or 6, p.Item2 is 3 or 6) switch { (true, true) => TileEdge.Corner, (true, _) => TileEdge.Bottom, (_, true) => TileEdge.Right, _ => TileEdge.None })];
        Assert.That(WinogradForm.Strided.Edges, Is.EqualTo(strided));
        Assert.That(WinogradForm.Pairs.Edges, Has.All.EqualTo(TileEdge.None));
    }

    // Pictures at address 0: nothing is read.
    private static WinogradMaps Tiles(WinogradForm form, (Size2 Size, Size2 Dilation, int Batch)[] maps, out WinogradMap[] all)
    {
        all = [.. maps.Select(m =>
        {
            var picture = new Picture(null, m.Batch, m.Size.Height, m.Size.Width, Channels);
            return new WinogradMap(form, picture, Phase.Forward(new(1, m.Dilation, m.Dilation, 1), new(3, 3), m.Size), picture, new TileSink(null, default, null));
        })];
        return new WinogradMaps(all);
    }

    private static List<(WinogradMap Map, WinogradTarget Target)> Targets(WinogradMaps tiles, int first, int count)
    {
        var targets = new List<(WinogradMap, WinogradTarget)>();
        for (int t = first, many; t < first + count; t += many)
        {
            many = tiles.Run(t, first + count - t, out var map, out var own);
            for (var i = 0; i < many; i++) targets.Add((map, map.Target(own + i)));
        }
        return targets;
    }
}
