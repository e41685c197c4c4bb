using LzuCore.Memory;
using SkiaSharp;

namespace LzuCore.Vision.Imaging;

/// <summary>Boxes, lines, words and meshes on a picture. Use <see cref="On"/>, which gives a new picture: <c>Drawing.On(image, d => d.Box(...))</c>.</summary>
/// <remarks>Coordinates are pixels with (0, 0) at the outer corner of the first pixel, as boxes have them. Words are set in the embedded Inter Medium,
/// because a machine without fonts must draw the same picture.</remarks>
public sealed class Drawing
{
    private static readonly Lazy<SKTypeface> Typeface = new(LoadTypeface);
    private readonly SKCanvas _canvas;

    private Drawing(SKCanvas canvas, Size2 size)
    {
        _canvas = canvas;
        Size = size;
        Unit = Math.Clamp(Math.Min(size.Height, size.Width) / 400f, 1, 8);
    }

    /// <summary>Height and width of the picture.</summary>
    public Size2 Size { get; }

    /// <summary>A width that looks thin but clear on this picture: 1 pixel up to 400 pixels a side, more on larger ones.</summary>
    public float Unit { get; }

    /// <summary>The height of words that read well on this picture.</summary>
    public float TextSize => 11 * Unit + 1;

    /// <summary>A copy of a picture with something drawn on it.</summary>
    public static Image On(Image image, Action<Drawing> draw)
    {
        using var bitmap = ImageCodec.ToBitmap(image);
        using var canvas = new SKCanvas(bitmap);
        draw(new Drawing(canvas, image.Size));
        canvas.Flush();
        return ImageCodec.FromBitmap(bitmap);
    }

    /// <summary>A line.</summary>
    public void Line(float x1, float y1, float x2, float y2, Rgb color, float width = 1)
    {
        using var paint = Stroke(color, width);
        _canvas.DrawLine(x1, y1, x2, y2, paint);
    }

    /// <summary>A line through points.</summary>
    public void Polyline(ReadOnlySpan<(float X, float Y)> points, Rgb color, float width = 1)
    {
        if (points.Length < 2) return;
        using var path = new SKPathBuilder();
        path.MoveTo(points[0].X, points[0].Y);
        foreach (var (x, y) in points[1..]) path.LineTo(x, y);
        using var paint = Stroke(color, width);
        using var line = path.Detach();
        _canvas.DrawPath(line, paint);
    }

    /// <summary>A filled rectangle; <paramref name="opacity"/> 1 hides what is below.</summary>
    public void Fill(float x1, float y1, float x2, float y2, Rgb color, double opacity = 1)
    {
        using var paint = new SKPaint { Color = Of(color).WithAlpha((byte)(255 * Math.Clamp(opacity, 0, 1))), Style = SKPaintStyle.Fill };
        _canvas.DrawRect(SKRect.Create(x1, y1, x2 - x1, y2 - y1), paint);
    }

    /// <summary>A box, with words on its top edge if given; the words are moved to stay inside the picture.</summary>
    public void Box(float x1, float y1, float x2, float y2, Rgb color, string? label = null, float width = 0)
    {
        var line = width > 0 ? width : 1.5f * Unit;
        using (var paint = Stroke(color, line)) _canvas.DrawRect(SKRect.Create(x1, y1, x2 - x1, y2 - y1), paint);
        if (string.IsNullOrEmpty(label)) return;
        var (w, h) = Measure(label, TextSize);
        var left = Math.Clamp(x1 - line / 2, 0, Math.Max(0, Size.Width - w));
        var top = y1 - h >= 0 ? y1 - h : Math.Min(y1, Size.Height - h);
        Label(label, left, top, color);
    }

    /// <summary>Words on a plate of colour, from their top left corner.</summary>
    public void Label(string text, float left, float top, Rgb plate, float size = 0)
    {
        if (size <= 0) size = TextSize;
        var (w, h) = Measure(text, size);
        Fill(left, top, left + w, top + h, plate, 0.9);
        Text(text, left + size * 0.3f, top + size * 0.2f, plate.Ink, size);
    }

    /// <summary>Words, from their top left corner.</summary>
    public void Text(string text, float left, float top, Rgb color, float size = 0)
    {
        using var font = Font(size > 0 ? size : TextSize);
        using var paint = new SKPaint { Color = Of(color), IsAntialias = true };
        _canvas.DrawText(text, left, top - font.Metrics.Ascent, SKTextAlign.Left, font, paint);
    }

    /// <summary>Colours and what they mean, in the top left corner.</summary>
    public void Legend(IReadOnlyList<(Rgb Color, string Text)> entries)
    {
        if (entries.Count == 0) return;
        float size = TextSize, step = size * 1.5f, margin = size * 0.5f;
        var width = entries.Max(e => Measure(e.Text, size).Width) + step + margin;
        Fill(margin, margin, margin + width, 2 * margin + step * entries.Count, Rgb.Black, 0.6);
        for (var i = 0; i < entries.Count; i++)
        {
            var top = 1.5f * margin + i * step;
            Fill(1.5f * margin, top + 0.1f * size, 1.5f * margin + size, top + 1.1f * size, entries[i].Color);
            Text(entries[i].Text, 2 * margin + size, top, Rgb.White, size);
        }
    }

    /// <summary>A strip of colours along the bottom with the numbers at its ends.</summary>
    public void ColorBar(Colormap colors, string low, string high)
    {
        float size = TextSize, height = size * 0.8f, top = Size.Height - height;
        for (var x = 0; x < Size.Width; x++) Fill(x, top, x + 1, Size.Height, colors.At(x / (double)Math.Max(1, Size.Width - 1)));
        var (lowWidth, labelHeight) = Measure(low, size);
        Label(low, 0, top - labelHeight, Rgb.Black);
        var (highWidth, _) = Measure(high, size);
        Label(high, Math.Max(lowWidth, Size.Width - highWidth), top - labelHeight, Rgb.Black);
    }

    /// <summary>A mesh of h×w points, row-major: every row and every column as a line.</summary>
    /// <exception cref="ShapeException">The number of points is not h·w.</exception>
    public void Mesh(ReadOnlySpan<(float X, float Y)> points, Size2 nodes, Rgb color, float width = 0)
    {
        if (points.Length != nodes.Height * nodes.Width) throw new ShapeException("mesh", $"{nodes} nodes need {nodes.Height * nodes.Width} points", $"{points.Length}");
        var line = width > 0 ? width : Unit;
        var column = new (float X, float Y)[nodes.Height];
        for (var i = 0; i < nodes.Height; i++) Polyline(points.Slice(i * nodes.Width, nodes.Width), color, line);
        for (var j = 0; j < nodes.Width; j++)
        {
            for (var i = 0; i < nodes.Height; i++) column[i] = points[i * nodes.Width + j];
            Polyline(column, color, line);
        }
    }

    /// <summary>Width and height of words with their plate.</summary>
    public (float Width, float Height) Measure(string text, float size)
    {
        using var font = Font(size);
        return (font.MeasureText(text) + size * 0.6f, size * 1.45f);
    }

    private static SKFont Font(float size) => new(Typeface.Value, size) { Subpixel = true, Hinting = SKFontHinting.None };

    private static SKPaint Stroke(Rgb color, float width) =>
        new() { Color = Of(color), Style = SKPaintStyle.Stroke, StrokeWidth = width, IsAntialias = true, StrokeJoin = SKStrokeJoin.Miter };

    private static SKColor Of(Rgb color) => new(color.R, color.G, color.B);

    private static SKTypeface LoadTypeface()
    {
        using var stream = typeof(Drawing).Assembly.GetManifestResourceStream("Inter-Medium.otf")!;
        using var data = SKData.Create(stream);
        return SKTypeface.FromData(data) ?? throw new LzuException("drawing: the embedded font cannot be read; rebuild LzuCore.Vision.");
    }
}
