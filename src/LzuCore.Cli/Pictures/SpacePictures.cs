using System.Globalization;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Pictures;

/// <summary>A box in space to draw.</summary>
/// <param name="Box">In the camera's frame.</param>
/// <param name="Label">Its class, which has a colour.</param>
/// <param name="Text">Words at it; empty for none.</param>
internal readonly record struct LabelledBox3d(CameraBox3d Box, int Label, string Text);

/// <summary>Boxes in space: projected onto their picture, and from above beside it.</summary>
internal static class SpacePictures
{
    // A box this narrow, in units of the picture's line, has no room for the cross that marks its front.
    private const float RoomForCross = 40;

    // The palette's colours by what drives, what walks and what stands: car, truck, trailer, bus, construction vehicle, bicycle, motorcycle, pedestrian, cone, barrier.
    private static readonly int[] ColorOfClass = [0, 4, 3, 6, 5, 2, 2, 1, 3, 7];

    private static readonly Rgb Ground = new(24, 27, 33), Ring = new(62, 68, 80), Ink = new(150, 158, 172);

    /// <summary>The picture with its boxes, far ones first, and the same boxes from above.</summary>
    public static Image Draw(Image image, Camera camera, IReadOnlyList<LabelledBox3d> boxes)
    {
        var ordered = boxes.OrderByDescending(b => b.Box.Z).ToList();
        var seen = Drawing.On(image, d =>
        {
            foreach (var one in ordered) Project(d, camera, one);
            // Words last and near ones first, so that none is covered; one that would cover another moves up.
            var taken = new List<Box>();
            foreach (var one in Enumerable.Reverse(ordered)) Say(d, camera, one, taken);
        });
        var above = Above(new(image.Height, Math.Max(image.Height * 2 / 3, 120)), ordered);
        return BesideEachOther(seen, above);
    }

    private static Rgb ColorOf(int label) => Rgb.OfClass(label < ColorOfClass.Length ? ColorOfClass[label] : label);

    private static void Project(Drawing d, Camera camera, LabelledBox3d one)
    {
        var (frame, color) = (Wireframe.Of(one.Box, camera), ColorOf(one.Label));
        if (frame.Bounds(d.Size) is not { } bounds) return;
        var front = bounds.Width > RoomForCross * d.Unit ? frame.Front : frame.Front.Take(4);
        // A dark rim keeps bright lines visible on bright ground.
        foreach (var (x1, y1, x2, y2) in frame.Others.Concat(front)) d.Line(x1, y1, x2, y2, Rgb.Black, 2.4f * d.Unit);
        foreach (var (x1, y1, x2, y2) in frame.Others.Concat(front)) d.Line(x1, y1, x2, y2, color, 1.3f * d.Unit);
    }

    private static void Say(Drawing d, Camera camera, LabelledBox3d one, List<Box> taken)
    {
        if (one.Text.Length == 0 || Wireframe.Of(one.Box, camera).Bounds(d.Size) is not { } bounds) return;
        var size = 0.8f * d.TextSize;
        var (width, height) = d.Measure(one.Text, size);
        var (left, top) = (Math.Clamp(bounds.X1, 0, Math.Max(0, d.Size.Width - width)), bounds.Y1 - height);
        var place = new Box(left, top, left + width, top + height);
        while (place.Y1 >= 0 && taken.Any(t => t.Intersection(place) > 0)) place = place.Shift(0, -height / 2);
        if (place.Y1 < 0)
        {
            // No room above: at the top edge, or nowhere.
            place = place.Shift(0, -place.Y1);
            if (taken.Any(t => t.Intersection(place) > 0)) return;
        }
        taken.Add(place);
        d.Label(one.Text, place.X1, place.Y1, ColorOf(one.Label), size);
    }

    // Forward is up; the camera stands at the bottom.
    private static Image Above(Memory.Size2 size, List<LabelledBox3d> boxes)
    {
        var farthest = boxes.Count == 0 ? 0 : boxes.Max(b => Math.Max(b.Box.Z, Math.Abs(b.Box.X) * size.Height / (size.Width / 2.0)));
        var metres = Math.Clamp(Math.Ceiling((farthest + 4) / 10) * 10, 20, 80);
        var ground = new Image(size);
        for (var i = 0; i < ground.Pixels.Length; i += 3) (ground.Pixels[i], ground.Pixels[i + 1], ground.Pixels[i + 2]) = (Ground.R, Ground.G, Ground.B);
        return Drawing.On(ground, d =>
        {
            var margin = 1.6f * d.TextSize;
            var scale = (size.Height - 2 * margin) / metres;
            var (originX, originY) = (size.Width / 2f, size.Height - margin);
            (float X, float Y) At(double x, double z) => ((float)(originX + scale * x), (float)(originY - scale * z));

            for (var ring = 10; ring <= metres; ring += 10)
            {
                d.Polyline([.. Enumerable.Range(0, 61).Select(i => At(ring * Math.Cos(Math.PI * i / 60), ring * Math.Sin(Math.PI * i / 60)))], Ring, d.Unit);
                if (ring % 20 == 0) d.Text(string.Create(CultureInfo.InvariantCulture, $"{ring} m"), originX + 3 * d.Unit, At(0, ring).Y + 2 * d.Unit, Ink, 0.85f * d.TextSize);
            }
            d.Polyline([At(-1, -0.6), At(0, 1.6), At(1, -0.6), At(-1, -0.6)], Rgb.White, 1.5f * d.Unit);
            foreach (var one in boxes)
            {
                var corners = one.Box.FromAbove.Corners();
                var color = ColorOf(one.Label);
                d.Polyline([.. corners.Append(corners[0]).Select(c => At(c.X, c.Y))], color, 1.6f * d.Unit);
                var (cos, sin) = (Math.Cos(one.Box.Yaw), -Math.Sin(one.Box.Yaw));
                var nose = 0.5 * one.Box.Length + 0.6;
                d.Polyline([At(one.Box.X, one.Box.Z), At(one.Box.X + nose * cos, one.Box.Z + nose * sin)], color, 1.6f * d.Unit);
            }
            d.Text("seen from above", 0.6f * d.TextSize, 0.4f * d.TextSize, Ink, 0.85f * d.TextSize);
        });
    }

    private static Image BesideEachOther(Image left, Image right)
    {
        var both = new Image((left.Height, left.Width + right.Width));
        for (var y = 0; y < left.Height; y++)
        {
            left.Row(y).CopyTo(both.Row(y));
            right.Row(y).CopyTo(both.Row(y)[(3 * left.Width)..]);
        }
        return both;
    }
}
