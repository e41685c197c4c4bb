using LzuCore.Memory;

namespace LzuCore.Vision.Configuration;

// The sections that tasks share. Published recipes: docs/training.md.
internal static class Sections
{
    public static SectionKey Training { get; } = new("training", "how long, on how many pictures a step, and what is done on the way",
        new WholeKey("steps", "the optimiser's steps; or epochs", 1, 100_000_000),
        new NumberKey("epochs", "times that the data set is seen; or steps", 0, 100_000, Above: true),
        new WholeKey("batch", "pictures that go through the network together", 1, 4096, 2),
        new WholeKey("accumulation", "batches that make one step", 1, 4096, 1),
        new NumberKey("clip_norm", "gradients are scaled down to this L2 norm, all of them together", 0, Above: true),
        new NumberKey("average_decay", "keeps an exponential average of the weights, which is what is evaluated and kept", 0, 0.999999),
        new WholeKey("workers", "threads that load and augment pictures; any number gives the same batches", 0, 256, 2),
        new WholeKey("evaluate_every", "steps between evaluations; 0 for none", 0, 100_000_000, 0),
        new WholeKey("checkpoint_every", "steps between checkpoints; 0 for none", 0, 100_000_000, 0),
        new NumberKey("checkpoint_minutes", "time between checkpoints", 0, 1e6, 10))
    { IsRequired = true };

    public static SectionKey Optimizer { get; } = new("optimizer", "how weights are moved",
        new ChoiceKey("kind", "the method", "sgd", "adamw"),
        new NumberKey("learning_rate", "the highest learning rate", 0, Above: true) { IsRequired = true },
        new NumberKey("momentum", "of sgd", 0, 1, 0.9),
        new FlagKey("nesterov", "of sgd: looks ahead", false),
        new NumberKey("beta1", "of adamw", 0, 0.9999999, 0.9),
        new NumberKey("beta2", "of adamw", 0, 0.9999999, 0.999),
        new NumberKey("epsilon", "of adamw", 0, 1, 1e-8),
        new NumberKey("weight_decay", "pulls weights to 0", 0, 1e3, 1e-4),
        new NumberKey("bias_rate", "factor of the rate of biases, those of norms and of deformable offsets not counted; mmcv's bias_lr_mult", 0, 1e3, 1),
        new NumberKey("bias_decay", "factor of the decay of the same biases; mmcv's bias_decay_mult", 0, 1e3, 1))
    { IsRequired = true };

    public static SectionKey Schedule { get; } = new("schedule", "the learning rate over time",
        new ChoiceKey("kind", "its course", "constant", "step", "poly", "cosine", "one_cycle"),
        new ListKey("milestones", "of step: when the rate falls; epochs where the length is in epochs, else steps", new NumberKey("", "", 0)),
        new NumberKey("factor", "of step: what the rate is multiplied by", 0, 1, 0.1),
        new NumberKey("power", "of poly", 0, 100, 0.9),
        new NumberKey("lowest", "of poly and cosine: the last rate", 0, 1e3, 0),
        new NumberKey("rise", "of one_cycle: the share of the steps in which the rate rises", 0, 1, 0.3),
        new WholeKey("warmup_steps", "the rate rises to its own course over the first steps", 0, 100_000_000, 0),
        new NumberKey("warmup_ratio", "the share of its own that it begins with", 0, 1, 0.001));

    public static SectionKey Zoom(bool adaptive, bool unwarp) => new("zoom", "how pictures come to the size that the network sees",
    [
        new NumberKey("scale", "the share of the picture's size, both sides; or size", 0, 4, Above: true),
        new SizeKey("size", "the size that the network sees; or scale"),
        new ChoiceKey("saliency", "where to zoom in", [.. new[] { "none", "map", "training_set" }, .. adaptive ? new[] { "adaptive" } : []]),
        new TextKey("map", "of saliency map: a .npy, .npz or .pkl file"),
        new SizeKey("grid", "nodes of the warp", new Size2(31, 51), 2, 512),
        new NumberKey("fwhm", "width of the attraction in grid cells", 0.01, 1000, 13),
        new NumberKey("bandwidth", "spread of a box' saliency in pixels; 64 * width / 1920 when not given", 0.001, 1e6),
        new NumberKey("amplitude", "weight of the boxes against the uniform floor", 1e-6, 1e6, 1),
        new FlagKey("separable", "each axis warps alone", true),
        new FlagKey("anti_crop", "the zoomed picture keeps all of the original", true),
        new ChoiceKey("geometry", "which frame the warp spans: the picture, or the padded one as in the method's own code", "exact", "reference"),
        .. unwarp ? [new ChoiceKey("unwarp", "what comes back from the zoomed picture: features (LZU) or boxes (FOVEA)", "features", "boxes")] : Array.Empty<ConfigKey>(),
    ]);

    public static SectionKey Augment(bool crops) => new("augment", "changes of the training pictures, drawn anew each time: in this order rescale, crop, flip, photometric",
    [
        new ListKey("rescale", "sizes to fit into, one of which is drawn", new SizeKey("", "")),
        new FlagKey("keep_ratio", "of rescale: sides keep their ratio", true),
        new ListKey("ratio", "of rescale: the sizes are multiplied by a number drawn between these two", new NumberKey("", "", 0, 100, Above: true), 2, 2),
        .. crops ? [new SizeKey("crop", "a part of the picture of this size"), new NumberKey("max_share", "of crop: the most that one class may cover", 0, 1, 0.75)] : Array.Empty<ConfigKey>(),
        new NumberKey("flip", "probability of exchanging left and right", 0, 1, 0),
        new FlagKey("photometric", "changes brightness, contrast, saturation and hue", false),
    ]);

    public static SectionKey Model(params IReadOnlyList<ConfigKey> own) => new("model", "the network",
    [
        .. own,
        new ChoiceKey("freeze", "what training leaves as it is: nothing; stem and first stage with all norms' statistics; the norms' weights as well", "none", "mmdet", "all_norms"),
        new TextKey("weights", "where it begins: a checkpoint of the whole network, or random:SEED; when not given, random weights as its papers draw them"),
        new TextKey("backbone", "where its ResNet begins, such as torchvision's ImageNet weights; the rest is random"),
    ])
    { IsRequired = true };
}
