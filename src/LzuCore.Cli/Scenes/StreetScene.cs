using LzuCore.Memory;
using LzuCore.Vision.Imaging;
using SkiaSharp;

namespace LzuCore.Cli.Scenes;

/// <summary>Where an object is in the picture.</summary>
/// <param name="Class">car, truck, bus, person or traffic_light.</param>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Right">Behind the last column.</param>
/// <param name="Bottom">Behind the last row.</param>
/// <param name="Metres">How far ahead it is.</param>
internal readonly record struct SceneBox(string Class, double Left, double Top, double Right, double Bottom, double Metres)
{
    /// <summary>In pixels.</summary>
    public double Width => Right - Left;

    /// <summary>In pixels.</summary>
    public double Height => Bottom - Top;
}

/// <summary>A street picture made from a seed, with the true box of everything that can be seen in it. The same seed gives the same street everywhere.</summary>
internal sealed class StreetScene
{
    private readonly StreetCamera _camera;
    private readonly string _stream;
    private readonly List<StreetObject> _objects;

    /// <summary>Lays the street out; nothing is drawn yet.</summary>
    public StreetScene(ulong seed, int width = 1920, int height = 1200)
    {
        _camera = new StreetCamera(width, height);
        _stream = $"street/{seed}";
        _objects = [.. Traffic(new Dice(_stream + "/traffic")), .. Furniture(new Dice(_stream + "/furniture"))];
        _objects.Sort((a, b) => b.Depth.CompareTo(a.Depth));
    }

    /// <summary>The boxes of what is labelled, not hidden for more than two thirds, and at least 3 pixels high; nearest first.</summary>
    public IReadOnlyList<SceneBox> Boxes
    {
        get
        {
            var boxes = new List<SceneBox>();
            foreach (var thing in Enumerable.Reverse(_objects))
            {
                if (thing.Class is not { } label) continue;
                var outline = thing.Outline.Where(p => p.Z > 0.5).Select(_camera.Project).ToList();
                if (outline.Count == 0) continue;
                var box = new SceneBox(label, Math.Max(0, outline.Min(p => p.X)), Math.Max(0, outline.Min(p => p.Y)),
                    Math.Min(_camera.Width, outline.Max(p => p.X)), Math.Min(_camera.Height, outline.Max(p => p.Y)), thing.Depth);
                if (box.Width >= 2 && box.Height >= 3 && Hidden(box, boxes) < 0.67) boxes.Add(box);
            }
            return boxes;
        }
    }

    /// <summary>Draws the street.</summary>
    public Image Draw()
    {
        using var bitmap = new SKBitmap(new SKImageInfo(_camera.Width, _camera.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using var canvas = new SKCanvas(bitmap);
        var ground = new StreetGround(canvas, _camera, new Dice(_stream + "/ground"));
        ground.Sky();
        ground.Ground();
        var houses = new StreetHouses(canvas, _camera, new Dice(_stream + "/houses"));
        houses.DrawShadows(ground.ShadeUnder);
        foreach (var thing in _objects) thing.DrawShadow(canvas, _camera);
        houses.Draw();
        foreach (var thing in _objects) thing.Draw(canvas, _camera);
        Glow(canvas);
        canvas.Flush();
        var image = new Image(new Size2(_camera.Height, _camera.Width));
        var pixels = bitmap.GetPixelSpan();
        for (var y = 0; y < image.Height; y++)
        {
            var from = pixels.Slice(y * bitmap.RowBytes, 4 * image.Width);
            var to = image.Row(y);
            for (var x = 0; x < image.Width; x++) from.Slice(4 * x, 3).CopyTo(to[(3 * x)..]);
        }
        return image;
    }

    // Share of a box that nearer boxes cover, on a grid of points.
    private static double Hidden(SceneBox box, List<SceneBox> nearer)
    {
        const int points = 12;
        var hidden = 0;
        for (var i = 0; i < points * points; i++)
        {
            var (x, y) = (box.Left + (i % points + 0.5) / points * box.Width, box.Top + (i / points + 0.5) / points * box.Height);
            if (nearer.Any(n => x > n.Left && x < n.Right && y > n.Top && y < n.Bottom)) hidden++;
        }
        return hidden / (double)(points * points);
    }

    private static IEnumerable<StreetObject> Traffic(Dice dice)
    {
        SKColor Paint() => dice.Pick<SKColor>(new(196, 42, 38), new(44, 74, 128), new(226, 226, 222), new(54, 56, 60), new(146, 150, 154), new(30, 92, 92), new(214, 168, 62), new(108, 42, 52), new(236, 236, 236), new(92, 108, 126));
        VehicleShape Car() => dice.Pick(VehicleShape.Sedan, VehicleShape.Sedan, VehicleShape.Hatchback, VehicleShape.Hatchback, VehicleShape.Suv, VehicleShape.Suv, VehicleShape.Van);
        // The own lane: a gap, then traffic getting denser towards the crossing and beyond it.
        foreach (var z in new[] { 27.0, 46, 88, 101, 118, 139, 163, 196 }) yield return new Vehicle(Car(), Paint(), dice.Between(-0.25, 0.25), z + dice.Between(-1.5, 1.5), 0);
        // Oncoming, with a bus.
        yield return new Vehicle(VehicleShape.Bus, new SKColor(222, 92, 44), -3.75, 55, 180);
        foreach (var z in new[] { 22.0, 37, 84, 97, 112, 131, 150, 176, 210 }) yield return new Vehicle(Car(), Paint(), -3.7 + dice.Between(-0.2, 0.2), z + dice.Between(-1.5, 1.5), 180);
        // Parked on both sides, with gaps.
        for (var z = 8.0; z < 190; z += dice.Between(6.2, 8.2))
            if (z is < StreetGround.CrossingNear - 9 or > StreetGround.CrossingFar + 9 && dice.Chance(0.7)) yield return new Vehicle(Car(), Paint(), StreetGround.Right - 1.15, z, 0);
        for (var z = 10.5; z < 190; z += dice.Between(6.2, 8.4))
            if (z is < StreetGround.CrossingNear - 9 or > StreetGround.CrossingFar + 9 && dice.Chance(0.75)) yield return new Vehicle(Car(), Paint(), StreetGround.Left + 1.1, z, 180);
        // Across.
        yield return new Vehicle(VehicleShape.Hatchback, Paint(), 9.5, 67.5, 270);
        yield return new Vehicle(VehicleShape.Van, new SKColor(238, 238, 234), -11, 73.5, 90);
        // On foot: over the crossings, and along both pavements.
        foreach (var x in new[] { -5.2, -4.4, -0.6, 2.5, 3.3 }) yield return Pedestrian.Any(dice, x + dice.Between(-0.2, 0.2), StreetGround.CrossingNear - 3.4 + dice.Between(-1, 1), sideways: true);
        foreach (var x in new[] { -2.4, 1.4, 2.0 }) yield return Pedestrian.Any(dice, x, StreetGround.CrossingFar + 3 + dice.Between(-1, 1), sideways: true);
        for (var i = 0; i < 12; i++) yield return Pedestrian.Any(dice, StreetGround.Right + dice.Between(1.2, 3.9), 11 + 150 * Math.Pow(dice.Between(0, 1), 1.6), sideways: dice.Chance(0.2));
        for (var i = 0; i < 12; i++) yield return Pedestrian.Any(dice, StreetGround.Left - dice.Between(1.2, 3.9), 14 + 150 * Math.Pow(dice.Between(0, 1), 1.6), sideways: dice.Chance(0.2));
    }

    private IEnumerable<StreetObject> Furniture(Dice dice)
    {
        var count = 0;
        foreach (var (x, first) in new[] { (StreetGround.Left - 0.75, 20.0), (StreetGround.Right + 0.75, 16.0) })
        {
            for (var z = first; z < 230; z += dice.Between(12, 17))
                if (z is < StreetGround.CrossingNear - 5 or > StreetGround.CrossingFar + 5) yield return new Tree(x, z, dice.Between(5.4, 7.6), $"{_stream}/tree/{count++}");
            for (var z = first + 7; z < 230; z += 30)
                if (z is < StreetGround.CrossingNear - 3 or > StreetGround.CrossingFar + 3) yield return new Lamp(x, z);
        }
        yield return new Signal(StreetGround.Right + 0.6, StreetGround.CrossingNear - 6, 2, 3.6);
        yield return new Signal(StreetGround.Left - 0.6, StreetGround.CrossingNear - 6, 2, 0);
        yield return new Signal(StreetGround.Right + 0.6, StreetGround.CrossingFar + 5.5, 2, 3.6);
        yield return new Signal(StreetGround.Left - 0.6, StreetGround.CrossingFar + 5.5, 2, 0);
    }

    // The warm light of the hour over everything, and a lens that darkens its corners a little.
    private void Glow(SKCanvas canvas)
    {
        using var paint = new SKPaint();
        paint.Shader = SKShader.CreateRadialGradient(new SKPoint(_camera.Width * 0.5f, (float)_camera.Horizon), _camera.Width * 0.34f,
            [new SKColor(255, 236, 200, 52), new SKColor(255, 236, 200, 0)], [0, 1], SKShaderTileMode.Clamp);
        canvas.DrawRect(0, 0, _camera.Width, _camera.Height, paint);
        paint.Shader = SKShader.CreateRadialGradient(new SKPoint(_camera.Width * 0.5f, _camera.Height * 0.5f), _camera.Width * 0.64f,
            [new SKColor(0, 0, 0, 0), new SKColor(0, 0, 0, 0), new SKColor(10, 14, 24, 84)], [0, 0.62f, 1], SKShaderTileMode.Clamp);
        canvas.DrawRect(0, 0, _camera.Width, _camera.Height, paint);
    }
}
