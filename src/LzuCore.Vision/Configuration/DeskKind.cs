using LzuCore.Memory;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Scenes;
using LzuCore.Vision.Training;
using LzuCore.Warping;

namespace LzuCore.Vision.Configuration;

/// <summary><c>"model": {"kind": "desk"}</c>: the small networks of the experiments on procedural scenes, for each task. Methods, losses, augmentation and scores are the experiments'.</summary>
internal static class DeskKind
{
    private const double UsualScale = 0.25;

    // One cell of the coarsest level.
    private const int LeastInput = 16;

    public static TaskKind Detection { get; } = Entry(DeskTask.Detection, plan =>
    {
        var (scenes, sampling) = Shown(plan, DeskTask.Detection);
        // An adaptive zoom looks where the frame before had objects.
        var frames = sampling.NeedsBoxes ? DeskScenes.Frames : 1;
        if (plan.HasValidation && plan.Data.Whole("validation") % frames != 0) throw plan.Data.Bad("validation", $"must be a multiple of {frames}, as an adaptive zoom is evaluated on drives of {frames} frames, got {plan.Data.Whole("validation")}");
        var previous = new PreviousFrame(scenes.Picture) { Cascades = plan.Zoom.Text("saliency") == "adaptive" && plan.Zoom.Flag("cascade"), Seed = plan.Seed };
        var experiment = new DetectionExperiment(SceneClasses.Objects, sampling, frames > 1 ? scenes.Sequences : scenes.Detection.Test, previous) { Frames = frames };
        return Run(plan, experiment, experiment.Loader(scenes.Detection.Training, plan.Batches));
    });

    public static TaskKind Segmentation { get; } = Entry(DeskTask.Segmentation, plan =>
    {
        var (scenes, sampling) = Shown(plan, DeskTask.Segmentation);
        var experiment = new SegmentationExperiment(SceneClasses.Labels, scenes.ClassWeights, sampling, scenes.Segmentation.Test);
        return Run(plan, experiment, experiment.Loader(scenes.Segmentation.Training, plan.Batches));
    });

    public static TaskKind Detection3d { get; } = Entry(DeskTask.Detection3d, plan =>
    {
        var (scenes, sampling) = Shown(plan, DeskTask.Detection3d);
        var experiment = new Mono3dExperiment(SceneSpace.Classes, sampling, scenes.Detection3d.Test);
        return Run(plan, experiment, experiment.Loader(scenes.Detection3d.Training, plan.Batches));
    });

    private static TaskKind Entry(DeskTask task, Func<RunPlan, TrainingRun> build) => new(Trial.Word(task), "desk",
    [
        new SectionKey("model", "the network",
            new ChoiceKey("kind", "the network", "desk") { IsRequired = true },
            new TextKey("weights", "where it begins: weights of the same network, or random:SEED; when not given, random weights of the configuration's seed")) { IsRequired = true },
        new SectionKey("data", "streets, drawn when they are asked for",
            new ChoiceKey("kind", "where pictures come from", "scenes"),
            new WholeKey("training", "pictures to train on", 1, 1_000_000, 1400),
            new WholeKey("validation", "other pictures, to evaluate on", 1, 1_000_000),
            new FlagKey("moving", "the horizon goes up and down and roads bend", false),
            new SizeKey("size", "of the pictures", new Size2(320, 512), SceneOptions.LeastSide, SceneOptions.MostSide)),
        new SectionKey("zoom", "how pictures come to the size that the network sees",
        [
            new NumberKey("scale", "the share of the picture's size, both sides; or size; 0.25 when neither is given", 0, 4, Above: true),
            new SizeKey("size", "the size that the network sees; or scale"),
            new ChoiceKey("saliency", task == DeskTask.Segmentation ? "where to zoom in; lds and es are networks that look at each picture" : "where to zoom in", ["none", "training_set", .. Looking(task)]),
            new ChoiceKey("resize", "of saliency none: by the sampler of the zooms, or averaging what is passed over", "bilinear", "averaged"),
            new NumberKey("fwhm", "width of the attraction in grid cells; the experiments' when not given", 0.01, 1000),
            .. task == DeskTask.Detection ? new ConfigKey[]
            {
                new ChoiceKey("unwarp", "of saliency training_set, what comes back from the zoomed picture: features (LZU) or boxes (FOVEA)", "features", "boxes"),
                new FlagKey("cascade", "of saliency adaptive: in the last third of the steps the network's own boxes take the place of the truth's", true),
            } : [],
        ]),
    ], build);

    // Zooms that are each picture's own.
    private static string[] Looking(DeskTask task) => task switch { DeskTask.Detection => ["adaptive", "learned"], DeskTask.Segmentation => ["lds", "es"], _ => [] };

    private static TrainingRun Run<TItem>(RunPlan plan, TrainingTask<TItem> experiment, DataLoader<TItem, TItem> loader)
    {
        experiment.Model.Reset(plan.Seed);
        ModelChoice.Fill(plan.Model, experiment.Model, null, plan.Device);
        return TrainingRun.Of(plan, experiment, loader);
    }

    // The streets, and how they are shown. Nothing is drawn before everything is checked.
    private static (DeskScenes Scenes, Sampling Sampling) Shown(RunPlan plan, DeskTask task)
    {
        ConfigSection data = plan.Data, zoom = plan.Zoom;
        if (plan.Device != Device.Cpu) throw plan.Model.Bad("kind", $"\"desk\" trains on the CPU, got {plan.Device}; name another with --device");
        ZoomSection.CheckSize(zoom);
        var (picture, method) = (data.Size("size"), MethodOf(plan));
        var input = zoom.Has("size") ? zoom.Size("size") : new Trial(task, method) { Scale = zoom.Has("scale") ? zoom.Number("scale") : UsualScale }.InputOf(picture);
        if (Math.Min(input.Height, input.Width) < LeastInput) throw zoom.Bad(zoom.Has("size") ? "size" : "scale", $"must leave the network sides of {LeastInput} pixels or more, got {input} of pictures {picture}");
        var scenes = new DeskScenes(data.Flag("moving") ? DeskWorld.Moving : DeskWorld.Steady, data.Whole("training"), plan.HasValidation ? data.Whole("validation") : 0, picture, remembers: false);
        return (scenes, TrialSetup.SamplingOf(task, method, scenes, input, zoom.Has("fwhm") ? new SaliencyToGridOptions { AttractionFwhm = zoom.Number("fwhm") } : null));
    }

    private static ZoomMethod MethodOf(RunPlan plan)
    {
        var zoom = plan.Zoom;
        var saliency = zoom.Text("saliency");
        if (zoom.Text("resize") != "bilinear" && saliency != "none") throw zoom.Bad("resize", $"\"averaged\" goes with saliency \"none\", not with \"{saliency}\"");
        var boxes = zoom.Has("unwarp") && zoom.Text("unwarp") == "boxes";
        if (boxes && saliency != "training_set") throw zoom.Bad("unwarp", $"\"boxes\" goes with saliency \"training_set\", not with \"{saliency}\"");
        return saliency switch
        {
            "training_set" => boxes ? ZoomMethod.Fovea : ZoomMethod.LzuFixed,
            "adaptive" => ZoomMethod.LzuAdaptive,
            "learned" => ZoomMethod.LzuLearned,
            "lds" => ZoomMethod.Lds,
            "es" => ZoomMethod.EdgeSampling,
            _ => zoom.Text("resize") == "averaged" ? ZoomMethod.UniformAveraged : ZoomMethod.Uniform,
        };
    }
}
