using System.Runtime.InteropServices;
using LzuCore.Memory;
using LzuCore.Tensors;

namespace LzuCore.Vision.Geometry;

/// <summary>Many boxes at once.</summary>
public static class Boxes
{
    // mmdetection's floor under the union, so that two empty boxes have IoU 0 and not NaN.
    private const float LeastUnion = 1e-6f;

    /// <summary>Intersection over union, in float32 with the union floored at 1e-6; operation for operation mmdetection's.</summary>
    public static float Iou(Box a, Box b)
    {
        var shared = a.Intersection(b);
        return shared / Math.Max(a.Area + b.Area - shared, LeastUnion);
    }

    /// <summary>Generalised IoU: <c>IoU - (hull - union) / hull</c>, in (-1, 1].</summary>
    /// <remarks>Source: Rezatofighi et al. 2019.</remarks>
    public static float GeneralizedIou(Box a, Box b)
    {
        var shared = a.Intersection(b);
        var union = Math.Max(a.Area + b.Area - shared, LeastUnion);
        var hull = (Math.Max(a.X2, b.X2) - Math.Min(a.X1, b.X1)) * (Math.Max(a.Y2, b.Y2) - Math.Min(a.Y1, b.Y1));
        hull = Math.Max(hull, LeastUnion);
        return shared / union - (hull - union) / hull;
    }

    /// <summary>Boxes of a tensor [m, 4].</summary>
    /// <exception cref="ShapeException">The tensor is not [m, 4].</exception>
    public static Box[] From(Tensor tensor)
    {
        Check.Shape("boxes: tensor", tensor.Shape, [Check.Any, 4]);
        return MemoryMarshal.Cast<float, Box>(tensor.ToArray<float>()).ToArray();
    }

    /// <summary>Boxes as a tensor [m, 4].</summary>
    public static Tensor ToTensor(ReadOnlySpan<Box> boxes) => Tensor.From(MemoryMarshal.Cast<Box, float>(boxes), [boxes.Length, 4]);
}
