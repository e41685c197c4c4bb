using System.Numerics;

namespace LzuCore.Kernels.Cpu;

// The inner loops of norms: passes over consecutive pixels of [pixels, channels] with one constant or one sum per channel. Sums are float64: a vector of floats is widened
// into two of doubles, and a channel's terms are added pixel by pixel.
internal static unsafe class ChannelSums
{
    /// <summary>s1 = Σ (x - k), s2 = Σ (x - k)² over pixels, per channel.</summary>
    public static void Moments<T>(T* x, T* k, int pixels, int channels, double* s1, double* s2) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var c = 0;
        if (typeof(T) == typeof(float))
            for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
            {
                Vector.Widen(Vector.Load((float*)k + c), out var k0, out var k1);
                Vector<double> a0 = default, a1 = default, b0 = default, b1 = default;
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
            double a = 0, b = 0, origin = double.CreateTruncating(k[c]);
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
        var c = 0;
        if (typeof(T) == typeof(float))
            for (; c <= channels - Vector<float>.Count; c += Vector<float>.Count)
            {
                var mean = Vector.Load((float*)m + c);
                Vector<double> a0 = default, a1 = default, b0 = default, b1 = default;
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
            double a = 0, b = 0;
            for (var i = 0; i < pixels; i++)
            {
                var d = double.CreateTruncating(g[(long)i * channels + c]);
                a += d;
                b += d * double.CreateTruncating(x[(long)i * channels + c] - m[c]);
            }
            (s1[c], s2[c]) = (a, b);
        }
    }

    /// <summary>y = (x - m)·s + b.</summary>
    public static void Normalize<T>(T* x, T* y, int pixels, int channels, T* m, T* s, T* b) where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (var i = 0; i < pixels; i++, x += channels, y += channels)
        {
            var c = 0;
            for (; c <= channels - Vector<T>.Count; c += Vector<T>.Count)
                ((Vector.Load(x + c) - Vector.Load(m + c)) * Vector.Load(s + c) + Vector.Load(b + c)).Store(y + c);
            for (; c < channels; c++) y[c] = (x[c] - m[c]) * s[c] + b[c];
        }
    }

    /// <summary>dx = a·dy + b·(x - m) + k.</summary>
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

    private static void Store(double* to, Vector<double> low, Vector<double> high)
    {
        low.Store(to);
        high.Store(to + Vector<double>.Count);
    }
}
