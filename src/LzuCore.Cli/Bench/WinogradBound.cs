using System.Diagnostics;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Cli.Bench;

/// <summary>One op call of a run.</summary>
/// <param name="Convolution">Taps, channels in and out, and what comes out: "3x3 256-256 at 75x120", with "s2" for a stride and "d2" for a dilation; several sizes where one call is for several maps. Null of other ops.</param>
/// <param name="Flops">By direct sums; 0 where arithmetic is not the cost.</param>
/// <param name="Milliseconds">It took in this run.</param>
/// <param name="Eligible">Whether it is a convolution without groups of 3x3 taps, of stride 1, dilated or not, or of stride 2, or a stem's of 7x7 taps and stride 2. Deformable ones are not.</param>
/// <param name="Least">The part of its multiplications that is left at best: a quarter of stride 1, which is F(4x4, 3x3), and what whole tiles leave of stride 2; 1 where it is not eligible.</param>
/// <param name="Left">The part that ours need, with tiles that reach beyond the edges; 1 where that is no gain, and where it is not eligible.</param>
internal readonly record struct CountedCall(string? Convolution, double Flops, double Milliseconds, bool Eligible, double Least, double Left);

/// <summary>To what part a run by direct sums could fall if Winograd's algorithm cost nothing but its multiplications.</summary>
/// <param name="Eligible">The part of the run that is eligible: of its arithmetic, or of its time.</param>
/// <param name="Quarter">What is left of the run where 3x3 of stride 1 falls to a quarter: 36 multiplications for the 144 of 4x4 outputs. Ours may fall to 48 for 216.</param>
/// <param name="Tiles">What is left of the run where each call falls with the multiplications of its tiles.</param>
internal readonly record struct WinogradBound(double Eligible, double Quarter, double Tiles)
{
    // Multiplications of an output and a channel: of 3x3 taps direct, and in tiles of 3x3 outputs of stride 2; of 7x7 direct, and in tiles of 3x5.
    private const double Taps = 9, StridedTaps = 49 / 9.0, StemTaps = 49, StemTileTaps = 4 * 48 / 15.0;

    /// <summary>The bound of a run.</summary>
    /// <param name="calls">Its calls.</param>
    /// <param name="part">What a call is of the run.</param>
    /// <param name="whole">The run.</param>
    public static WinogradBound Of(IReadOnlyList<CountedCall> calls, Func<CountedCall, double> part, double whole) =>
        new(calls.Where(c => c.Eligible).Sum(part) / whole, 1 - calls.Sum(c => (1 - c.Least) * part(c)) / whole, 1 - calls.Sum(c => (1 - c.Left) * part(c)) / whole);

    /// <summary>The convolutions of a computation, in order.</summary>
    /// <param name="input">What it reads.</param>
    /// <param name="compute">From that very tensor to its results, with gradients off.</param>
    public static IReadOnlyList<GraphNode> Convolutions(Tensor input, Func<Tensor[]> compute)
    {
        using var scope = new TensorScope();
        using var capture = GraphCapture.Begin(input);
        compute();
        return [.. capture.Nodes.Where(n => n.Op == "conv2d")];
    }

    /// <summary>Runs a computation and counts the calls that it makes.</summary>
    /// <param name="convolutions">Its convolutions.</param>
    /// <param name="compute">Does it, with gradients off.</param>
    /// <returns>The calls, and the run's time.</returns>
    public static (IReadOnlyList<CountedCall> Calls, double Milliseconds) Count(IReadOnlyList<GraphNode> convolutions, Func<Tensor[]> compute)
    {
        using var scope = new TensorScope();
        using var trace = OpTrace.Begin();
        var started = Stopwatch.GetTimestamp();
        compute();
        var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        var left = new Queue<GraphNode>(convolutions);
        CountedCall[] calls = [.. trace.Entries.Select(e => e.Op == "conv2d" ? Counted(e, left) : new CountedCall(null, e.Flops, e.Milliseconds, false, 1, 1))];
        return (calls, took);
    }

    // A call may be for several maps that share a layer; in the graph they are convolved one by one.
    private static CountedCall Counted(OpTrace.Entry entry, Queue<GraphNode> convolutions)
    {
        var (counted, least, needed, eligible) = (0L, 0.0, 0.0, false);
        string? layer = null;
        var sizes = new List<string>();
        while (counted < entry.Flops && convolutions.TryDequeue(out var node))
        {
            Shape weight = node.Inputs[1].Shape, output = node.Output.Shape;
            var flops = 2 * output.Count * (weight.Count / weight[0]);
            counted += flops;
            (eligible, var (best, ours)) = Left(node, weight, output) is { } left ? (true, left) : (false, (1, 1));
            least += flops * best;
            needed += flops * ours;
            layer ??= Layer(node, weight);
            sizes.Add($"{output[2]}x{output[3]}");
        }
        if (counted != entry.Flops) throw new LzuException($"bench: a convolution of {entry.Flops} operations is not in the captured graph; report this.");
        return new($"{layer} at {string.Join('+', sizes)}", entry.Flops, entry.Milliseconds, eligible, least / counted, needed / counted);
    }

    private static string Layer(GraphNode node, Shape weight)
    {
        int stride = node.Attributes.Wholes("stride")[0], dilation = node.Attributes.Wholes("dilation")[0], groups = node.Attributes.Whole("groups");
        return $"{weight[2]}x{weight[3]}{(stride > 1 ? $" s{stride}" : "")}{(dilation > 1 ? $" d{dilation}" : "")} {weight[1] * groups}-{weight[0]}{(groups > 1 ? $" in {groups} groups" : "")}";
    }

    // The parts of a convolution's multiplications that are left at best, and by our tiles; null where it is not eligible.
    private static (double Least, double Left)? Left(GraphNode node, Shape weight, Shape output)
    {
        int[] stride = node.Attributes.Wholes("stride"), dilation = node.Attributes.Wholes("dilation");
        if (node.Attributes.Whole("groups") > 1) return null;
        var strided = stride.All(s => s == 2) && dilation.All(d => d == 1);
        return (weight[2], weight[3]) switch
        {
            (3, 3) when stride.All(s => s == 1) => (0.25, Math.Min(1, Math.Min(Values(4, 6, more: 2), Values(2, 4, more: 2)) / Taps)),
            (3, 3) when strided => (StridedTaps / Taps, Math.Min(1, Values(3, 3, more: 4, ofLast: 2) / Taps)),
            (7, 7) when strided => (StemTileTaps / StemTaps, Math.Min(1, 4 * Values(3, 5, more: 3) / StemTaps)),
            _ => null,
        };

        // Multiplications of an output. A tile of some rows and columns of pixels has so many more of values, and a tile without its last row of pixels, or column, leaves out the values that only those need.
        double Values(int rows, int columns, int more, int ofLast = 1) => ValuesOf(output[2], dilation[0], rows, more, ofLast) * ValuesOf(output[3], dilation[1], columns, more, ofLast) / ((double)output[2] * output[3]);
    }

    private static double ValuesOf(int pixels, int dilation, int outputs, int more, int ofLast) => (outputs + more) * TilesOf(pixels, dilation, outputs) - ofLast * Subsets(pixels, dilation).Count(length => length % outputs > 0);

    // Tiles along an axis: of dilated taps, each subset of pixels that lie so far apart has its own.
    private static int TilesOf(int pixels, int dilation, int outputs) => Subsets(pixels, dilation).Sum(length => (length + outputs - 1) / outputs);

    private static IEnumerable<int> Subsets(int pixels, int dilation) => Enumerable.Range(0, Math.Min(dilation, pixels)).Select(first => (pixels - first + dilation - 1) / dilation);
}
