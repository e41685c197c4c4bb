using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Saliency to knots and to tables of the warp and of its inverse, in one launch. One group per image and table: each makes the knots again, in shared memory, which
// should take a group less time than a second launch (not measured yet); the first group of an image also stores them. Same formulas as AttractionKernel and AxisWarpKernel.
// Phase 0: largest weight of every column, and the Gaussian. Phase 1: marginals. Phase 2: knots. Phase 3: the table.
internal readonly struct WarpTablesBody : IGroupBody<double, WarpTablesBody.Lane>
{
    public const int Most = 16;

    // Places in shared memory: largest weights, Gaussian, marginals, knots; each as many numbers as both axes may have nodes.
    private const int Room = 1024, Gaussian = Room, Marginals = 2 * Room, Knots = 3 * Room;
    private const double NoMass = 1e-290;

    private readonly int _tables, _h, _w, _images, _reach, _antiCrop, _scales;
    private readonly double _fwhm;
    private readonly Numbers _saliency, _knots;
    private readonly ArrayView<double> _status;
    private readonly Table _t0, _t1, _t2, _t3, _t4, _t5, _t6, _t7, _t8, _t9, _t10, _t11, _t12, _t13, _t14, _t15;

    public WarpTablesBody(in AttractionArgs args, TensorView saliency, TensorView knots, ReadOnlySpan<WarpTable> tables, ArrayView<double> status)
    {
        (_tables, _images, _h, _w) = (tables.Length, saliency.Shape[0], saliency.Shape[2], saliency.Shape[3]);
        (_reach, _antiCrop, _scales, _fwhm) = (Math.Min(_h, _w) - 1, args.AntiCrop ? 1 : 0, saliency.DType == DType.Float64 ? 1 : 0, args.Fwhm);
        (_saliency, _knots, _status) = (new(saliency), new(knots), status);
        var all = new Table[Most];
        for (var i = 0; i < Most; i++) all[i] = new Table(tables[Math.Min(i, tables.Length - 1)]);
        (_t0, _t1, _t2, _t3, _t4, _t5, _t6, _t7) = (all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7]);
        (_t8, _t9, _t10, _t11, _t12, _t13, _t14, _t15) = (all[8], all[9], all[10], all[11], all[12], all[13], all[14], all[15]);
    }

    public static int Lanes => 64;

    public static int Shared => 4 * Room;

    /// <summary>Groups to launch.</summary>
    public long Groups => (long)_images * _tables;

    /// <summary>Whether both axes fit the shared memory.</summary>
    public static bool Fits(Shape saliency) => saliency[2] + saliency[3] <= Room && 2 * Math.Min(saliency[2], saliency[3]) - 1 <= Room;

    /// <summary>What a lane keeps: image, table, whether the group stores the knots, the scale of the weights and whether one is no weight.</summary>
    internal readonly record struct Lane(int Image, Table Table, int IsFirst, double Scale, double Bad);

    /// <summary>A table's description and place.</summary>
    internal readonly struct Table(WarpTable table)
    {
        public readonly AxisTable Entries = table.Table;
        public readonly Numbers Output = new(table.Output);
        public readonly int Axis = table.Axis, Inverse = table.Inverse ? 1 : 0, Count = table.Output.Shape[1];
    }

    public int Phases(int group) => 4;

    public Lane Start(int group, int lane)
    {
        var image = group / _tables;
        var number = group - image * _tables;
        return new Lane(image, Choose(number), number == 0 ? 1 : 0, 1, 0);
    }

    public void Stage(Lane state, int lane, int phase, ArrayView<double> shared)
    {
        if (phase == 0)
        {
            for (var j = lane; j < _w; j += Lanes) shared[j] = Largest(state.Image, j);
            for (var j = lane; j <= 2 * _reach; j += Lanes) shared[Gaussian + j] = Math.Exp(-4 * 0.69314718055994530942 * (j - _reach) * (j - _reach) / (_fwhm * _fwhm));
        }
        else if (phase == 1)
        {
            for (var place = lane; place < _w + _h; place += Lanes) shared[Marginals + place] = state.Scale == 0 ? 1 : Marginal(state.Image, place, state.Scale);
        }
        else if (phase == 2)
        {
            for (var place = lane; place < _w + _h; place += Lanes)
            {
                var knot = Attracted(place, shared);
                shared[Knots + place] = knot;
                if (state.IsFirst != 0) _knots.Set(knot, state.Image, place);
            }
            if (state.IsFirst == 0 || lane != 0) return;
            _status[2L * state.Image] = state.Scale;
            _status[2L * state.Image + 1] = state.Bad;
        }
        else
        {
            var table = state.Table;
            for (var i = lane; i < table.Count; i += Lanes) table.Output.Set(Entry(table, i, shared), state.Image, i);
        }
    }

    public Lane Use(Lane state, int lane, ArrayView<double> shared)
    {
        // After phase 0 the largest weights are there; later the scale has been found, and the sum is the same again.
        double max = 0, bad = 0;
        for (var j = 0; j < _w; j++)
        {
            var v = shared[j];
            if (double.IsNaN(v)) bad = 1;
            else if (v > max) max = v;
        }
        return new Lane(state.Image, state.Table, state.IsFirst, max > 0 ? _scales != 0 ? AttractionKernel.ImageCheck.PowerOfTwo(max) : 1 : 0, bad);
    }

    public void Finish(Lane state, int group, int lane)
    {
    }

    private Table Choose(int i)
    {
        if (i < 8)
        {
            if (i < 4) return i < 2 ? i == 0 ? _t0 : _t1 : i == 2 ? _t2 : _t3;
            return i < 6 ? i == 4 ? _t4 : _t5 : i == 6 ? _t6 : _t7;
        }
        if (i < 12) return i < 10 ? i == 8 ? _t8 : _t9 : i == 10 ? _t10 : _t11;
        return i < 14 ? i == 12 ? _t12 : _t13 : i == 14 ? _t14 : _t15;
    }

    private double Largest(int image, int column)
    {
        double max = 0;
        for (var i = 0; i < _h; i++)
        {
            var v = _saliency.Get(image, 0, i, column);
            if (!(v >= 0 && v <= double.MaxValue)) max = double.NaN;
            else if (v > max) max = v;
        }
        return max;
    }

    private double Marginal(int image, int place, double scale)
    {
        double total = 0;
        if (place < _w) for (var i = 0; i < _h; i++) total += _saliency.Get(image, 0, i, place) * scale;
        else for (var j = 0; j < _w; j++) total += _saliency.Get(image, 0, place - _w, j) * scale;
        return total;
    }

    private double Attracted(int place, ArrayView<double> shared)
    {
        int n = place < _w ? _w : _h, i = place < _w ? place : place - _w, start = Marginals + place - i;
        if (_antiCrop != 0 && (i == 0 || i == n - 1)) return i == 0 ? -1 : 1;
        double mass = 0, moment = 0;
        for (var j = 0; j <= 2 * _reach; j++)
        {
            var v = shared[Gaussian + j] * shared[start + AttractionKernel.Fold(i + j - _reach, n, _antiCrop)];
            mass += v;
            moment += v * j;
        }
        var raw = 2 * (mass > NoMass ? i - _reach + moment / mass : Nearest(start, i, n, shared)) / (n - 1) - 1;
        return raw < -1 ? -1 : raw > 1 ? 1 : raw;
    }

    // The cell of the extended axis nearest to a node that holds mass.
    private double Nearest(int start, int i, int n, ArrayView<double> shared)
    {
        for (var d = 0; d < 2 * n; d++)
        {
            if (i - d > -n && shared[start + AttractionKernel.Fold(i - d, n, _antiCrop)] > 0) return i - d;
            if (i + d < 2 * n - 1 && shared[start + AttractionKernel.Fold(i + d, n, _antiCrop)] > 0) return i + d;
        }
        return i;
    }

    private double Entry(Table table, int i, ArrayView<double> shared)
    {
        int n = table.Axis == 0 ? _w : _h, start = table.Axis == 0 ? Knots : Knots + _w;
        var entries = table.Entries;
        if (table.Inverse == 0)
        {
            var (tile, t) = entries.Locate(i, n);
            double left = shared[start + tile], right = shared[start + tile + 1];
            return entries.Write((left + t * (right - left) + 1) / 2 * entries.IndexScale + entries.IndexShift, table.Output.IsSingle);
        }
        if (entries.Beyond(i)) return entries.Write(i, table.Output.IsSingle);
        var target = entries.Target(i);
        if (!(target >= Knot(shared, start, n, 0) && target <= Knot(shared, start, n, n - 1))) return entries.Fill;
        var found = -1;
        for (var k = 0; k < n - 1; k++)
        {
            double left = Knot(shared, start, n, k), right = Knot(shared, start, n, k + 1);
            if (!(left <= target)) break;
            if (right > left) found = k;
        }
        if (found < 0) return entries.Fill;
        double from = Knot(shared, start, n, found), within = (target - from) / (Knot(shared, start, n, found + 1) - from);
        within = within < 0 ? 0 : within > 1 ? 1 : within;
        return entries.Write((found + within) / (n - 1) * entries.IndexScale + entries.IndexShift, table.Output.IsSingle);
    }

    private static double Knot(ArrayView<double> shared, int start, int n, int i)
    {
        var g = shared[start + i];
        return i == 0 ? AxisTable.SnapEnd(g, -1) : i == n - 1 ? AxisTable.SnapEnd(g, 1) : g;
    }
}
