using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Data.NuScenes;

/// <summary>Tells files of mmdetection3d 1.0 from older ones, which have the same members with other meanings: sizes as width, length, height, and the yaw with the other sign.</summary>
/// <remarks>Nothing in a file says its version, but every box is there twice: in space, and as the rectangle that its projection fills. The meaning under which the two agree is the file's.</remarks>
internal static class Mono3dConvention
{
    // Enough to be sure, few enough to cost nothing.
    private const int Asked = 200;

    /// <summary>The annotations with their boxes as version 1.0 means them.</summary>
    public static List<Mono3dAnnotation> Current(IReadOnlyList<Mono3dImage> images, List<Mono3dAnnotation> annotations)
    {
        var byId = new Dictionary<string, Mono3dImage>();
        foreach (var image in images) byId.TryAdd(image.Id, image);
        var (current, old) = (0.0, 0.0);
        foreach (var one in annotations.Take(Asked))
        {
            if (!byId.TryGetValue(one.ImageId, out var image)) continue;
            current += Agreement(one.Box3d, one.Box, image);
            old += Agreement(FromOld(one.Box3d), one.Box, image);
        }
        return old > current ? [.. annotations.Select(a => a with { Box3d = FromOld(a.Box3d) })] : annotations;
    }

    private static CameraBox3d FromOld(CameraBox3d box) => box with { Length = box.Height, Height = box.Width, Width = box.Length, Yaw = -box.Yaw };

    // IoU of the projection's bounds with the rectangle that the file gives.
    private static double Agreement(CameraBox3d box, CocoBox stated, Mono3dImage image)
    {
        var seen = ConvexHull.Of(box.Corners().Where(c => c.Z > 0).Select(image.Camera.Project));
        if (ConvexHull.BoundsWithin(seen, image.Width, image.Height) is not { } bounds) return 0;
        var width = Math.Min(bounds.X + bounds.Width, stated.X + stated.Width) - Math.Max(bounds.X, stated.X);
        var height = Math.Min(bounds.Y + bounds.Height, stated.Y + stated.Height) - Math.Max(bounds.Y, stated.Y);
        if (!(width > 0) || !(height > 0)) return 0;
        return width * height / (bounds.Width * bounds.Height + stated.Width * stated.Height - width * height);
    }
}
