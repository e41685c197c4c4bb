namespace LzuCore.Kernels;

/// <summary>One tile of a piecewise bilinear warp between nodes p00, p01 (to the right), p10 (below) and p11: x = p00 + μ c + λ (b + μ d), with μ along columns and λ along rows. Blittable:
/// the CPU's kernels and those of a device share it.</summary>
/// <remarks>With M = p00 - x: A μ² + B μ + C = 0, A = c×d, B = c×b + M×d, C = M×b. The root wanted satisfies 2Aμ + B = det J, so its sign is the tile's orientation and no branch on A is needed;
/// C/(B + s) cancels nothing. Everything is float64: it costs nothing and removes the precision question.</remarks>
internal readonly struct WarpTile
{
    /// <summary>How far outside [0, 1] a parameter may lie, so that seams leave no holes.</summary>
    public const double Tolerance = 1e-6;

    private const double SmallestArea = 1e-14;
    private readonly double _px, _py, _bx, _by, _cx, _cy, _dx, _dy, _a, _apart;

    public WarpTile(double x00, double y00, double x01, double y01, double x10, double y10, double x11, double y11)
    {
        (_px, _py, _bx, _by, _cx, _cy) = (x00, y00, x10 - x00, y10 - y00, x01 - x00, y01 - y00);
        (_dx, _dy) = (x00 - x10 - x01 + x11, y00 - y10 - y01 + y11);
        _a = Cross(_cx, _cy, _dx, _dy);
        // The signed area: half the cross product of the diagonals.
        Area = Cross(x11 - x00, y11 - y00, x10 - x01, y10 - y01) / 2;
        Left = Math.Min(Math.Min(x00, x01), Math.Min(x10, x11));
        Right = Math.Max(Math.Max(x00, x01), Math.Max(x10, x11));
        Top = Math.Min(Math.Min(y00, y01), Math.Min(y10, y11));
        Bottom = Math.Max(Math.Max(y00, y01), Math.Max(y10, y11));
        // How far from a point its place may map: both parameters may lie outside.
        _apart = 2 * Tolerance * Math.Max(1, Math.Max(Right - Left, Bottom - Top));
    }

    public double Area { get; }
    public double Left { get; }
    public double Right { get; }
    public double Top { get; }
    public double Bottom { get; }

    // Neither flat nor without numbers.
    public bool Usable => Math.Abs(Area) >= SmallestArea && Area - Area == 0;

    public bool Invert(double x, double y, out double mu, out double lambda)
    {
        double mx = _px - x, my = _py - y;
        double b = Cross(_cx, _cy, _bx, _by) + Cross(mx, my, _dx, _dy), c = Cross(mx, my, _bx, _by), square = b * b - 4 * _a * c;
        var s = square > 0 ? Math.Sqrt(square) : 0;
        if (Area < 0) s = -s;
        mu = b * s >= 0 ? -2 * c / (b + s) : (s - b) / (2 * _a);
        lambda = 0;
        if (!(mu >= -Tolerance && mu <= 1 + Tolerance)) return false;
        mu = Unit(mu);
        double ex = _bx + mu * _dx, ey = _by + mu * _dy;
        lambda = Math.Abs(ex) > Math.Abs(ey) ? -(mx + mu * _cx) / ex : -(my + mu * _cy) / ey;
        if (!(lambda >= -Tolerance && lambda <= 1 + Tolerance)) return false;
        lambda = Unit(lambda);
        // A tile that is folded, or of which a side is a point, has parameters for points that it does not show: without a real root, or by rounding alone.
        return Math.Abs(mx + mu * _cx + lambda * ex) <= _apart && Math.Abs(my + mu * _cy + lambda * ey) <= _apart;
    }

    public bool MayHold(double x, double y) => x >= Left - Tolerance && x <= Right + Tolerance && y >= Top - Tolerance && y <= Bottom + Tolerance;

    // The nearest place on one side (λ = at, or μ = at) and its squared distance.
    public (double Mu, double Lambda, double Distance) OnSide(double x, double y, bool along, double at)
    {
        double fromX = _px + at * (along ? _bx : _cx), fromY = _py + at * (along ? _by : _cy);
        double sideX = (along ? _cx : _bx) + at * _dx, sideY = (along ? _cy : _by) + at * _dy;
        var length = sideX * sideX + sideY * sideY;
        var t = length > 0 ? Unit(((x - fromX) * sideX + (y - fromY) * sideY) / length) : 0;
        double dx = fromX + t * sideX - x, dy = fromY + t * sideY - y;
        return (along ? t : at, along ? at : t, dx * dx + dy * dy);
    }

    // t with Jᵀ t = (upMu, upLambda); J's columns are the derivatives by μ and λ. 0 where the tile is folded flat at this point.
    public (double X, double Y) SolveTransposed(double mu, double lambda, double upMu, double upLambda)
    {
        double ex = _cx + lambda * _dx, ey = _cy + lambda * _dy, fx = _bx + mu * _dx, fy = _by + mu * _dy;
        var det = Cross(ex, ey, fx, fy);
        return Math.Abs(det) < SmallestArea ? (0, 0) : ((upMu * fy - upLambda * ey) / det, (upLambda * ex - upMu * fx) / det);
    }

    // NaN stays NaN.
    private static double Unit(double v) => v < 0 ? 0 : v > 1 ? 1 : v;

    private static double Cross(double ax, double ay, double bx, double by) => ax * by - ay * bx;
}
