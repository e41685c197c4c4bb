using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// The piecewise bilinear map at every entry: rows in parallel, each entry a blend of four nodes in float64. The inverse is in the other half of this class.
internal sealed partial class PlaneWarpKernel : IPlaneWarpKernel
{
    private const int RowsPerChunk = 16;

    public void Evaluate(in AxisTable x, in AxisTable y, TensorView nodes, TensorView output)
    {
        int rows = nodes.Shape[1], columns = nodes.Shape[2], h = output.Shape[1], w = output.Shape[2];
        var s = output.Layout.Strides.ToArray();
        var alongX = Locate(x, w, columns);
        var (tableX, tableY) = (x, y);
        for (var n = 0; n < output.Shape[0]; n++)
        {
            var image = n;
            var (nodeX, nodeY) = Split(nodes, n);
            ParallelRows.For(h, RowsPerChunk, (begin, end) =>
            {
                double[] rowX = new double[w], rowY = new double[w];
                for (var i = begin; i < end; i++)
                {
                    var (r, t) = tableY.Locate(i, rows);
                    for (var j = 0; j < w; j++)
                    {
                        var (c, f) = alongX[j];
                        var at = r * columns + c;
                        rowX[j] = tableX.Write(Blend(nodeX, at, f, t) * tableX.IndexScale + tableX.IndexShift, output.DType == DType.Float32);
                        rowY[j] = tableY.Write(Blend(nodeY, at, f, t) * tableY.IndexScale + tableY.IndexShift, output.DType == DType.Float32);
                    }
                    Doubles.Write(rowX, output, image * s[0] + i * s[1], s[2]);
                    Doubles.Write(rowY, output, image * s[0] + i * s[1] + s[3], s[2]);
                }
            });

            double Blend(double[] node, int at, double f, double t)
            {
                var top = node[at] + f * (node[at + 1] - node[at]);
                var bottom = node[at + columns] + f * (node[at + columns + 1] - node[at + columns]);
                return (top + t * (bottom - top) + 1) / 2;
            }
        }
    }

    public void EvaluateBackward(in AxisTable x, in AxisTable y, TensorView dOutput, TensorView dNodes)
    {
        int rows = dNodes.Shape[1], columns = dNodes.Shape[2], h = dOutput.Shape[1], w = dOutput.Shape[2];
        double scaleX = x.OutScale * x.IndexScale / 2, scaleY = y.OutScale * y.IndexScale / 2;
        var s = dOutput.Layout.Strides;
        var alongX = Locate(x, w, columns);
        double[] upX = new double[w], upY = new double[w];
        for (var n = 0; n < dOutput.Shape[0]; n++)
        {
            double[] gx = new double[rows * columns], gy = new double[rows * columns];
            for (var i = 0; i < h; i++)
            {
                var (r, t) = y.Locate(i, rows);
                Doubles.Read(dOutput, n * s[0] + i * s[1], s[2], upX);
                Doubles.Read(dOutput, n * s[0] + i * s[1] + s[3], s[2], upY);
                for (var j = 0; j < w; j++)
                {
                    var (c, f) = alongX[j];
                    var at = r * columns + c;
                    Scatter(gx, at, f, t, upX[j] * scaleX);
                    Scatter(gy, at, f, t, upY[j] * scaleY);
                }
            }
            Join(gx, gy, dNodes, n);
        }

        void Scatter(double[] g, int at, double f, double t, double d)
        {
            g[at] += (1 - t) * (1 - f) * d;
            g[at + 1] += (1 - t) * f * d;
            g[at + columns] += t * (1 - f) * d;
            g[at + columns + 1] += t * f * d;
        }
    }

    private static (int Tile, double T)[] Locate(in AxisTable table, int count, int nodes)
    {
        var found = new (int, double)[count];
        for (var i = 0; i < count; i++) found[i] = table.Locate(i, nodes);
        return found;
    }

    // One image's coordinates as two planes, and back.
    private static (double[] X, double[] Y) Split(TensorView nodes, int n)
    {
        int h = nodes.Shape[1], w = nodes.Shape[2];
        double[] x = new double[h * w], y = new double[h * w];
        var s = nodes.Layout.Strides;
        for (var i = 0; i < h; i++)
        {
            Doubles.Read(nodes, n * s[0] + i * s[1], s[2], x.AsSpan(i * w, w));
            Doubles.Read(nodes, n * s[0] + i * s[1] + s[3], s[2], y.AsSpan(i * w, w));
        }
        return (x, y);
    }

    private static void Join(double[] x, double[] y, TensorView nodes, int n)
    {
        int h = nodes.Shape[1], w = nodes.Shape[2];
        var s = nodes.Layout.Strides;
        for (var i = 0; i < h; i++)
        {
            Doubles.Write(x.AsSpan(i * w, w), nodes, n * s[0] + i * s[1], s[2]);
            Doubles.Write(y.AsSpan(i * w, w), nodes, n * s[0] + i * s[1] + s[3], s[2]);
        }
    }
}
