using LzuCore.Vision.Data.Augment;
using LzuCore.Vision.Data.Coco;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Training.Networks;

namespace LzuCore.Vision.Configuration;

/// <summary><c>"task": "detection"</c>: RetinaNet on COCO-style annotations.</summary>
internal static class DetectionKind
{
    public static TaskKind Entry { get; } = new("detection", "retinanet",
    [
        Sections.Model(
            new ChoiceKey("kind", "the network", "retinanet"),
            new WholeKey("depth", "of its ResNet: 18, 34, 50, 101 or 152", 18, 152, 50),
            new WholeKey("classes", "must be as many as the annotations have, when given", 1, 100_000),
            new ChoiceKey("layout", "whose names, anchors and losses", "mmdet", "torchvision"),
            new ChoiceKey("style", "where a bottleneck's stride is", "pytorch", "caffe"),
            new ChoiceKey("box_loss", "how boxes are compared", "l1", "giou")),
        new SectionKey("data", "pictures and boxes",
            new ChoiceKey("kind", "how they lie on the disk", "coco"),
            new TextKey("annotations", "the training set's COCO-style file") { IsRequired = true },
            new TextKey("images", "the folder of its pictures") { IsRequired = true },
            new TextKey("validation_annotations", "the file of what is evaluated on"),
            new TextKey("validation_images", "the folder of its pictures; the training set's when not given")) { IsRequired = true },
        Sections.Zoom(adaptive: true, unwarp: true),
        Sections.Augment(crops: true),
    ], Build);

    private static TrainingRun Build(RunPlan plan)
    {
        ConfigSection data = plan.Data, about = plan.Model, zoom = plan.Zoom;
        var training = CocoDataset.Load(data.Existing("annotations"), data.Existing("images", folder: true), new CocoDatasetOptions { ForTraining = true });
        if (training.Count == 0) throw data.Bad("annotations", "must hold pictures with objects to train on, got none");
        CocoDataset? validation = null;
        if (data.Has("validation_annotations"))
        {
            validation = CocoDataset.Load(data.Existing("validation_annotations"), data.Existing(data.Has("validation_images") ? "validation_images" : "images", folder: true));
            if (validation.Count == 0) throw data.Bad("validation_annotations", "must hold pictures, got none");
            var (ours, theirs) = (training.Categories.Select(c => c.Name).ToList(), validation.Categories.Select(c => c.Name).ToList());
            if (!ours.SequenceEqual(theirs)) throw data.Bad("validation_annotations", $"must have the training set's classes {Names(ours)}, got {Names(theirs)}");
        }
        var classes = training.Categories.Count;
        if (about.Has("classes") && about.Whole("classes") != classes) throw about.Bad("classes", $"must be {classes}, the classes of the annotations ({Names(training.Categories.Select(c => c.Name))}), got {about.Whole("classes")}");

        var layout = about.Text("layout") == "torchvision" ? CheckpointLayout.Torchvision : CheckpointLayout.Mmdet;
        var model = new RetinaNet(new RetinaNetOptions
        {
            Classes = classes,
            Depth = ModelChoice.Depth(about),
            Layout = layout,
            Style = ModelChoice.Style(about),
            Freeze = ModelChoice.Freeze(about),
        });
        ModelChoice.Fill(about, model, model.Backbone, plan.Device);
        var options = ZoomSection.Into(zoom, new DetectorOptions { Unwarp = zoom.Text("unwarp") == "boxes" ? Unwarp.Boxes : Unwarp.Features }, training.SizeOf(0),
            () => [.. training.File.Annotations.Where(a => !a.IsCrowd).Select(a => a.Box.ToBox())]);
        var task = new DetectionTraining(model, options, validation, plan.Seed, plan.Workers)
        {
            BoxLoss = about.Text("box_loss") == "giou" ? BoxLoss.GeneralizedIou : BoxLoss.L1,
        };
        return plan.Over(task, training, PhotometricStyle.Mmdet, sample => new(sample, Imaging.ImageTensor.ToTensor(sample.Image, task.Normalization)));
    }

    // A few names, to see what is meant.
    private static string Names(IEnumerable<string> names) => names.ToList() is var all && all.Count <= 8 ? string.Join(", ", all) : $"{string.Join(", ", all.Take(7))} … {all.Count} in all";
}
