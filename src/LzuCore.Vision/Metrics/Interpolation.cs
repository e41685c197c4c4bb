namespace LzuCore.Vision.Metrics;

// numpy.interp: piecewise linear through (xs, ys) with rising xs. Left of all: the first y. At a repeated x: the y of its last. Right of all: as told.
internal static class Interpolation
{
    public static double[] At(ReadOnlySpan<double> points, ReadOnlySpan<double> xs, ReadOnlySpan<double> ys, double right)
    {
        var result = new double[points.Length];
        for (var i = 0; i < points.Length; i++) result[i] = One(points[i], xs, ys, right);
        return result;
    }

    private static double One(double x, ReadOnlySpan<double> xs, ReadOnlySpan<double> ys, double right)
    {
        if (x > xs[^1]) return right;
        if (x < xs[0]) return ys[0];
        var (low, high) = (0, xs.Length);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (xs[middle] <= x) low = middle;
            else high = middle;
        }
        if (low == xs.Length - 1 || xs[low] == x) return ys[low];
        return (ys[low + 1] - ys[low]) / (xs[low + 1] - xs[low]) * (x - xs[low]) + ys[low];
    }
}
