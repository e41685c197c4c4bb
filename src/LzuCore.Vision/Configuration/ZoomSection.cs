using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Tasks;
using LzuCore.Warping;

namespace LzuCore.Vision.Configuration;

/// <summary>The section <c>zoom</c>.</summary>
internal static class ZoomSection
{
    /// <summary>Some task's options with these in them.</summary>
    /// <param name="zoom">The section.</param>
    /// <param name="options">The task's own.</param>
    /// <param name="picture">The first picture's size: a box' saliency spreads by its width.</param>
    /// <param name="boxes">Of the training set, in the pictures' pixels; null where there are none.</param>
    /// <param name="mean">The training set's mean saliency, where it is not made of boxes.</param>
    public static T Into<T>(ConfigSection zoom, T options, Size2 picture, Func<Box[]>? boxes, Func<Tensor>? mean = null) where T : ZoomOptions
    {
        CheckSize(zoom);
        var kind = zoom.Text("saliency");
        if (zoom.Has("map") != (kind == "map")) throw zoom.Bad("map", kind == "map" ? "must name the file of the saliency map" : $"goes with saliency \"map\", not with \"{kind}\"");
        return (T)(options with
        {
            Scale = zoom.Has("scale") ? zoom.Number("scale") : 1,
            Size = zoom.Has("size") ? zoom.Size("size") : null,
            Saliency = kind switch
            {
                "map" => Map(zoom),
                "training_set" => new FixedSaliency(boxes is null ? mean!() : TrainingSet(zoom, picture, boxes())),
                "adaptive" => Density(zoom, picture),
                _ => null,
            },
            Warp = new SaliencyToGridOptions { AttractionFwhm = zoom.Number("fwhm"), Separable = zoom.Flag("separable"), AntiCrop = zoom.Flag("anti_crop") },
            Geometry = zoom.Text("geometry") == "reference" ? WarpGeometry.Reference : WarpGeometry.Exact,
        });
    }

    /// <summary>Refuses two sizes.</summary>
    public static void CheckSize(ConfigSection zoom)
    {
        if (zoom.Has("scale") && zoom.Has("size")) throw zoom.Bad("size", "and zoom.scale must not both be there: one of them says the size that the network sees");
    }

    private static KernelDensitySaliency Density(ConfigSection zoom, Size2 picture) =>
        new(zoom.Size("grid"), zoom.Number("amplitude"), zoom.Has("bandwidth") ? zoom.Number("bandwidth") : 64.0 * picture.Width / 1920);

    private static Tensor TrainingSet(ConfigSection zoom, Size2 picture, Box[] boxes) => boxes.Length > 0 ? Density(zoom, picture).Map(Boxes.ToTensor(boxes), picture) : throw zoom.Bad("saliency", "must not be made of the training set's boxes: it has none");

    private static FixedSaliency Map(ConfigSection zoom)
    {
        using var file = Checkpoint.Open(zoom.Existing("map"));
        var entry = file.Tensors.Count == 1 ? file.Tensors[0] : file.Tensors.FirstOrDefault(t => t.Name == "saliency") ?? throw zoom.Bad("map", $"must hold one array, or one named 'saliency', got {file.Tensors.Count} arrays");
        var map = entry.ToTensor().To(DType.Float32);
        while (map.Rank > 2 && map.Shape[0] == 1) map = map.Select(0, 0);
        if (map.Rank != 2) throw zoom.Bad("map", $"must be [h, w] with leading ones at most, got {entry.Shape}");
        return new FixedSaliency(map);
    }
}
