using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Scenes;
using LzuCore.Warping;

namespace LzuCore.Vision.Experiments;

/// <summary>The streets of one comparison: pictures to train and to test on, sequences, and where a training set's objects are. Made when first asked for, the same for every trial.</summary>
public sealed class DeskScenes
{
    /// <summary>Nodes of the warps, as in the papers.</summary>
    public static Size2 Grid => new(31, 51);

    /// <summary>Frames of a sequence.</summary>
    public const int Frames = 10;

    private const ulong TrainingSeed = 1, TestSeed = 2, SequenceSeed = 3;

    // 64 pixels at a width of 1920.
    private const double BandwidthAt1920 = 64;

    private readonly SceneOptions _options;
    private readonly int _training, _test;
    private readonly bool _remembers;
    private readonly Lazy<Tensor> _boxSaliency;
    private readonly Lazy<FixedSaliency> _boundarySaliency;
    private readonly Lazy<IReadOnlyList<double>> _classWeights;

    /// <summary>The streets of a world.</summary>
    /// <param name="world">Which.</param>
    /// <param name="training">Pictures to train on.</param>
    /// <param name="test">Pictures to test on, and frames of sequences.</param>
    /// <param name="size">Their size; null for 320x512.</param>
    /// <param name="remembers">Whether pictures are kept for another trial, or drawn again when they are asked for again.</param>
    public DeskScenes(DeskWorld world, int training, int test, Size2? size = null, bool remembers = true)
    {
        (_options, _training, _test, _remembers) = (world == DeskWorld.Steady ? new() : new() { PitchDegrees = 2.5, Curvature = 0.003 }, training, test, remembers);
        if (size is { } own) _options = _options with { Size = own };
        Detection = new(() => Of<DetectionSample>(TrainingSeed, _training), () => Of<DetectionSample>(TestSeed, _test));
        Segmentation = new(() => Of<SegmentationSample>(TrainingSeed, _training), () => Of<SegmentationSample>(TestSeed, _test));
        Detection3d = new(() => Of<Detection3dSample>(TrainingSeed, _training), () => Of<Detection3dSample>(TestSeed, _test));
        Sequences = Kept<DetectionSample>(new SceneSequences(_options, SequenceSeed, Math.Max(1, test / Frames), Frames));
        _boxSaliency = new(BoxSaliency);
        _boundarySaliency = new(() => SegmentationExperiment.Boundaries(Segmentation.Training, Grid));
        _classWeights = new(() => Tasks.Segmentation.ClassWeights.Of(SegmentationExperiment.Maps(Segmentation.Training), SceneClasses.Labels.Count));
    }

    /// <summary>The pictures' size.</summary>
    public Size2 Picture => _options.Size;

    /// <summary>Variance over side of a box' Gaussian, in pixels of <see cref="Picture"/>.</summary>
    public double Bandwidth => BandwidthAt1920 * Picture.Width / 1920;

    /// <summary>The uniform share of every node.</summary>
    public static double Floor => 1.0 / (Grid.Height * Grid.Width);

    /// <summary>With boxes.</summary>
    public DeskSplits<DetectionSample> Detection { get; }

    /// <summary>With label maps.</summary>
    public DeskSplits<SegmentationSample> Segmentation { get; }

    /// <summary>With boxes in space.</summary>
    public DeskSplits<Detection3dSample> Detection3d { get; }

    /// <summary>A test picture drawn at another size, to be looked at.</summary>
    /// <param name="index">Which of the test pictures.</param>
    /// <param name="size">Of the same proportions as <see cref="Picture"/>.</param>
    public Imaging.Image Drawn(int index, Size2 size) => new Scene(_options with { Size = size }, TestSeed, index).Render(SceneParts.Image).Image;

    /// <summary>With boxes, to test on, frame after frame.</summary>
    public IDataset<DetectionSample> Sequences { get; }

    /// <summary>Where the training set's boxes are: the mean of their Gaussians, left and right alike so that a mirrored picture is seen by the same warp.</summary>
    public FixedSaliency BoxesSaliency => new(_boxSaliency.Value);

    /// <summary>Where the training set's labels change.</summary>
    public FixedSaliency BoundariesSaliency => _boundarySaliency.Value;

    /// <summary>What a pixel of each class counts in training.</summary>
    public IReadOnlyList<double> ClassWeights => _classWeights.Value;

    private IDataset<TSample> Of<TSample>(ulong seed, int count) where TSample : class => Kept((IDataset<TSample>)new SceneDataset(_options, seed, count));

    private IDataset<TSample> Kept<TSample>(IDataset<TSample> drawn) where TSample : class => _remembers ? new RememberedScenes<TSample>(drawn) : drawn;

    private Tensor BoxSaliency()
    {
        using var off = Grad.Off();
        var boxes = new List<Box>();
        // Laid out and not painted: boxes are all that is wanted.
        var scenes = new SceneDataset(_options, TrainingSeed, _training);
        for (var i = 0; i < scenes.Count; i++) boxes.AddRange(scenes.SceneOf(i).Render(SceneParts.None).Objects.Where(o => !o.Ignore).Select(o => o.Box));
        var map = new KernelDensitySaliency(Grid, bandwidth: Bandwidth, floor: Floor).Map(Boxes.ToTensor(boxes.ToArray()), Picture).ToArray<float>();
        return Tensor.Generate([1, 1, Grid.Height, Grid.Width], i => (map[i] + map[i - i % Grid.Width + Grid.Width - 1 - i % Grid.Width]) / 2).Persist();
    }
}

/// <summary>Samples to train and to test on, made when first asked for.</summary>
public sealed class DeskSplits<TSample>
{
    private readonly Lazy<IDataset<TSample>> _training, _test;

    internal DeskSplits(Func<IDataset<TSample>> training, Func<IDataset<TSample>> test) => (_training, _test) = (new(training), new(test));

    /// <summary>To train on.</summary>
    public IDataset<TSample> Training => _training.Value;

    /// <summary>To test on.</summary>
    public IDataset<TSample> Test => _test.Value;
}
