using System.Runtime.InteropServices;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Boxes to saliency: one thread per box for its mass, one per node for the sum over boxes in their order, then sums over rows and over all. Float64 inside. A coordinate that is no
// number must be reported, so a flag comes back to the host.
internal sealed class KernelDensityKernel(Launcher launcher, Backend backend) : IKernelDensityKernel
{
    // Keeps a box whose Gaussian falls between all nodes from dividing by zero; the published value.
    private const double Epsilon = 1e-5;

    public bool Forward(in KernelDensityArgs args, TensorView boxes, TensorView amplitude, TensorView bandwidth, TensorView output)
    {
        int h = output.Shape[0], w = output.Shape[1];
        var nodes = new NodeGrid(args, h, w);
        using var list = Boxes(nodes, boxes, amplitude, bandwidth);
        using var total = Total(nodes, list, boxes.Shape[0], bandwidth, out var map);
        using (map) launcher.Launch((long)h * w, new DivideBody(h, w, map.Elements<double>(), total.Elements<double>(), new(output)));
        if (!launcher.MayWait) return true;
        var flags = new double[list.View.Count];
        backend.Download(list.View.Storage, MemoryMarshal.AsBytes(flags.AsSpan()));
        for (var i = 0; i < boxes.Shape[0]; i++)
            if (flags[i * BoxList.Stride] < 0) return false;
        return true;
    }

    // With A the unnormalised map and r_i = g_i/(eps + G_i): dA/d amplitude = sum r_i, dA/d bandwidth = amplitude · sum dr_i, and S = A / sum A.
    public void Backward(in KernelDensityArgs args, TensorView boxes, TensorView amplitude, TensorView bandwidth, TensorView dOutput, TensorView? dAmplitude, TensorView? dBandwidth)
    {
        int h = dOutput.Shape[0], w = dOutput.Shape[1], m = boxes.Shape[0];
        var nodes = new NodeGrid(args, h, w);
        using var list = Boxes(nodes, boxes, amplitude, bandwidth);
        using var total = Total(nodes, list, m, bandwidth, out var map);
        using var heldMap = map;
        using Scratch upstream = new(backend, DType.Float64, (long)h * w), mean = new(backend, DType.Float64, 1), terms = new(backend, DType.Float64, 2L * m);
        launcher.Launch(1, new MeanBody(h, w, new(dOutput), map.Elements<double>(), total.Elements<double>(), mean.Elements<double>()));
        launcher.Launch((long)h * w, new UpstreamBody(w, new(dOutput), mean.Elements<double>(), total.Elements<double>(), upstream.Elements<double>()));
        launcher.Launch(m, new TermsBody(nodes, list.Elements<double>(), new(amplitude), new(bandwidth), upstream.Elements<double>(), terms.Elements<double>()), grain: 1);
        launcher.Launch(1, new AddBody(m, terms.Elements<double>(), dAmplitude is null ? 0 : 1, new(dAmplitude ?? dOutput), dBandwidth is null ? 0 : 1, new(dBandwidth ?? dOutput)));
    }

    private Scratch Boxes(NodeGrid nodes, TensorView boxes, TensorView amplitude, TensorView bandwidth)
    {
        var list = new Scratch(backend, DType.Float64, (long)BoxList.Stride * boxes.Shape[0]);
        launcher.Launch(boxes.Shape[0], new BoxBody(nodes, new(boxes), new(amplitude), new(bandwidth), list.Elements<double>()), grain: 1);
        return list;
    }

    private Scratch Total(NodeGrid nodes, Scratch list, int boxes, TensorView bandwidth, out Scratch map)
    {
        map = new Scratch(backend, DType.Float64, (long)nodes.Height * nodes.Width);
        var total = new Scratch(backend, DType.Float64, 1);
        using var rows = new Scratch(backend, DType.Float64, nodes.Height);
        launcher.Launch((long)nodes.Height * nodes.Width, new MapBody(nodes, boxes, new(bandwidth), list.Elements<double>(), map.Elements<double>()), grain: 32);
        launcher.Launch(nodes.Height, new RowSum(nodes.Width, map.Elements<double>(), rows.Elements<double>()), grain: 16);
        launcher.Launch(1, new RowSum(nodes.Height, rows.Elements<double>(), total.Elements<double>()));
        return total;
    }

    /// <summary>Where the nodes lie, in pixels.</summary>
    internal readonly struct NodeGrid(KernelDensityArgs args, int h, int w)
    {
        public readonly int Height = h, Width = w, ImageHeight = args.Image.Height, ImageWidth = args.Image.Width;
        public readonly double Floor = args.Floor;

        public double X(int j) => (double)j / (Width - 1) * ImageWidth;

        public double Y(int i) => (double)i / (Height - 1) * ImageHeight;
    }

    /// <summary>A box as [state, centre x, centre y, width, height, share]: state 1 kept, 0 ignored, -1 no numbers; share = amplitude / (eps + mass).</summary>
    internal readonly struct BoxList(ArrayView<double> values)
    {
        public const int Stride = 6;
        private readonly ArrayView<double> _values = values;

        public bool Keeps(int i) => _values[(long)i * Stride] > 0;

        public double Share(int i) => _values[(long)i * Stride + 5];

        public double AlongX(int i, double x, double beta) => Half(x - _values[(long)i * Stride + 1], beta * _values[(long)i * Stride + 3]);

        public double AlongY(int i, double y, double beta) => Half(y - _values[(long)i * Stride + 2], beta * _values[(long)i * Stride + 4]);

        private static double Half(double distance, double variance) => 0.5 * (distance * distance / variance);
    }

    internal readonly struct BoxBody(NodeGrid nodes, Numbers boxes, Numbers amplitude, Numbers bandwidth, ArrayView<double> list) : IKernelBody
    {
        public void Run(int index)
        {
            double left = boxes.Get(index, 0), top = boxes.Get(index, 1), right = boxes.Get(index, 2), bottom = boxes.Get(index, 3);
            double width = right - left, height = bottom - top;
            var at = (long)index * BoxList.Stride;
            // The difference of a number with itself is 0.
            if (!(left - left == 0 && top - top == 0 && right - right == 0 && bottom - bottom == 0)) list[at] = -1;
            else list[at] = width < 0 || height < 0 || right < 0 || bottom < 0 || left > nodes.ImageWidth || top > nodes.ImageHeight ? 0 : 1;
            list[at + 1] = (left + right) / 2;
            list[at + 2] = (top + bottom) / 2;
            list[at + 3] = width > 1 ? width : 1;
            list[at + 4] = height > 1 ? height : 1;
            var box = new BoxList(list);
            var beta = bandwidth.Get(0);
            double gx = 0, gy = 0;
            for (var j = 0; j < nodes.Width; j++) gx += Math.Exp(-box.AlongX(index, nodes.X(j), beta));
            for (var i = 0; i < nodes.Height; i++) gy += Math.Exp(-box.AlongY(index, nodes.Y(i), beta));
            list[at + 5] = amplitude.Get(0) / (Epsilon + gx * gy);
        }
    }

    internal readonly struct MapBody(NodeGrid nodes, int boxes, Numbers bandwidth, ArrayView<double> list, ArrayView<double> map) : IKernelBody
    {
        public void Run(int index)
        {
            var i = index / nodes.Width;
            double x = nodes.X(index - i * nodes.Width), y = nodes.Y(i), beta = bandwidth.Get(0), sum = 0;
            var kept = 0;
            var box = new BoxList(list);
            for (var k = 0; k < boxes; k++)
            {
                if (!box.Keeps(k)) continue;
                kept++;
                sum += box.Share(k) * Math.Exp(-box.AlongX(k, x, beta)) * Math.Exp(-box.AlongY(k, y, beta)) + nodes.Floor;
            }
            map[index] = kept > 0 ? sum : 1;
        }
    }

    internal readonly struct RowSum(int count, ArrayView<double> x, ArrayView<double> y) : IKernelBody
    {
        public void Run(int index)
        {
            double sum = 0;
            for (var i = 0; i < count; i++) sum += x[(long)index * count + i];
            y[index] = sum;
        }
    }

    internal readonly struct DivideBody(int h, int w, ArrayView<double> map, ArrayView<double> total, Numbers y) : IKernelBody
    {
        public void Run(int index)
        {
            var i = index / w;
            // Without a floor every Gaussian may be lost between the nodes: the map is uniform then.
            y.Set(total[0] > 0 ? map[index] / total[0] : 1.0 / ((double)h * w), i, index - i * w);
        }
    }

    internal readonly struct MeanBody(int h, int w, Numbers dy, ArrayView<double> map, ArrayView<double> total, ArrayView<double> mean) : IKernelBody
    {
        public void Run(int index)
        {
            double sum = 0;
            for (var i = 0; i < h; i++)
                for (var j = 0; j < w; j++) sum += dy.Get(i, j) * (total[0] > 0 ? map[(long)i * w + j] / total[0] : 1.0 / ((double)h * w));
            mean[0] = sum;
        }
    }

    internal readonly struct UpstreamBody(int w, Numbers dy, ArrayView<double> mean, ArrayView<double> total, ArrayView<double> upstream) : IKernelBody
    {
        public void Run(int index)
        {
            var i = index / w;
            upstream[index] = (dy.Get(i, index - i * w) - mean[0]) / (total[0] > 0 ? total[0] : upstream.Length);
        }
    }

    internal readonly struct TermsBody(NodeGrid nodes, ArrayView<double> list, Numbers amplitude, Numbers bandwidth, ArrayView<double> upstream, ArrayView<double> terms) : IKernelBody
    {
        public void Run(int index)
        {
            var box = new BoxList(list);
            double beta = bandwidth.Get(0), g = 0, dg = 0, u = 0, du = 0;
            for (var i = 0; i < nodes.Height; i++)
            {
                double ey = box.AlongY(index, nodes.Y(i), beta), gy = Math.Exp(-ey);
                for (var j = 0; j < nodes.Width; j++)
                {
                    double ex = box.AlongX(index, nodes.X(j), beta), value = Math.Exp(-ex) * gy, slope = value * (ex + ey) / beta, d = upstream[(long)i * nodes.Width + j];
                    g += value;
                    dg += slope;
                    u += d * value;
                    du += d * slope;
                }
            }
            var keeps = box.Keeps(index);
            terms[2L * index] = keeps ? u / (Epsilon + g) : 0;
            terms[2L * index + 1] = keeps ? amplitude.Get(0) * (du / (Epsilon + g) - u * dg / ((Epsilon + g) * (Epsilon + g))) : 0;
        }
    }

    internal readonly struct AddBody(int boxes, ArrayView<double> terms, int wantsAmplitude, Numbers dAmplitude, int wantsBandwidth, Numbers dBandwidth) : IKernelBody
    {
        public void Run(int index)
        {
            double a = 0, b = 0;
            for (var i = 0; i < boxes; i++)
            {
                a += terms[2L * i];
                b += terms[2L * i + 1];
            }
            if (wantsAmplitude != 0) dAmplitude.Set(a, 0);
            if (wantsBandwidth != 0) dBandwidth.Set(b, 0);
        }
    }
}
