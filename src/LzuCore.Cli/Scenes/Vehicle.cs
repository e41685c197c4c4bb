using SkiaSharp;

namespace LzuCore.Cli.Scenes;

/// <summary>A vehicle somewhere on the street, headed along it (0°), against it (180°) or across.</summary>
/// <param name="Shape">Its body.</param>
/// <param name="Color">Its paint.</param>
/// <param name="X">Centre, to the right.</param>
/// <param name="Z">Centre, ahead.</param>
/// <param name="Heading">Degrees from straight ahead, clockwise seen from above.</param>
internal sealed record Vehicle(VehicleShape Shape, SKColor Color, double X, double Z, double Heading) : StreetObject(Z)
{
    private static readonly SKColor Rubber = new(26, 26, 29);
    private static readonly SKColor Window = new(44, 54, 66);

    /// <inheritdoc/>
    public override string Class => Shape.Class;

    /// <inheritdoc/>
    public override IEnumerable<Point3> Outline
    {
        get
        {
            foreach (var p in Shape.Points)
                foreach (var side in new[] { -1, 1 }) yield return At(p.Along, p.Up, side * p.Half);
            foreach (var wheel in Shape.Wheels)
                foreach (var side in new[] { -1, 1 }) yield return At(wheel, 0, side * Shape.HalfWidth);
        }
    }

    /// <inheritdoc/>
    public override void DrawShadow(SKCanvas canvas, StreetCamera camera)
    {
        var half = Shape.HalfWidth;
        var reach = 0.55 * Shape.Points.Max(p => p.Up);
        foreach (var (grow, right, alpha) in new[] { (0.12, 0.0, 150), (0.05, reach, 84) })
        {
            using var foot = camera.Polygon([.. new[] { (-grow, -half), (-grow, half), (Shape.Length + grow, half), (Shape.Length + grow, -half) }.Select(c =>
            {
                var p = At(c.Item1, 0, c.Item2 * (1 + grow));
                return p.X > X || right == 0 ? p with { X = p.X + right, Z = p.Z + right * 0.5 } : p;
            })]);
            using var paint = new SKPaint { IsAntialias = true, Color = new SKColor(14, 16, 24, (byte)(alpha * Daylight.Clarity(Z))), MaskFilter = SKMaskFilter.CreateBlur(SKBlurStyle.Normal, (float)Math.Max(0.4, 0.05 * camera.Scale(Z))) };
            canvas.DrawPath(foot, paint);
        }
    }

    /// <inheritdoc/>
    public override void Draw(SKCanvas canvas, StreetCamera camera)
    {
        // The side that the camera sees: the one whose outward normal points to it.
        var out1 = Outward(1);
        var side = out1.X * -X + out1.Z * -Z > 0 ? 1 : -1;
        Underbody(canvas, camera, side);
        Wheels(canvas, camera, side);
        Side(canvas, camera, side);
        foreach (var i in Enumerable.Range(0, Shape.Skins.Length).OrderByDescending(Depth)) Strip(canvas, camera, i);

        double Depth(int i) => At((Shape.Points[i].Along + Shape.Points[i + 1].Along) / 2, 0, 0).Z;
    }

    // Metres from the tail, above the road, to the right of the vehicle → world.
    private Point3 At(double along, double up, double right)
    {
        var (sin, cos) = Math.SinCos(Heading * Math.PI / 180);
        var ahead = along - Shape.Length / 2;
        return new Point3(X + ahead * sin + right * cos, up, Z + ahead * cos - right * sin);
    }

    private Point3 Outward(int side)
    {
        var (sin, cos) = Math.SinCos(Heading * Math.PI / 180);
        return new Point3(side * cos, 0, -side * sin);
    }

    private void Fill(SKCanvas canvas, StreetCamera camera, SKColor color, double light, params ReadOnlySpan<Point3> corners)
    {
        using var path = camera.Polygon(corners);
        using var paint = new SKPaint { IsAntialias = true, Color = Daylight.Seen(color, Z, light) };
        canvas.DrawPath(path, paint);
    }

    private void Underbody(SKCanvas canvas, StreetCamera camera, int side)
    {
        var half = Shape.HalfWidth * 0.93;
        foreach (var along in new[] { 0.25, Shape.Length - 0.25 })
            Fill(canvas, camera, Rubber, 0.7, At(along, 0.14, -half), At(along, 0.14, half), At(along, 0.5, half), At(along, 0.5, -half));
        Fill(canvas, camera, Rubber, 0.7, At(0.25, 0.14, side * half), At(Shape.Length - 0.25, 0.14, side * half), At(Shape.Length - 0.25, 0.5, side * half), At(0.25, 0.5, side * half));
    }

    private void Wheels(SKCanvas canvas, StreetCamera camera, int side)
    {
        foreach (var axle in Shape.Wheels)
            foreach (var s in new[] { -side, side })
            {
                // A tyre as two discs and what joins them; the far pair shows only as dark blocks under the body.
                foreach (var inset in new[] { 0.24, 0.12, 0.0 })
                    Disc(canvas, camera, axle, s * (Shape.HalfWidth - inset - 0.01), Shape.Wheel, Rubber);
            }
    }

    private void Disc(SKCanvas canvas, StreetCamera camera, double along, double right, double radius, SKColor color)
    {
        var rim = new Point3[20];
        for (var i = 0; i < rim.Length; i++)
        {
            var (sin, cos) = Math.SinCos(i * 2 * Math.PI / rim.Length);
            rim[i] = At(along + radius * cos, Shape.Wheel + radius * sin, right);
        }
        Fill(canvas, camera, color, 1, rim);
    }

    private void Side(SKCanvas canvas, StreetCamera camera, int side)
    {
        var light = Daylight.On(Outward(side));
        var points = Shape.Points;
        Fill(canvas, camera, Color, light, [.. points.Select(p => At(p.Along, p.Up, side * p.Half))]);
        // A darker sill, a lighter shoulder.
        Fill(canvas, camera, Daylight.Shade(Color, 0.72), light, At(points[0].Along, points[0].Up, side * points[0].Half), At(points[^1].Along, points[^1].Up, side * points[^1].Half), At(Shape.Length, points[0].Up + 0.16, side * Shape.HalfWidth), At(0.02, points[0].Up + 0.16, side * Shape.HalfWidth));
        foreach (var axle in Shape.Wheels)
        {
            Disc(canvas, camera, axle, side * Shape.HalfWidth, Shape.Wheel * 1.14, Daylight.Shade(Color, 0.3));
            Disc(canvas, camera, axle, side * (Shape.HalfWidth + 0.005), Shape.Wheel, Rubber);
            Disc(canvas, camera, axle, side * (Shape.HalfWidth + 0.01), Shape.Wheel * 0.62, new SKColor(158, 160, 164));
            Disc(canvas, camera, axle, side * (Shape.HalfWidth + 0.012), Shape.Wheel * 0.2, new SKColor(70, 72, 76));
        }
        SideWindows(canvas, camera, side, light);
    }

    // The part of the profile above the belt, drawn in a little, cut by pillars.
    private void SideWindows(SKCanvas canvas, StreetCamera camera, int side, double light)
    {
        var above = Shape.Points.Where(p => p.Up > Shape.Belt + 0.04).ToArray();
        if (above.Length < 2) return;
        var (top, belt) = (above.Max(p => p.Up) - 0.1, Shape.Belt + 0.03);
        var (tail, nose) = (Edge(Shape.Points, fromTail: true), Edge(Shape.Points, fromTail: false));
        var vanTail = Shape.Class == "truck" ? 3.3 : 0;
        var panes = Shape.Class switch { "bus" => 7, "truck" => 1, _ => 2 };
        for (var i = 0; i < panes; i++)
        {
            double Along(double share, double up) => Lerp(Math.Max(vanTail, Lerp(tail.Low, tail.High, (up - belt) / (top - belt)) + 0.1), Lerp(nose.Low, nose.High, (up - belt) / (top - belt)) - 0.1, share);
            var (a, b) = ((i + (i == 0 ? 0 : 0.03)) / (double)panes, (i + 1 - (i == panes - 1 ? 0 : 0.03)) / (double)panes);
            Fill(canvas, camera, Daylight.Mix(Window, new SKColor(140, 170, 196), 0.16), Math.Min(1, light),
                At(Along(a, belt), belt, side * HalfAt(belt)), At(Along(b, belt), belt, side * HalfAt(belt)), At(Along(b, top), top, side * HalfAt(top)), At(Along(a, top), top, side * HalfAt(top)));
        }

        (double Low, double High) Edge(ProfilePoint[] points, bool fromTail)
        {
            var ordered = fromTail ? points : [.. points.Reverse()];
            return (AlongAt(ordered, belt), AlongAt(ordered, top));
        }
    }

    // Where the profile, followed from one end, first reaches a height.
    private static double AlongAt(ReadOnlySpan<ProfilePoint> points, double up)
    {
        for (var i = 0; i + 1 < points.Length; i++)
            if (points[i].Up <= up && points[i + 1].Up > up) return Lerp(points[i].Along, points[i + 1].Along, (up - points[i].Up) / (points[i + 1].Up - points[i].Up));
        return points[points.Length / 2].Along;
    }

    private double HalfAt(double up)
    {
        for (var i = 0; i + 1 < Shape.Points.Length; i++)
        {
            var (a, b) = (Shape.Points[i], Shape.Points[i + 1]);
            if (a.Up <= up && b.Up > up) return Lerp(a.Half, b.Half, (up - a.Up) / (b.Up - a.Up)) + 0.006;
        }
        return Shape.HalfWidth;
    }

    private void Strip(SKCanvas canvas, StreetCamera camera, int i)
    {
        var (p, q) = (Shape.Points[i], Shape.Points[i + 1]);
        Point3[] corners = [At(p.Along, p.Up, -p.Half), At(p.Along, p.Up, p.Half), At(q.Along, q.Up, q.Half), At(q.Along, q.Up, -q.Half)];
        var normal = (corners[3] - corners[0]).Cross(corners[1] - corners[0]).Unit();
        var eye = new Point3(0, camera.Eye, 0) - corners[0];
        if (normal.Dot(eye) <= 0) return;
        var light = Daylight.On(normal);
        var color = Shape.Skins[i] switch { Skin.Bumper => Daylight.Mix(Color, new SKColor(46, 47, 50), i is 0 ? 0.85 : 0.25), Skin.Glass => Daylight.Shade(Color, 0.92), _ => Color };
        Fill(canvas, camera, color, light, corners);
        switch (Shape.Skins[i])
        {
            case Skin.Glass:
                Patch(Daylight.Mix(Window, new SKColor(150, 178, 204), Math.Clamp(normal.Y, 0, 1) * 0.3), 0.9, 0.07, 0.93, 0.08, 0.95);
                Patch(Daylight.Mix(Window, new SKColor(208, 222, 232), 0.24), 0.95, 0.09, 0.5, 0.62, 0.92);
                break;
            case Skin.Tail:
                Patch(new SKColor(196, 26, 30), 1.05, 0.02, 0.17, 0.3, 0.92);
                Patch(new SKColor(196, 26, 30), 1.05, 0.83, 0.98, 0.3, 0.92);
                Patch(new SKColor(240, 120, 90), 1.05, 0.04, 0.1, 0.5, 0.75);
                Patch(new SKColor(240, 120, 90), 1.05, 0.9, 0.96, 0.5, 0.75);
                Patch(new SKColor(236, 234, 222), 1, 0.38, 0.62, 0.2, 0.66);
                break;
            case Skin.Nose:
                Patch(new SKColor(244, 244, 232), 1.1, 0.03, 0.2, 0.2, 0.85);
                Patch(new SKColor(244, 244, 232), 1.1, 0.8, 0.97, 0.2, 0.85);
                Patch(new SKColor(40, 41, 44), 1, 0.26, 0.74, 0.3, 0.92);
                break;
        }

        // A rectangle in the strip's own coordinates: across from left to right, along from its first point to its second.
        void Patch(SKColor paint, double shade, double left, double right, double low, double high) => Fill(canvas, camera, paint, shade,
            Inside(left, low), Inside(right, low), Inside(right, high), Inside(left, high));

        Point3 Inside(double across, double up) => corners[0].To(corners[1], across).To(corners[3].To(corners[2], across), up);
    }

    private static double Lerp(double a, double b, double share) => a + (b - a) * share;
}
