using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LzuCore.Kernels.Cpu;

// The inner loops of norms: passes over consecutive pixels of [pixels, channels] with one constant or one sum per channel. Sums are float64: a vector of floats is widened
// into doubles, and a channel's terms are added pixel by pixel, a few pixels for all channels before the next few: a channel at a time would read one cache line of each pixel, and with
// 256 channels all of those fall into four sets of the first-level cache. Wider vectors hold more channels and give the same bits.
internal static unsafe class ChannelSums
{
    private const int BlockBytes = 16 << 10;

    /// <summary>s1 = Σ (x - k), s2 = Σ (x - k)² over pixels, per channel.</summary>
    public static void Moments<T>(T* x, T* k, int pixels, int channels, double* s1, double* s2) where T : unmanaged, IFloatingPointIeee754<T>
    {
        new Span<double>(s1, channels).Clear();
        new Span<double>(s2, channels).Clear();
        for (int block = PixelBlock<T>(channels), first = 0; first < pixels; first += block) AddMoments(x + (long)first * channels, k, Math.Min(block, pixels - first), channels, s1, s2);
    }

    private static int PixelBlock<T>(int channels) where T : unmanaged => Math.Max(4, BlockBytes / (Math.Max(1, channels) * sizeof(T)));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddMoments<T>(T* x, T* k, int pixels, int channels, double* s1, double* s2) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var c = 0;
        if (typeof(T) == typeof(float) && Vector512.IsHardwareAccelerated)
            for (; c <= channels - Vector512<float>.Count; c += Vector512<float>.Count)
            {
                var (k0, k1) = Vector512.Widen(Vector512.Load((float*)k + c));
                Vector512<double> a0 = Vector512.Load(s1 + c), a1 = Vector512.Load(s1 + c + 8), b0 = Vector512.Load(s2 + c), b1 = Vector512.Load(s2 + c + 8);
                var p = (float*)x + c;
                for (var i = 0; i < pixels; i++, p += channels)
                {
                    var v = Vector512.Load(p);
                    Vector512<double> x0 = Vector512.WidenLower(v) - k0, x1 = Vector512.WidenUpper(v) - k1;
                    a0 += x0;
                    a1 += x1;
                    b0 += x0 * x0;
                    b1 += x1 * x1;
                }
                a0.Store(s1 + c);
                a1.Store(s1 + c + 8);
                b0.Store(s2 + c);
                b1.Store(s2 + c + 8);
            }
        if (typeof(T) == typeof(float))
            for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
            {
                Vector.Widen(Vector.Load((float*)k + c), out var k0, out var k1);
                Load(s1 + c, out var a0, out var a1);
                Load(s2 + c, out var b0, out var b1);
                var p = (float*)x + c;
                for (var i = 0; i < pixels; i++, p += channels)
                {
                    Vector.Widen(Vector.Load(p), out var x0, out var x1);
                    x0 -= k0;
                    x1 -= k1;
                    a0 += x0;
                    a1 += x1;
                    b0 += x0 * x0;
                    b1 += x1 * x1;
                }
                Store(s1 + c, a0, a1);
                Store(s2 + c, b0, b1);
            }
        for (; c < channels; c++)
        {
            double a = s1[c], b = s2[c], origin = double.CreateTruncating(k[c]);
            for (var i = 0; i < pixels; i++)
            {
                var d = double.CreateTruncating(x[(long)i * channels + c]) - origin;
                a += d;
                b += d * d;
            }
            (s1[c], s2[c]) = (a, b);
        }
    }

    /// <summary>s1 = Σ g, s2 = Σ g·(x - m) over pixels, per channel.</summary>
    public static void Products<T>(T* g, T* x, T* m, int pixels, int channels, double* s1, double* s2) where T : unmanaged, IFloatingPointIeee754<T>
    {
        new Span<double>(s1, channels).Clear();
        new Span<double>(s2, channels).Clear();
        for (int block = PixelBlock<T>(2 * channels), first = 0; first < pixels; first += block)
            AddProducts(g + (long)first * channels, x + (long)first * channels, m, Math.Min(block, pixels - first), channels, s1, s2);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddProducts<T>(T* g, T* x, T* m, int pixels, int channels, double* s1, double* s2) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var c = 0;
        if (typeof(T) == typeof(float))
            for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
            {
                var mean = Vector.Load((float*)m + c);
                Load(s1 + c, out var a0, out var a1);
                Load(s2 + c, out var b0, out var b1);
                float* p = (float*)x + c, q = (float*)g + c;
                for (var i = 0; i < pixels; i++, p += channels, q += channels)
                {
                    Vector.Widen(Vector.Load(q), out var g0, out var g1);
                    Vector.Widen(Vector.Load(p) - mean, out var x0, out var x1);
                    a0 += g0;
                    a1 += g1;
                    b0 += g0 * x0;
                    b1 += g1 * x1;
                }
                Store(s1 + c, a0, a1);
                Store(s2 + c, b0, b1);
            }
        for (; c < channels; c++)
        {
            double a = s1[c], b = s2[c];
            for (var i = 0; i < pixels; i++)
            {
                var d = double.CreateTruncating(g[(long)i * channels + c]);
                a += d;
                b += d * double.CreateTruncating(x[(long)i * channels + c] - m[c]);
            }
            (s1[c], s2[c]) = (a, b);
        }
    }

    /// <summary>y = (x - m)·s + b, but no less than a floor: 0 is ReLU, -infinity nothing. NaN stays, as the second operand of the machine's maximum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Normalize<T>(T* x, T* y, int pixels, int channels, T* m, T* s, T* b, T floor) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var wide = Vector512.Create(floor);
        var narrow = new Vector<T>(floor);
        for (var i = 0; i < pixels; i++, x += channels, y += channels)
        {
            var c = 0;
            if (Vector512.IsHardwareAccelerated)
                for (; c <= channels - Vector512<T>.Count; c += Vector512<T>.Count)
                    Vector512.MaxNative(wide, (Vector512.Load(x + c) - Vector512.Load(m + c)) * Vector512.Load(s + c) + Vector512.Load(b + c)).Store(y + c);
            for (; c <= channels - Vector<T>.Count; c += Vector<T>.Count)
                Vector.MaxNative(narrow, (Vector.Load(x + c) - Vector.Load(m + c)) * Vector.Load(s + c) + Vector.Load(b + c)).Store(y + c);
            for (; c < channels; c++)
            {
                var v = (x[c] - m[c]) * s[c] + b[c];
                y[c] = v < floor ? floor : v;
            }
        }
    }

    /// <summary>dx = a·dy + b·(x - m) + k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Combine<T>(T* dy, T* x, T* dx, int pixels, int channels, T* m, T* a, T* b, T* k) where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var i = 0; i < pixels; i++, x += channels, dy += channels, dx += channels)
        {
            var c = 0;
            for (; c <= channels - Vector<T>.Count; c += Vector<T>.Count)
                (Vector.Load(a + c) * Vector.Load(dy + c) + Vector.Load(b + c) * (Vector.Load(x + c) - Vector.Load(m + c)) + Vector.Load(k + c)).Store(dx + c);
            for (; c < channels; c++) dx[c] = a[c] * dy[c] + b[c] * (x[c] - m[c]) + k[c];
        }
    }

    private static void Load(double* from, out Vector<double> low, out Vector<double> high) => (low, high) = (Vector.Load(from), Vector.Load(from + Vector<double>.Count));

    private static void Store(double* to, Vector<double> low, Vector<double> high)
    {
        low.Store(to);
        high.Store(to + Vector<double>.Count);
    }
}
