using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Warping;

/// <summary>What becomes of a box under a warp that bends its sides. Separable warps keep boxes boxes, so both rules agree for them.</summary>
public enum BoxRule
{
    /// <summary>The bounding box of the four moved corners.</summary>
    Hull,
    /// <summary>The moved top-left and bottom-right corners, as FOVEA's code does.</summary>
    Corners,
}

public sealed partial class WarpGrid
{
    /// <summary>Boxes found in the zoomed image, in the original's pixels: every corner moves through the warp.</summary>
    /// <param name="boxes">[m, 4 or more]: left, top, right, bottom, then columns that pass through (scores).</param>
    /// <param name="zoomed">The zoomed image's size, the boxes' frame.</param>
    /// <param name="original">The original's size, the result's frame.</param>
    /// <param name="rule">What to do when sides bend.</param>
    /// <returns>The boxes' shape.</returns>
    /// <remarks>Box coordinates are edges: 0 and the width are the image's ends, v = 2 x/W - 1. Corners outside the zoomed image go to its border.
    /// Gradient: to boxes and nodes. For one image: the warp's batch must be 1. Source: Thavamani et al. 2021 (FOVEA), section 3.4.</remarks>
    /// <exception cref="ShapeException">The boxes are not [m, 4 or more], or the warp holds several images.</exception>
    public Tensor ToOriginal(Tensor boxes, Size2 zoomed, Size2 original, BoxRule rule = BoxRule.Hull) =>
        MoveBoxes("unwarp_boxes", boxes, zoomed, original, rule, points => PointsToOriginal(points));

    /// <summary>Boxes of the original, in the zoomed image's pixels: the inverse of <see cref="ToOriginal"/>.</summary>
    /// <param name="boxes">[m, 4 or more]: left, top, right, bottom, then columns that pass through.</param>
    /// <param name="original">The original's size, the boxes' frame.</param>
    /// <param name="zoomed">The zoomed image's size, the result's frame.</param>
    /// <param name="rule">What to do when sides bend.</param>
    /// <remarks>Corners that the warp does not show (crop) go to the border. Gradient: to boxes and nodes.</remarks>
    /// <exception cref="ShapeException">The boxes are not [m, 4 or more], or the warp holds several images.</exception>
    public Tensor ToZoomed(Tensor boxes, Size2 original, Size2 zoomed, BoxRule rule = BoxRule.Hull) =>
        MoveBoxes("warp_boxes", boxes, original, zoomed, rule, points => PointsToZoomed(points));

    /// <summary>Points of the zoomed image in the original: T at each point.</summary>
    /// <param name="points">[m, 2] (x, y), normalised; points outside [-1, 1] go to the border.</param>
    /// <returns>[m, 2], normalised. Gradient: to points and nodes.</returns>
    /// <exception cref="ShapeException">The points are not [m, 2], or the warp holds several images.</exception>
    public Tensor PointsToOriginal(Tensor points)
    {
        CheckPoints("warp_points", points);
        if (points.Shape[0] == 0) return points;
        var nodes = (_nodes ?? Cached("precise nodes", () => F.MeshGrid(_knotsX!, _knotsY!))).To(points.DType).Permute(0, 3, 1, 2);
        return F.GridSample(nodes, points.Reshape(1, points.Shape[0], 1, 2), SamplingMode.Bilinear, PaddingMode.Border, alignCorners: true).Reshape(2, points.Shape[0]).Transpose(0, 1);
    }

    /// <summary>Points of the original in the zoomed image: T⁻¹ at each point.</summary>
    /// <param name="points">[m, 2] (x, y), normalised; points that the warp does not show go to the border, those of a nonseparable warp to the nearest place that it shows.</param>
    /// <returns>[m, 2], normalised. Gradient: to points and nodes, 0 to coordinates that went to the border. Where a warp folds, the first tile in row-major order counts.</returns>
    /// <exception cref="ShapeException">The points are not [m, 2], or the warp holds several images.</exception>
    public Tensor PointsToZoomed(Tensor points)
    {
        CheckPoints("invert_points", points);
        if (points.Shape[0] == 0) return points;
        if (!IsSeparable) return F.InvertNodesAt(_nodes!, points.Reshape(1, points.Shape[0], 2)).Reshape(points.Shape[0], 2);
        var x = F.InvertKnotsAt(_knotsX!, points.Narrow(1, 0, 1).Transpose(0, 1));
        var y = F.InvertKnotsAt(_knotsY!, points.Narrow(1, 1, 1).Transpose(0, 1));
        return F.Concat([x, y], 0).Transpose(0, 1);
    }

    private static Tensor MoveBoxes(string op, Tensor boxes, Size2 from, Size2 to, BoxRule rule, Func<Tensor, Tensor> move)
    {
        Check.Floating($"{op}: boxes", boxes.DType);
        if (boxes.Rank != 2 || boxes.Shape[1] < 4) throw new ShapeException($"{op}: boxes", "must be [m, 4 or more] (left, top, right, bottom)", boxes.Shape.ToString());
        CheckSize(op, from);
        CheckSize(op, to);
        if (boxes.Shape[0] == 0) return boxes;
        var (left, top, right, bottom) = (Side(0, from.Width), Side(1, from.Height), Side(2, from.Width), Side(3, from.Height));
        var (topLeftX, topLeftY) = Corner(left, top);
        var (bottomRightX, bottomRightY) = Corner(right, bottom);
        if (rule == BoxRule.Hull)
        {
            var (topRightX, topRightY) = Corner(right, top);
            var (bottomLeftX, bottomLeftY) = Corner(left, bottom);
            (topLeftX, bottomRightX) = Ends(topLeftX, topRightX, bottomLeftX, bottomRightX);
            (topLeftY, bottomRightY) = Ends(topLeftY, topRightY, bottomLeftY, bottomRightY);
        }
        return F.Concat([topLeftX, topLeftY, bottomRightX, bottomRightY, boxes.Narrow(1, 4, boxes.Shape[1] - 4)], 1);

        Tensor Side(int column, int size) => boxes.Narrow(1, column, 1) * (2.0 / size) - 1;

        (Tensor X, Tensor Y) Corner(Tensor x, Tensor y)
        {
            var moved = move(F.Concat([x, y], 1));
            return ((moved.Narrow(1, 0, 1) + 1) * (to.Width / 2.0), (moved.Narrow(1, 1, 1) + 1) * (to.Height / 2.0));
        }

        static (Tensor Least, Tensor Most) Ends(Tensor a, Tensor b, Tensor c, Tensor d) =>
            (F.Minimum(F.Minimum(a, b), F.Minimum(c, d)), F.Maximum(F.Maximum(a, b), F.Maximum(c, d)));
    }

    private void CheckPoints(string op, Tensor points)
    {
        Check.Floating($"{op}: points", points.DType);
        Check.Shape($"{op}: points", points.Shape, [Check.Any, 2]);
        if (Batch != 1) throw new ShapeException($"{op}: warp", "must be for one image", $"a batch of {Batch}", "Take one with Image(n).");
    }
}
