using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Tasks.Segmentation;

/// <summary>Saliency from where labels change: boundaries are what a segmentation gets wrong first when it is shrunk.</summary>
/// <remarks>A pixel is a boundary when a neighbour above, below, left or right has another label; pixels without a label are no boundaries and make none. Averaged over the cells of a grid and over label maps,
/// brought to sum 1, and mixed with a uniform floor. The paper's fixed saliency for segmentation is the mean over a training set; its details are not published.</remarks>
public sealed class BoundarySaliency
{
    private readonly double[] _sums;
    private readonly int _ignore;

    /// <summary>Starts a mean without label maps.</summary>
    /// <param name="grid">Cells.</param>
    /// <param name="ignore">The label of pixels without one.</param>
    /// <exception cref="ArgumentValueException">A side is below 2.</exception>
    public BoundarySaliency(Size2 grid, int ignore = 255)
    {
        Check.That(grid is { Height: >= 2, Width: >= 2 }, $"boundary saliency: the grid must be at least 2x2, got {grid}.");
        (Grid, _ignore, _sums) = (grid, ignore, new double[grid.Height * grid.Width]);
    }

    /// <summary>Cells.</summary>
    public Size2 Grid { get; }

    /// <summary>The uniform share of the map, 0 to 1: <c>1 / (1 + α)</c> where boundaries have α times the weight of an even map.</summary>
    public double Floor { get; init; } = 0.3;

    /// <summary>Whether the map is made the same left and right, as augmentation by mirrors wants it.</summary>
    public bool Symmetric { get; init; }

    /// <summary>Label maps so far.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a label map of any size. Counts once, however many boundaries it has.</summary>
    public void Add(LabelMap labels)
    {
        var (height, width) = (labels.Size.Height, labels.Size.Width);
        var counts = new double[_sums.Length];
        for (var y = 0; y < height; y++)
        {
            var row = labels.Row(y);
            var below = y + 1 < height ? labels.Row(y + 1) : row;
            var above = y > 0 ? labels.Row(y - 1) : row;
            var cells = (int)((long)y * Grid.Height / height) * Grid.Width;
            for (var x = 0; x < width; x++)
            {
                var own = row[x];
                if (own == _ignore) continue;
                if (Differs(own, above[x]) || Differs(own, below[x]) || (x > 0 && Differs(own, row[x - 1])) || (x + 1 < width && Differs(own, row[x + 1])))
                    counts[cells + (int)((long)x * Grid.Width / width)]++;
            }
        }
        for (var i = 0; i < counts.Length; i++) _sums[i] += counts[i] / ((double)height * width);
        Count++;
    }

    /// <summary>The map, [1, 1, h, w], sum 1; uniform where there is no boundary at all.</summary>
    public Tensor Map()
    {
        var total = _sums.Sum();
        var uniform = 1.0 / _sums.Length;
        return Tensor.Generate([1, 1, Grid.Height, Grid.Width], i => total > 0 ? Floor * uniform + (1 - Floor) * Sum(i) / total : uniform);
    }

    private double Sum(long cell) => Symmetric ? (_sums[cell] + _sums[cell - 2 * (cell % Grid.Width) + Grid.Width - 1]) / 2 : _sums[cell];

    private bool Differs(byte own, byte other) => other != own && other != _ignore;
}
