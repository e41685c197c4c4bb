using LzuCore.Vision.Data.Augment;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Detection3d;
using LzuCore.Vision.Training.Networks;

namespace LzuCore.Vision.Configuration;

/// <summary><c>"task": "detection3d"</c>: FCOS3D on mono-3D annotations of nuScenes.</summary>
internal static class Detection3dKind
{
    public static TaskKind Entry { get; } = new("detection3d", "fcos3d",
    [
        Sections.Model(
            new ChoiceKey("kind", "the network", "fcos3d"),
            new WholeKey("depth", "of its ResNet: 18, 34, 50, 101 or 152", 18, 152, 50),
            new ChoiceKey("style", "where a bottleneck's stride is", "caffe", "pytorch")),
        new SectionKey("data", "pictures and boxes in space",
            new ChoiceKey("kind", "how they lie on the disk", "mono3d"),
            new TextKey("annotations", "the training set's *_mono3d.coco.json") { IsRequired = true },
            new TextKey("root", "the data set's folder, which holds samples") { IsRequired = true },
            new TextKey("validation_annotations", "the file of what is evaluated on"),
            new TextKey("validation_version", "of the tables that the metric needs, such as v1.0-trainval")) { IsRequired = true },
        Sections.Zoom(adaptive: false, unwarp: false),
        Sections.Augment(crops: false),
    ], Build);

    private static TrainingRun Build(RunPlan plan)
    {
        ConfigSection data = plan.Data, about = plan.Model;
        var folder = data.Existing("root", folder: true);
        var file = Mono3dAnnotations.Load(data.Existing("annotations"));
        var training = new Mono3dDataset(file, folder, new Mono3dDatasetOptions { ForTraining = true });
        if (training.Count == 0) throw data.Bad("annotations", "must hold pictures with objects to train on, got none");
        Detection3dValidation? validation = null;
        if (data.Has("validation_annotations"))
        {
            if (!data.Has("validation_version")) throw data.Bad("validation_version", "must say which tables the metric reads, such as v1.0-trainval");
            var pictures = Mono3dDataset.Load(data.Existing("validation_annotations"), folder);
            if (pictures.Count == 0) throw data.Bad("validation_annotations", "must hold pictures, got none");
            var database = NuScenesDatabase.Load(folder, data.Text("validation_version"));
            var seen = Enumerable.Range(0, pictures.Count).Select(i => pictures.ImageOf(i).SampleToken).ToHashSet();
            validation = new Detection3dValidation(pictures, database, [.. database.Samples.Where(s => seen.Contains(s.Token))]);
            if (validation.Samples.Count < seen.Count) throw data.Bad("validation_version", $"must name tables that hold all {seen.Count} moments of the annotations, got {validation.Samples.Count} of them");
        }
        var model = new Fcos3d(new Fcos3dOptions { Classes = NuScenesClasses.Names.Count, Depth = ModelChoice.Depth(about), Style = ModelChoice.Style(about), Freeze = ModelChoice.Freeze(about) });
        ModelChoice.Fill(about, model, model.Backbone, plan.Device);
        var options = ZoomSection.Into(plan.Zoom, new Detector3dOptions(), training.SizeOf(0), () => [.. file.Annotations.Select(a => a.Box.ToBox())]);
        var task = new Detection3dTraining(model, options, validation, plan.Workers);
        return plan.Over(task, training, PhotometricStyle.Mmdet, sample => new(sample, sample.Image.ToTensor(task.Normalization)));
    }
}
