using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Vision.Geometry;

/// <summary>Box arithmetic that gradients flow through: rows of left, top, right, bottom.</summary>
public static class BoxTensors
{
    // Under divisions, so that two empty boxes have IoU 0 and not NaN.
    private const double Least = 1e-6;

    /// <summary>Intersection over union of row i with row i.</summary>
    /// <param name="a">[m, 4].</param>
    /// <param name="b">[m, 4].</param>
    /// <returns>[m]. Gradient: to both.</returns>
    /// <exception cref="ShapeException">The shapes are not equal, or not [m, 4].</exception>
    public static Tensor Iou(Tensor a, Tensor b)
    {
        var (shared, union) = Areas(a, b);
        return shared / union;
    }

    /// <summary>Generalised IoU of row i with row i: <c>IoU - (hull - union) / hull</c>, in (-1, 1].</summary>
    /// <param name="a">[m, 4].</param>
    /// <param name="b">[m, 4].</param>
    /// <returns>[m]. Gradient: to both. Source: Rezatofighi et al. 2019.</returns>
    /// <exception cref="ShapeException">The shapes are not equal, or not [m, 4].</exception>
    public static Tensor GeneralizedIou(Tensor a, Tensor b)
    {
        var (shared, union) = Areas(a, b);
        var hull = Area(F.Minimum(Corner(a, 0), Corner(b, 0)), F.Maximum(Corner(a, 2), Corner(b, 2))).Clamp(low: Least);
        return shared / union - (hull - union) / hull;
    }

    /// <summary>The boxes that deltas mean at anchors, not clipped to the picture.</summary>
    /// <param name="coder">Whose clamps.</param>
    /// <param name="anchors">[m, 4].</param>
    /// <param name="deltas">[m, 4]: dx, dy, dw, dh.</param>
    /// <returns>[m, 4]. Gradient: to the deltas.</returns>
    public static Tensor Decode(BoxCoder coder, Tensor anchors, Tensor deltas)
    {
        Check.Shape("decode boxes: deltas", deltas.Shape, anchors.Shape.ToArray());
        var size = Corner(anchors, 2) - Corner(anchors, 0);
        var centre = Corner(anchors, 0) + size * 0.5 + Corner(deltas, 0) * size;
        var half = coder.Clamp(Corner(deltas, 2)).Exp() * size * 0.5;
        return F.Concat([centre - half, centre + half], 1);
    }

    private static (Tensor Shared, Tensor Union) Areas(Tensor a, Tensor b)
    {
        Check.Shape("box overlap: first", a.Shape, [Check.Any, 4]);
        Check.Shape("box overlap: second", b.Shape, a.Shape.ToArray());
        var shared = Area(F.Maximum(Corner(a, 0), Corner(b, 0)), F.Minimum(Corner(a, 2), Corner(b, 2)), atLeast: 0);
        return (shared, (Area(Corner(a, 0), Corner(a, 2)) + Area(Corner(b, 0), Corner(b, 2)) - shared).Clamp(low: Least));
    }

    // Columns 0-1 (left, top) or 2-3 (right, bottom).
    private static Tensor Corner(Tensor boxes, int first) => boxes.Narrow(1, first, 2);

    private static Tensor Area(Tensor low, Tensor high, double? atLeast = null)
    {
        var size = high - low;
        if (atLeast is { } floor) size = size.Clamp(low: floor);
        return (size.Narrow(1, 0, 1) * size.Narrow(1, 1, 1)).Squeeze(1);
    }
}
