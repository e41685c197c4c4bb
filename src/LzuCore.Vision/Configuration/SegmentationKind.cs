using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Augment;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Segmentation;
using LzuCore.Vision.Training.Networks;

namespace LzuCore.Vision.Configuration;

/// <summary><c>"task": "segmentation"</c>: PSPNet on Cityscapes' folders.</summary>
internal static class SegmentationKind
{
    public static TaskKind Entry { get; } = new("segmentation", "pspnet",
    [
        Sections.Model(
            new ChoiceKey("kind", "the network", "pspnet"),
            new WholeKey("depth", "of its ResNet: 18, 34, 50, 101 or 152", 18, 152, 50),
            new WholeKey("classes", "train ids that are told apart", 1, 255, 19),
            new WholeKey("channels", "of the head; the form's own when not given", 1, 8192),
            new ChoiceKey("form", "the backbone: dilated to an eighth, or a pyramid at a quarter", "dilated", "pyramid")),
        new SectionKey("data", "pictures and label maps",
            new ChoiceKey("kind", "how they lie on the disk", "cityscapes"),
            new TextKey("root", "the folder that holds leftImg8bit and gtFine") { IsRequired = true },
            new TextKey("split", "what is trained on", "train"),
            new TextKey("validation_split", "what is evaluated on")) { IsRequired = true },
        Sections.Zoom(adaptive: false, unwarp: false),
        Sections.Augment(crops: true),
    ], Build);

    private static TrainingRun Build(RunPlan plan)
    {
        ConfigSection data = plan.Data, about = plan.Model;
        var folder = data.Existing("root", folder: true);
        var training = new CityscapesDataset(folder, data.Text("split"));
        var validation = data.Has("validation_split") ? new CityscapesDataset(folder, data.Text("validation_split")) : null;
        var model = new PspNet(new PspNetOptions
        {
            Classes = about.Whole("classes"),
            Depth = ModelChoice.Depth(about),
            Form = about.Text("form") == "pyramid" ? PspNetForm.Pyramid : PspNetForm.Dilated,
            Channels = about.Has("channels") ? about.Whole("channels") : null,
            Freeze = ModelChoice.Freeze(about),
        });
        ModelChoice.Fill(about, model, model.Backbone, plan.Device);
        var options = ZoomSection.Into(plan.Zoom, new SegmenterOptions(), training.SizeOf(0), boxes: null, () => Boundaries(training, plan.Zoom.Size("grid")));
        var task = new SegmentationTraining(model, options, validation, plan.Workers);
        var limit = about.Whole("classes");
        return plan.Over(task, training, PhotometricStyle.Mmseg, sample => new(Checked(sample, limit), sample.Image.ToTensor(task.Normalization)));
    }

    // A label that is no class is said with its file, not found by the loss.
    private static SegmentationSample Checked(SegmentationSample sample, int classes)
    {
        foreach (var label in sample.Labels.Labels)
            if (label >= classes && label != LabelMaps.Ignore) throw new FileFormatException($"load {sample.File}: its labels must be 0 to {classes - 1} or {LabelMaps.Ignore}, got {label}. Set model.classes to what the labels are of.");
        return sample;
    }

    private static Tensors.Tensor Boundaries(CityscapesDataset data, Size2 grid)
    {
        var saliency = new BoundarySaliency(grid);
        var reader = new Data.Loading.PictureReader();
        for (var i = 0; i < data.Count; i++) saliency.Add(data.Load(i, reader).Labels);
        return saliency.Map();
    }
}
