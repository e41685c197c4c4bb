using LzuCore.Vision.Data.Augment;

namespace LzuCore.Vision.Configuration;

/// <summary>The section <c>augment</c>.</summary>
internal static class AugmentSection
{
    /// <summary>The changes asked for, in the section's order.</summary>
    /// <param name="augment">The section.</param>
    /// <param name="style">Whose photometric distortion.</param>
    public static IAugment<TSample> Of<TSample>(ConfigSection augment, PhotometricStyle style)
    {
        var steps = new List<IAugment<TSample>>();
        if (augment.Has("rescale"))
        {
            var ratio = augment.Has("ratio") ? augment.List<double>("ratio") : [1, 1];
            if (ratio[1] < ratio[0]) throw augment.Bad("ratio", $"must rise, got [{ratio[0]}, {ratio[1]}]");
            steps.Add((IAugment<TSample>)(object)new Rescale(augment.List<Memory.Size2>("rescale")) { KeepRatio = augment.Flag("keep_ratio"), Ratio = (ratio[0], ratio[1]) });
        }
        else if (augment.Has("ratio")) throw augment.Bad("ratio", "needs the sizes that it multiplies: rescale");
        if (augment.Has("crop")) steps.Add((IAugment<TSample>)(object)new RandomCrop(augment.Size("crop"), augment.Number("max_share")));
        if (augment.Number("flip") > 0) steps.Add((IAugment<TSample>)(object)new RandomFlip(augment.Number("flip")));
        if (augment.Flag("photometric")) steps.Add((IAugment<TSample>)(object)new PhotometricDistortion(style));
        return new Pipeline<TSample>(steps);
    }
}
