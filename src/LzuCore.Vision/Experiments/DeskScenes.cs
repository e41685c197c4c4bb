using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;
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
    private readonly Lazy<Tensor> _boxSaliency;

    /// <summary>The streets of a world.</summary>
    /// <param name="world">Which.</param>
    /// <param name="training">Pictures to train on.</param>
    /// <param name="test">Pictures to test on, and frames of sequences.</param>
    public DeskScenes(DeskWorld world, int training, int test)
    {
        _options = world == DeskWorld.Steady ? new() : new() { PitchDegrees = 2.5, Curvature = 0.003 };
        Training = Of<DetectionSample>(TrainingSeed, training);
        Test = Of<DetectionSample>(TestSeed, test);
        Sequences = new RememberedScenes<DetectionSample>(new SceneSequences(_options, SequenceSeed, Math.Max(1, test / Frames), Frames));
        _boxSaliency = new(BoxSaliency);
    }

    /// <summary>The pictures' size.</summary>
    public Size2 Picture => _options.Size;

    /// <summary>Variance over side of a box' Gaussian, in pixels of <see cref="Picture"/>.</summary>
    public double Bandwidth => BandwidthAt1920 * Picture.Width / 1920;

    /// <summary>The uniform share of every node.</summary>
    public static double Floor => 1.0 / (Grid.Height * Grid.Width);

    /// <summary>To train on.</summary>
    public IDataset<DetectionSample> Training { get; }

    /// <summary>To test on.</summary>
    public IDataset<DetectionSample> Test { get; }

    /// <summary>To test on, frame after frame.</summary>
    public IDataset<DetectionSample> Sequences { get; }

    /// <summary>Where the training set's boxes are: the mean of their Gaussians, left and right alike so that a mirrored picture is seen by the same warp.</summary>
    public FixedSaliency Saliency => new(_boxSaliency.Value);

    private IDataset<TSample> Of<TSample>(ulong seed, int count) where TSample : class => new RememberedScenes<TSample>((IDataset<TSample>)new SceneDataset(_options, seed, count));

    private Tensor BoxSaliency()
    {
        using var off = Grad.Off();
        var loader = DataLoader.Of(Training, new LoaderOptions { BatchSize = 16, Workers = Environment.ProcessorCount });
        Box[] boxes = [.. loader.Epoch(0).SelectMany(b => b.Items).SelectMany(s => s.Boxes)];
        var map = new KernelDensitySaliency(Grid, bandwidth: Bandwidth, floor: Floor).Map(Boxes.ToTensor(boxes), Picture).ToArray<float>();
        return Tensor.Generate([1, 1, Grid.Height, Grid.Width], i => (map[i] + map[i - i % Grid.Width + Grid.Width - 1 - i % Grid.Width]) / 2).Persist();
    }
}
