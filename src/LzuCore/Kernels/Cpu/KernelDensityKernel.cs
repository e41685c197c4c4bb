using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Boxes to saliency. A box's Gaussian is a product, so h + w exponentials a box; (X - c)² is taken directly, not expanded, which would cancel.
// The order of summation is the boxes' own; microseconds of work, so no threads.
internal sealed class KernelDensityKernel : IKernelDensityKernel
{
    // Keeps a box whose Gaussian falls between all nodes from dividing by zero; the published value.
    private const double Epsilon = 1e-5;

    public bool Forward(in KernelDensityArgs args, TensorView boxes, TensorView amplitude, TensorView bandwidth, TensorView output)
    {
        if (!Boxes(args, boxes, out var kept)) return false;
        var density = new Density(args, kept, One(amplitude), One(bandwidth), output.Shape[0], output.Shape[1]);
        density.Normalise();
        Store(density.Sum, output);
        return true;
    }

    // With A the unnormalised map and r_i = g_i/(eps + G_i): dA/d amplitude = sum r_i, dA/d bandwidth = amplitude · sum dr_i, and S = A / sum A.
    public void Backward(in KernelDensityArgs args, TensorView boxes, TensorView amplitude, TensorView bandwidth, TensorView dOutput, TensorView? dAmplitude, TensorView? dBandwidth)
    {
        int h = dOutput.Shape[0], w = dOutput.Shape[1];
        Boxes(args, boxes, out var kept);
        double alpha = One(amplitude), beta = One(bandwidth);
        var density = new Density(args, kept, alpha, beta, h, w);
        var upstream = new double[h * w];
        for (var i = 0; i < h; i++) Doubles.Read(dOutput, i * dOutput.Layout.Strides[0], dOutput.Layout.Strides[1], upstream.AsSpan(i * w, w));
        double mean = 0;
        for (var at = 0; at < upstream.Length; at++) mean += upstream[at] * density.Sum[at] / density.Total;
        double da = 0, db = 0;
        double[] gx = new double[density.X.Length], gy = new double[density.Y.Length];
        foreach (var box in kept)
        {
            density.Gaussian(box, beta, gx, gy);
            double g = 0, dg = 0, u = 0, du = 0;
            for (var i = 0; i < h; i++)
                for (var j = 0; j < w; j++)
                {
                    var value = gx[j] * gy[i];
                    var slope = value * box.Exponent(density.X[j], density.Y[i], beta) / beta;
                    var d = (upstream[i * w + j] - mean) / density.Total;
                    g += value;
                    dg += slope;
                    u += d * value;
                    du += d * slope;
                }
            da += u / (Epsilon + g);
            db += alpha * (du / (Epsilon + g) - u * dg / ((Epsilon + g) * (Epsilon + g)));
        }
        if (dAmplitude is { } a) Doubles.Write([da], a, 0, 1);
        if (dBandwidth is { } b) Doubles.Write([db], b, 0, 1);
    }

    private static double One(TensorView scalar)
    {
        Span<double> value = [0];
        Doubles.Read(scalar, 0, 1, value);
        return value[0];
    }

    private static void Store(double[] map, TensorView output)
    {
        int h = output.Shape[0], w = output.Shape[1];
        for (var i = 0; i < h; i++) Doubles.Write(map.AsSpan(i * w, w), output, i * output.Layout.Strides[0], output.Layout.Strides[1]);
    }

    // The boxes that touch the image; false when a coordinate is not finite.
    private static bool Boxes(in KernelDensityArgs args, TensorView boxes, out List<Box> kept)
    {
        kept = [];
        Span<double> b = stackalloc double[4];
        for (var i = 0; i < boxes.Shape[0]; i++)
        {
            Doubles.Read(boxes, i * boxes.Layout.Strides[0], boxes.Layout.Strides[1], b);
            foreach (var v in b) if (!double.IsFinite(v)) return false;
            double width = b[2] - b[0], height = b[3] - b[1];
            if (width < 0 || height < 0 || b[2] < 0 || b[3] < 0 || b[0] > args.Image.Width || b[1] > args.Image.Height) continue;
            kept.Add(new Box((b[0] + b[2]) / 2, (b[1] + b[3]) / 2, Math.Max(1, width), Math.Max(1, height)));
        }
        return true;
    }

    private readonly record struct Box(double CentreX, double CentreY, double Width, double Height)
    {
        public double Exponent(double x, double y, double beta) =>
            0.5 * ((x - CentreX) * (x - CentreX) / (beta * Width) + (y - CentreY) * (y - CentreY) / (beta * Height));
    }

    // The unnormalised map and its sum. Vectors run along a row; every node's sum is the same chain of roundings as node by node.
    private sealed class Density
    {
        public Density(in KernelDensityArgs args, List<Box> boxes, double alpha, double beta, int h, int w)
        {
            (X, Y, Sum) = (Coordinates(w, args.Image.Width), Coordinates(h, args.Image.Height), GC.AllocateUninitializedArray<double>(h * w));
            if (boxes.Count == 0) Array.Fill(Sum, 1);
            int across = X.Length, down = Y.Length;
            double[] gx = GC.AllocateUninitializedArray<double>(boxes.Count * across), gy = GC.AllocateUninitializedArray<double>(boxes.Count * down), row = new double[across];
            for (var b = 0; b < boxes.Count; b++)
            {
                Span<double> x = gx.AsSpan(b * across, across), y = gy.AsSpan(b * down, down);
                Gaussian(boxes[b], beta, x, y);
                var share = alpha / (Epsilon + Add(x[..w]) * Add(y[..h]));
                for (var j = 0; j < w; j++) x[j] *= share;
            }
            for (var i = 0; i < h && boxes.Count > 0; i++)
            {
                Row(gx, gy.AsSpan(i), down, args.Floor, row);
                row.AsSpan(0, w).CopyTo(Sum.AsSpan(i * w));
            }
            Total = Add(Sum);
            if (Total > 0) return;
            // No floor, and every Gaussian is lost between the nodes.
            Array.Fill(Sum, 1);
            Total = Sum.Length;
        }

        public double[] Sum { get; }

        public double Total { get; }

        /// <summary>Pixels of the nodes' columns, filled up to whole vectors.</summary>
        public double[] X { get; }

        /// <summary>Pixels of the nodes' rows, filled up to whole vectors.</summary>
        public double[] Y { get; }

        public void Normalise()
        {
            var at = 0;
            for (; at <= Sum.Length - Vector<double>.Count; at += Vector<double>.Count) (new Vector<double>(Sum, at) / Total).CopyTo(Sum, at);
            for (; at < Sum.Length; at++) Sum[at] /= Total;
        }

        public void Gaussian(Box box, double beta, Span<double> gx, Span<double> gy)
        {
            Axis(X, box.CentreX, beta * box.Width, gx);
            Axis(Y, box.CentreY, beta * box.Height, gy);
        }

        private static double[] Coordinates(int nodes, double size)
        {
            var at = new double[(nodes + Vector<double>.Count - 1) / Vector<double>.Count * Vector<double>.Count];
            for (var i = 0; i < nodes; i++) at[i] = (double)i / (nodes - 1) * size;
            return at;
        }

        private static void Axis(double[] at, double centre, double variance, Span<double> g)
        {
            var middle = new Vector<double>(centre);
            for (var i = 0; i < at.Length; i += Vector<double>.Count)
            {
                var d = new Vector<double>(at, i) - middle;
                Vector.Exp(d * d / variance * -0.5).CopyTo(g[i..]);
            }
        }

        // row = sum over boxes of gx · gy + floor, in the boxes' order; gy of a box lies `step` after that of the box before it. Four vectors of the row at once, or each sum waits for itself.
        private static void Row(double[] gx, ReadOnlySpan<double> gy, int step, double floor, double[] row)
        {
            var floors = new Vector<double>(floor);
            int j = 0, lanes = Vector<double>.Count;
            for (; j <= row.Length - 4 * lanes; j += 4 * lanes)
            {
                Vector<double> a = default, b = default, c = default, d = default;
                for (int x = j, y = 0; x < gx.Length; x += row.Length, y += step)
                {
                    var factor = new Vector<double>(gy[y]);
                    a += new Vector<double>(gx, x) * factor + floors;
                    b += new Vector<double>(gx, x + lanes) * factor + floors;
                    c += new Vector<double>(gx, x + 2 * lanes) * factor + floors;
                    d += new Vector<double>(gx, x + 3 * lanes) * factor + floors;
                }
                a.CopyTo(row, j);
                b.CopyTo(row, j + lanes);
                c.CopyTo(row, j + 2 * lanes);
                d.CopyTo(row, j + 3 * lanes);
            }
            for (; j < row.Length; j += lanes)
            {
                var sum = Vector<double>.Zero;
                for (int x = j, y = 0; x < gx.Length; x += row.Length, y += step) sum += new Vector<double>(gx, x) * gy[y] + floors;
                sum.CopyTo(row, j);
            }
        }

        private static double Add(ReadOnlySpan<double> values)
        {
            Vector<double> a = default, b = default;
            var at = 0;
            for (; at <= values.Length - 2 * Vector<double>.Count; at += 2 * Vector<double>.Count)
            {
                a += new Vector<double>(values[at..]);
                b += new Vector<double>(values[(at + Vector<double>.Count)..]);
            }
            var sum = Vector.Sum(a + b);
            for (; at < values.Length; at++) sum += values[at];
            return sum;
        }
    }
}
