using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;

namespace LzuCore.Cli.Inputs;

/// <summary>All boxes of a training set at once, whichever kind of file they are in.</summary>
/// <param name="Boxes">In pixels of their images.</param>
/// <param name="Image">The largest height and width that the file names; null when it names none.</param>
internal sealed record AnnotatedBoxes(Box[] Boxes, Size2? Image)
{
    /// <summary>Reads COCO annotations, a list of boxes, <c>x1,y1,x2,y2</c> lines, or a mono-3D file of nuScenes, which is told by its cameras.</summary>
    /// <exception cref="FileFormatException">The file is missing, or its boxes cannot be understood.</exception>
    public static AnnotatedBoxes Read(string path)
    {
        if (Path.GetExtension(path).ToLowerInvariant() != ".json") return new AnnotatedBoxes([.. new BoxesFile(path).All], null);
        return IsMono3d(path) ? Mono3d(path) : new AnnotatedBoxes([.. new BoxesFile(path).All], SizeIn(path));
    }

    private static AnnotatedBoxes Mono3d(string path)
    {
        var file = Mono3dAnnotations.Load(path);
        Box[] boxes = [.. file.Annotations.Select(a => new Box((float)a.Box.X, (float)a.Box.Y, (float)(a.Box.X + a.Box.Width), (float)(a.Box.Y + a.Box.Height)))];
        return new AnnotatedBoxes(boxes, file.Images.Count == 0 ? null : new Size2(file.Images.Max(i => i.Height), file.Images.Max(i => i.Width)));
    }

    // Only such files have cameras and boxes in space; which of the two comes first differs.
    private static bool IsMono3d(string path)
    {
        Span<byte> start = stackalloc byte[1 << 14];
        try
        {
            using var file = File.OpenRead(path);
            start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
            return start.IndexOf("\"cam_intrinsic\""u8) >= 0 || start.IndexOf("\"bbox_cam3d\""u8) >= 0;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static Size2? SizeIn(string path)
    {
        using var json = LenientJson.Read("saliency", path);
        if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("images", out var images)) return null;
        var (height, width) = (0, 0);
        foreach (var image in images.EnumerateArray())
            if (image.TryGetProperty("height", out var h) && image.TryGetProperty("width", out var w) && h.ValueKind == JsonValueKind.Number && w.ValueKind == JsonValueKind.Number && h.TryGetInt32(out var rows) && w.TryGetInt32(out var columns))
                (height, width) = (Math.Max(height, rows), Math.Max(width, columns));
        return height > 0 && width > 0 ? new Size2(height, width) : null;
    }
}
