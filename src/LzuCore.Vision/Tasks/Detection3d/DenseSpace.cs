using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;

namespace LzuCore.Vision.Tasks.Detection3d;

/// <summary>A class of objects in space.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Length">Metres along the heading, of an object like most: sizes are predicted relative to it.</param>
/// <param name="Height">Metres along y.</param>
/// <param name="Width">Metres across the heading.</param>
/// <param name="HasHeading">Whether its heading can be seen; else none is learned, and the yaw is 0.</param>
public readonly record struct SpaceClass(string Name, double Length, double Height, double Width, bool HasHeading = true);

/// <summary>The objects of a picture for a dense head that puts them into space.</summary>
/// <param name="Seen">Their boxes in the picture, their classes, and what is neither object nor background.</param>
/// <param name="Boxes">In the camera's frame.</param>
/// <param name="Centers">Where their middles are seen, in the picture's pixels (edges).</param>
/// <param name="Camera">The picture's.</param>
public readonly record struct SpaceTruth(DenseTruth Seen, CameraBox3d[] Boxes, (double X, double Y)[] Centers, Camera Camera);

/// <summary>An object that a dense head put into space.</summary>
/// <param name="Box">In the camera's frame.</param>
/// <param name="Seen">In the picture: box, score, class.</param>
public readonly record struct DenseSpaceDetection(CameraBox3d Box, DenseDetection Seen);

/// <summary>The parts of a loss of boxes in space, scalars, weights multiplied in.</summary>
/// <param name="Offset">Where the middle is seen.</param>
/// <param name="Depth">Logarithm of the depth.</param>
/// <param name="Size">Logarithm of the size.</param>
/// <param name="Axis">Along which line the object lies.</param>
/// <param name="Direction">Which way along it.</param>
public readonly record struct DenseSpaceLosses(Tensor Offset, Tensor Depth, Tensor Size, Tensor Axis, Tensor Direction);

/// <summary>Boxes in space of a dense head: nine numbers of a cell, their loss, and the box that they say.</summary>
/// <remarks>The numbers, after those of <see cref="DenseBoxes"/>: where the middle is seen, in strides from the cell's (2); <c>log(Z / 25 m)</c>; logarithms of length, height and width over the class's (3);
/// sine and cosine of 2α; the logit of whether the object faces away from the camera, <c>sin α &lt; 0</c>. α = yaw − atan2(X, Z) is the angle under which an object is seen: what its picture can tell.
/// Twice the angle says the line that an object lies along, the logit which end is the front; its border is at objects seen from the side, for most drive towards the camera or away from it.
/// Losses: smooth L1, the mean over the cells with an object: offset β 0.2; depth β 0.05, weight 2; size β 0.05; 2α β 0.2, weight 0.5; binary cross-entropy of the direction, weight 0.2;
/// angles count for classes that have a heading.</remarks>
public static class DenseSpace
{
    private const double UnitDepth = 25, CoarseBeta = 0.2, FineBeta = 0.05, DepthWeight = 2, AxisWeight = 0.5, DirectionWeight = 0.2;
    // exp(±4) · 25 m: 0.5 m to 1.4 km.
    private const double MostLog = 4;

    /// <summary>What a cell shall say of an object; the last number is 1 or 0.</summary>
    /// <param name="box">In the camera's frame, in front of it.</param>
    /// <param name="center">Where its middle is seen, in input pixels (edges).</param>
    /// <param name="cell">The cell.</param>
    /// <param name="kind">Its class.</param>
    /// <param name="values">Gets <see cref="DeskDetector.SpaceValues"/> numbers.</param>
    public static void Encode(CameraBox3d box, (double X, double Y) center, DenseCell cell, SpaceClass kind, Span<float> values)
    {
        Check.That(box.IsFinite && box is { Z: > 0, Length: > 0, Height: > 0, Width: > 0 }, $"dense space: boxes must be finite, in front of the camera and not empty, got {box}.");
        var angle = box.Yaw - Math.Atan2(box.X, box.Z);
        ReadOnlySpan<double> numbers =
        [
            (center.X - cell.X) / cell.Stride, (center.Y - cell.Y) / cell.Stride, Math.Log(box.Z / UnitDepth),
            Math.Log(box.Length / kind.Length), Math.Log(box.Height / kind.Height), Math.Log(box.Width / kind.Width),
            Math.Sin(2 * angle), Math.Cos(2 * angle), Math.Sin(angle) < 0 ? 1 : 0,
        ];
        for (var i = 0; i < numbers.Length; i++) values[i] = (float)numbers[i];
    }

    /// <summary>The box that a cell says.</summary>
    /// <param name="values"><see cref="DeskDetector.SpaceValues"/> numbers.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="kind">The object's class.</param>
    /// <param name="frame">From the camera's picture to the network's input.</param>
    /// <param name="camera">The picture's.</param>
    public static CameraBox3d Decode(ReadOnlySpan<float> values, DenseCell cell, SpaceClass kind, ResizeFrame frame, Camera camera)
    {
        var (u, v) = frame.ToOriginal(cell.X + (double)values[0] * cell.Stride, cell.Y + (double)values[1] * cell.Stride);
        var center = camera.Unproject(u, v, UnitDepth * Ratio(values[2]));
        // Of the two ends of the line, the one that faces away has the negative sine.
        var angle = Math.Atan2(values[6], values[7]) / 2;
        if ((Math.Sin(angle) < 0) != (values[8] > 0)) angle += Math.PI;
        return new CameraBox3d(center.X, center.Y, center.Z, kind.Length * Ratio(values[3]), kind.Height * Ratio(values[4]), kind.Width * Ratio(values[5]),
            kind.HasHeading ? angle + Math.Atan2(center.X, center.Z) : 0, 0, 0);

        static double Ratio(float log) => Math.Exp(Math.Clamp(log, -MostLog, MostLog));
    }

    /// <summary>The losses of cells with an object, 0 without any.</summary>
    /// <param name="values">[m, <see cref="DeskDetector.SpaceValues"/>], with gradients.</param>
    /// <param name="targets">What <see cref="Encode"/> says, row by row.</param>
    /// <param name="headings">Whether each row's class has a heading.</param>
    /// <param name="across">The processes over whose rows the means are, as in <see cref="DenseBoxes.ClassLoss"/>.</param>
    /// <exception cref="ShapeException">There are not as many rows.</exception>
    public static DenseSpaceLosses Loss(Tensor values, float[] targets, IReadOnlyList<bool> headings, ProcessGroup? across = null)
    {
        var count = headings.Count;
        Check.Shape("dense space: values", values.Shape, [count, DeskDetector.SpaceValues]);
        Check.That(targets.Length == count * DeskDetector.SpaceValues, $"dense space: there must be {DeskDetector.SpaceValues} targets for each of {count} rows, got {targets.Length}.");
        var withHeading = headings.Count(h => h);
        across ??= ProcessGroup.Alone;
        double share = across.Share(count), headingShare = across.Share(withHeading);
        if (count == 0)
        {
            var nothing = values.Sum();
            return new(nothing, nothing, nothing, nothing, nothing);
        }
        var wanted = Tensor.From(targets, [count, DeskDetector.SpaceValues]).To(values.Device);
        var seen = Tensor.From([.. headings.Select(h => h ? 1f : 0f)], [count, 1]).To(values.Device);
        var (offset, depth, size, axis) = (Smooth(0, 2, CoarseBeta), Smooth(2, 1, FineBeta), Smooth(3, 3, FineBeta), Smooth(6, 2, CoarseBeta));
        var direction = F.BinaryCrossEntropyWithLogits(Column(values, 8, 1), Column(wanted, 8, 1), Reduction.None);
        var each = headingShare / Math.Max(1, withHeading);
        return new(offset.Mean() * share, depth.Mean() * (DepthWeight * share), size.Mean() * share, (axis * seen).Sum() * (AxisWeight / 2 * each), (direction * seen).Sum() * (DirectionWeight * each));

        Tensor Smooth(int first, int columns, double beta) => F.SmoothL1(Column(values, first, columns), Column(wanted, first, columns), beta, Reduction.None);
    }

    private static Tensor Column(Tensor rows, int first, int columns) => rows.Narrow(1, first, columns);
}
