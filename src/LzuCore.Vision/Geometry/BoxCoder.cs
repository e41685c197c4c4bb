using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Vision.Geometry;

/// <summary>Four numbers that a head predicts, relative to an anchor, to a box and back:
/// <c>dx = (gx - px) / pw, dw = ln(gw / pw)</c> with centres g (box) and p (anchor).</summary>
/// <remarks>Means 0 and deviations 1. The two clamps keep exp in range: mmdetection bounds dw and dh on both sides, torchvision from above only.
/// Source: Girshick et al. 2014, appendix C.</remarks>
public sealed class BoxCoder
{
    private readonly float _low;
    private readonly float _high;

    private BoxCoder(float low, float high) => (_low, _high) = (low, high);

    /// <summary>dw, dh within ±ln(1000/16).</summary>
    public static BoxCoder Mmdet { get; } = new((float)-Math.Log(1000.0 / 16), (float)Math.Log(1000.0 / 16));

    /// <summary>dw, dh at most ln(1000/16).</summary>
    public static BoxCoder Torchvision { get; } = new(float.NegativeInfinity, (float)Math.Log(1000.0 / 16));

    /// <summary>The box that deltas mean at an anchor, not clipped to the picture. NaN deltas give a box that is not finite.</summary>
    public Box Decode(Box anchor, float dx, float dy, float dw, float dh)
    {
        float width = anchor.Width, height = anchor.Height;
        var x = anchor.X1 + 0.5f * width + dx * width;
        var y = anchor.Y1 + 0.5f * height + dy * height;
        var halfWidth = 0.5f * (width * MathF.Exp(Math.Clamp(dw, _low, _high)));
        var halfHeight = 0.5f * (height * MathF.Exp(Math.Clamp(dh, _low, _high)));
        return new Box(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight);
    }

    // dw and dh as the coder bounds them.
    internal Tensor Clamp(Tensor deltas) => deltas.Clamp(float.IsNegativeInfinity(_low) ? null : _low, _high);

    /// <summary>The deltas of a box at an anchor.</summary>
    public static (float Dx, float Dy, float Dw, float Dh) Encode(Box anchor, Box box)
    {
        float px = (anchor.X1 + anchor.X2) * 0.5f, py = (anchor.Y1 + anchor.Y2) * 0.5f;
        float gx = (box.X1 + box.X2) * 0.5f, gy = (box.Y1 + box.Y2) * 0.5f;
        return ((gx - px) / anchor.Width, (gy - py) / anchor.Height, MathF.Log(box.Width / anchor.Width), MathF.Log(box.Height / anchor.Height));
    }
}
