using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tasks.Segmentation;

/// <summary>Where 8×8 nodes stand if label boundaries attract them: the least of <c>Σ ‖u − b‖² + λ Σ ‖u − u'‖²</c>, b the boundary pixel nearest to a node's even place, the second sum over neighbours; border nodes stay on their border.</summary>
/// <remarks>Linear least squares, of which only the right-hand side depends on the picture: the inverse is computed once. Coordinates are (x, y) in [−1, 1], ±1 the centres of the first and last pixel, so nodes make a warp.
/// λ = 1 is a choice: the paper's is not known. Source: Marin et al. 2019.</remarks>
public sealed class BoundaryAttraction
{
    /// <summary>Nodes along each axis.</summary>
    public const int Nodes = 8;

    // Every second pixel is looked at: a boundary more or less moves no node by more than a pixel.
    private const int Step = 2;

    private readonly double[,] _inverse;
    private readonly bool[]? _attracts;

    /// <summary>Prepares the equations.</summary>
    /// <param name="smoothness">λ.</param>
    /// <param name="attracting">The classes whose boundaries attract; null for all.</param>
    /// <exception cref="ArgumentValueException">λ is negative or not finite, or a class is not 0 to 255.</exception>
    public BoundaryAttraction(double smoothness = 1, IReadOnlyList<int>? attracting = null)
    {
        Check.That(smoothness >= 0 && double.IsFinite(smoothness), $"boundary attraction: smoothness must be finite and not negative, got {smoothness}.");
        if (attracting is not null)
        {
            _attracts = new bool[256];
            foreach (var label in attracting)
            {
                Check.That(label is >= 0 and <= 255, $"boundary attraction: classes must be 0 to 255, got {label}.");
                _attracts[label] = true;
            }
        }
        _inverse = Inverse(Equations(smoothness));
    }

    /// <summary>The nodes of an even grid, [8, 8, 2].</summary>
    public static float[] Even() => [.. Enumerable.Range(0, Nodes * Nodes).SelectMany(i => new[] { Place(i % Nodes), Place(i / Nodes) })];

    /// <summary>The nodes of a label map, [8, 8, 2]; even where it has no boundary.</summary>
    public float[] Of(LabelMap map)
    {
        var boundary = Boundary(map);
        if (boundary.Count == 0) return Even();
        double[] x = new double[Nodes * Nodes], y = new double[Nodes * Nodes];
        for (var node = 0; node < x.Length; node++)
        {
            double atX = (Place(node % Nodes) + 1) / 2 * (map.Size.Width - 1), atY = (Place(node / Nodes) + 1) / 2 * (map.Size.Height - 1);
            var (best, least) = ((X: 0, Y: 0), double.PositiveInfinity);
            foreach (var pixel in boundary)
            {
                var away = (pixel.X - atX) * (pixel.X - atX) + (pixel.Y - atY) * (pixel.Y - atY);
                if (away < least) (best, least) = (pixel, away);
            }
            // The y of a node is the x of the node across the diagonal: one set of equations serves both.
            x[node] = 2.0 * best.X / (map.Size.Width - 1) - 1;
            y[Across(node)] = 2.0 * best.Y / (map.Size.Height - 1) - 1;
        }
        double[] alongX = Solve(x), alongY = Solve(y);
        return [.. Enumerable.Range(0, x.Length).SelectMany(node => new[] { (float)alongX[node], (float)alongY[Across(node)] })];
    }

    /// <summary>Nodes [N, 8, 8, 2] brought into the picture, those at its border onto it.</summary>
    internal static Tensor OnBorders(Tensor nodes)
    {
        var values = nodes.ToArray<float>();
        for (var i = 0; i < values.Length; i++)
        {
            var (node, axis) = (i / 2 % (Nodes * Nodes), i % 2);
            var along = axis == 0 ? node % Nodes : node / Nodes;
            values[i] = along == 0 ? -1 : along == Nodes - 1 ? 1 : Math.Clamp(values[i], -1, 1);
        }
        return Tensor.From(values, nodes.Shape).To(nodes.Device);
    }

    private static float Place(int index) => 2f * index / (Nodes - 1) - 1;

    private static int Across(int node) => node % Nodes * Nodes + node / Nodes;

    private static bool IsFixed(int node) => node % Nodes is 0 or Nodes - 1;

    private static IEnumerable<int> Neighbours(int node)
    {
        if (node % Nodes > 0) yield return node - 1;
        if (node % Nodes < Nodes - 1) yield return node + 1;
        if (node >= Nodes) yield return node - Nodes;
        if (node < Nodes * (Nodes - 1)) yield return node + Nodes;
    }

    // Of x: nodes of the first and last column are fixed, so their rows say what they are.
    private static double[,] Equations(double smoothness)
    {
        var a = new double[Nodes * Nodes, Nodes * Nodes];
        for (var node = 0; node < Nodes * Nodes; node++)
        {
            a[node, node] = 1;
            if (IsFixed(node)) continue;
            foreach (var other in Neighbours(node))
            {
                a[node, node] += smoothness;
                a[node, other] -= smoothness;
            }
        }
        return a;
    }

    private double[] Solve(double[] attraction)
    {
        for (var node = 0; node < attraction.Length; node++)
            if (IsFixed(node)) attraction[node] = Place(node % Nodes);
        var solution = new double[attraction.Length];
        for (var i = 0; i < solution.Length; i++)
            for (var j = 0; j < solution.Length; j++) solution[i] += _inverse[i, j] * attraction[j];
        return solution;
    }

    // Gauss and Jordan without exchanging rows: every diagonal outweighs its row.
    private static double[,] Inverse(double[,] a)
    {
        var n = a.GetLength(0);
        var inverse = new double[n, n];
        for (var i = 0; i < n; i++) inverse[i, i] = 1;
        for (var pivot = 0; pivot < n; pivot++)
        {
            var scale = 1 / a[pivot, pivot];
            for (var j = 0; j < n; j++) (a[pivot, j], inverse[pivot, j]) = (a[pivot, j] * scale, inverse[pivot, j] * scale);
            for (var i = 0; i < n; i++)
            {
                if (i == pivot || a[i, pivot] == 0) continue;
                var share = a[i, pivot];
                for (var j = 0; j < n; j++) (a[i, j], inverse[i, j]) = (a[i, j] - share * a[pivot, j], inverse[i, j] - share * inverse[pivot, j]);
            }
        }
        return inverse;
    }

    private List<(int X, int Y)> Boundary(LabelMap map)
    {
        var found = new List<(int, int)>();
        for (var y = 0; y + Step < map.Size.Height; y += Step)
        {
            Span<byte> row = map.Row(y), below = map.Row(y + Step);
            for (var x = 0; x + Step < map.Size.Width; x += Step)
                if (Attracts(row[x], row[x + Step]) || Attracts(row[x], below[x])) found.Add((x, y));
        }
        return found;
    }

    private bool Attracts(byte own, byte other) => own != other && (_attracts is null || _attracts[own] || _attracts[other]);
}
