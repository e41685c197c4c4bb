using System.Diagnostics;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Cli.Bench;

/// <summary>One op call of a run.</summary>
/// <param name="Flops">By direct sums; 0 where arithmetic is not the cost.</param>
/// <param name="Milliseconds">It took in this run.</param>
/// <param name="Eligible">Whether it is a convolution of 3x3 taps and stride 1 without groups, dilated or not. Deformable ones are not.</param>
/// <param name="Left">The part of its multiplications that F(4x6, 3x3) or F(2x4, 3x3) needs, with whole tiles at the edges; 1 where that is no gain, and where it is not eligible.</param>
internal readonly record struct CountedCall(double Flops, double Milliseconds, bool Eligible, double Left);

/// <summary>To what part a run by direct sums could fall if Winograd's algorithm cost nothing but its multiplications.</summary>
/// <param name="Eligible">The part of the run that is eligible: of its arithmetic, or of its time.</param>
/// <param name="Tiles">What is left of the run where each call falls with the multiplications of its tiles.</param>
internal readonly record struct WinogradBound(double Eligible, double Tiles)
{
    private const int Taps = 9;

    /// <summary>What is left where all that is eligible falls to a quarter, which is F(4x4, 3x3): 36 multiplications for the 144 of 4x4 outputs. Ours may fall to 48 for 216.</summary>
    public double Quarter => 1 - Eligible * 0.75;

    /// <summary>The bound of a run.</summary>
    /// <param name="calls">Its calls.</param>
    /// <param name="part">What a call is of the run.</param>
    /// <param name="whole">The run.</param>
    public static WinogradBound Of(IReadOnlyList<CountedCall> calls, Func<CountedCall, double> part, double whole) =>
        new(calls.Where(c => c.Eligible).Sum(part) / whole, 1 - calls.Where(c => c.Eligible).Sum(c => (1 - c.Left) * part(c)) / whole);

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
        CountedCall[] calls = [.. trace.Entries.Select(e => e.Op == "conv2d" ? Counted(e, left) : new CountedCall(e.Flops, e.Milliseconds, false, 1))];
        return (calls, took);
    }

    // A call may be for several maps that share a layer; in the graph they are convolved one by one.
    private static CountedCall Counted(OpTrace.Entry entry, Queue<GraphNode> convolutions)
    {
        var (counted, needed, eligible) = (0L, 0.0, false);
        while (counted < entry.Flops && convolutions.TryDequeue(out var node))
        {
            Shape weight = node.Inputs[1].Shape, output = node.Output.Shape;
            var flops = 2 * output.Count * (weight.Count / weight[0]);
            counted += flops;
            eligible = weight[2] == 3 && weight[3] == 3 && node.Attributes.Whole("groups") == 1 && node.Attributes.Wholes("stride").All(s => s == 1);
            needed += flops * (eligible ? Left(node.Attributes.Wholes("dilation"), output) : 1);
        }
        if (counted != entry.Flops) throw new LzuException($"bench: a convolution of {entry.Flops} operations is not in the captured graph; report this.");
        return new(entry.Flops, entry.Milliseconds, eligible, needed / counted);
    }

    private static double Left(int[] dilation, Shape output)
    {
        return Math.Min(1, Math.Min(Multiplications(4, 6), Multiplications(2, 4)) / ((double)Taps * output[2] * output[3]));

        double Multiplications(int rows, int columns) => (rows + 2) * (columns + 2) * TilesOf(output[2], dilation[0], rows) * TilesOf(output[3], dilation[1], columns);
    }

    // Tiles along an axis: of dilated taps, each subset of pixels that lie so far apart has its own.
    private static double TilesOf(int pixels, int dilation, int outputs) =>
        Enumerable.Range(0, Math.Min(dilation, pixels)).Sum(first => ((pixels - first + dilation - 1) / dilation + outputs - 1) / outputs);
}
