using LzuCore.Memory;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Tasks.Detection3d;

/// <summary>What the six cameras of a moment found, each in its own frame, as nuScenes' results: boxes in the map's frame, duplicates at the seams of the images merged.</summary>
/// <remarks><para>Every box goes to the car's frame and is dropped beyond its class's range there; then all come to the first camera's frame, where suppression of
/// the boxes seen from above, within each class, keeps the best (IoU below 0.05, score above 0.01, at most 500); then to the map's frame with the moment's one ego pose.</para>
/// <para>Difference to mmdetection3d 1.0.0rc6: there, attributes are a list of their own, and the second range filter may drop boxes without dropping attributes, after
/// which the rest are paired wrongly. Here an attribute stays with its box.</para></remarks>
public static class NuScenesExport
{
    private const double MergeIou = 0.05;
    private const float LeastScore = 0.01f;

    /// <summary>A camera box in the map's frame, with its velocity along the ground; null when its middle is farther from the car than its class is scored.</summary>
    /// <param name="box">In the camera's frame.</param>
    /// <param name="label">Its class.</param>
    /// <param name="image">The camera's place and the car's.</param>
    public static (OrientedBox3d Box, Point3d Velocity)? ToGlobal(CameraBox3d box, int label, Mono3dImage image)
    {
        if (!box.IsFinite) return null;
        var inCar = image.CameraToEgo.Apply(box.ToOriented());
        if (!InRange(inCar, label)) return null;
        var velocity = image.EgoToGlobal.Rotation.Rotate(image.CameraToEgo.Rotation.Rotate(new Point3d(box.VelocityX, 0, box.VelocityZ)));
        return (image.EgoToGlobal.Apply(inCar), velocity);
    }

    /// <summary>Merges a moment's detections.</summary>
    /// <param name="images">The moment's images, the first camera first; all of one sample.</param>
    /// <param name="detections">What was found in each image.</param>
    /// <exception cref="ShapeException">There are not as many lists as images, or no image.</exception>
    /// <exception cref="ArgumentValueException">The images are of different moments, or a label is no class.</exception>
    public static NuScenesSampleBoxes Merge(IReadOnlyList<Mono3dImage> images, IReadOnlyList<IReadOnlyList<Detection3d>> detections)
    {
        if (images.Count == 0 || images.Count != detections.Count) throw new ShapeException("nuscenes export", "there must be one list of detections for each of 1 or more images", $"{images.Count} images and {detections.Count} lists");
        foreach (var image in images) Check.That(image.SampleToken == images[0].SampleToken, $"nuscenes export: images must be of one sample, got '{images[0].SampleToken}' and '{image.SampleToken}'.");
        var first = images[0];
        var globalToFirst = (first.EgoToGlobal * first.CameraToEgo).Inverse();
        var all = new List<Detection3d>();
        for (var i = 0; i < images.Count; i++)
            foreach (var one in detections[i])
            {
                Check.That(one.Label >= 0 && one.Label < NuScenesClasses.Names.Count, $"nuscenes export: labels must be 0 to {NuScenesClasses.Names.Count - 1}, got {one.Label}.");
                if (!(one.Score > LeastScore) || ToGlobal(one.Box, one.Label, images[i]) is not { } placed) continue;
                all.Add(one with { Box = CameraBox3d.From(globalToFirst.Apply(placed.Box), globalToFirst.Rotation.Rotate(placed.Velocity)) });
            }

        var kept = new List<Detection3d>();
        foreach (var ofClass in all.GroupBy(d => d.Label).OrderBy(g => g.Key))
        {
            Detection3d[] candidates = [.. ofClass];
            kept.AddRange(RotatedNms.Keep([.. candidates.Select(d => d.Box.FromAbove)], [.. candidates.Select(d => d.Score)], MergeIou).Select(i => candidates[i]));
        }
        var best = kept.Count > NuScenesResults.MostBoxes ? kept.OrderByDescending(d => d.Score).Take(NuScenesResults.MostBoxes) : kept;
        var boxes = new List<NuScenesBox>();
        foreach (var one in best)
            if (ToGlobal(one.Box, one.Label, first) is { } placed)
                boxes.Add(new NuScenesBox(placed.Box, placed.Velocity.X, placed.Velocity.Y, one.Label, one.Score, NuScenesClasses.AttributeFor(one.Label, one.Attribute)));
        return new NuScenesSampleBoxes(first.SampleToken, boxes);
    }

    private static bool InRange(OrientedBox3d inCar, int label) => Math.Sqrt(inCar.Center.X * inCar.Center.X + inCar.Center.Y * inCar.Center.Y) <= NuScenesClasses.Range(label);
}
