using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Scenes;

/// <summary>Procedural scenes as a data set: each is drawn when it is asked for. Nothing is read and nothing written; file names are what a writer would call them.</summary>
/// <remarks>Safe for use by several threads. A sample's picture is its own: nobody else has it.</remarks>
public class SceneDataset : IDataset<DetectionSample>, IDataset<SegmentationSample>, IDataset<Detection3dSample>
{
    /// <summary>Scenes 0 to count - 1 of a seed.</summary>
    /// <param name="options">What scenes are like.</param>
    /// <param name="seed">Training, validation and test sets have different ones.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentValueException">There are fewer than 0, or an option is out of range.</exception>
    public SceneDataset(SceneOptions options, ulong seed, int count)
    {
        options.Check();
        Check.That(count >= 0, $"scenes: there must be 0 or more, got {count}.");
        (Options, Seed, Count) = (options, seed, count);
    }

    /// <summary>What scenes are like.</summary>
    public SceneOptions Options { get; }

    /// <summary>What they are drawn from.</summary>
    public ulong Seed { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <summary>A scene, laid out and not drawn.</summary>
    /// <exception cref="ArgumentValueException">There is no such scene.</exception>
    public virtual Scene SceneOf(int index)
    {
        CheckIndex(index);
        return new Scene(Options, Seed, index);
    }

    /// <inheritdoc/>
    public virtual string IdOf(int index) => FormattableString.Invariant($"{index:000000}");

    /// <inheritdoc/>
    public virtual string FileOf(int index) => $"{IdOf(index)}.png";

    /// <inheritdoc/>
    public Size2 SizeOf(int index) => Options.Size;

    /// <summary>The video that a picture is of, and its place there; -1 and 0 for pictures of their own.</summary>
    public virtual (int Sequence, int Frame) FrameOf(int index) => (-1, 0);

    /// <summary>A picture and its boxes; <see cref="DetectionSample.Ignored"/> holds those that are <see cref="SceneObject.Ignore"/>.</summary>
    public DetectionSample LoadDetection(int index)
    {
        var scene = SceneOf(index).Render(SceneParts.Image);
        var (sequence, frame) = FrameOf(index);
        return new()
        {
            ImageId = index,
            File = FileOf(index),
            Image = scene.Image,
            Original = Options.Size,
            Boxes = [.. scene.Objects.Where(o => !o.Ignore).Select(o => o.Box)],
            Labels = [.. scene.Objects.Where(o => !o.Ignore).Select(o => o.Class)],
            Ignored = [.. scene.Objects.Where(o => o.Ignore).Select(o => o.Box)],
            Sequence = sequence,
            Frame = frame,
        };
    }

    /// <summary>A picture and its label map.</summary>
    public SegmentationSample LoadSegmentation(int index)
    {
        var scene = SceneOf(index).Render(SceneParts.Image | SceneParts.Labels);
        return new(IdOf(index), FileOf(index), scene.Image, scene.Labels);
    }

    /// <summary>A picture and its boxes in space; <see cref="Detection3dSample.Ignored"/> holds the boxes of those that are <see cref="SceneObject.Ignore"/>.</summary>
    public Detection3dSample LoadDetection3d(int index)
    {
        var laid = SceneOf(index);
        var scene = laid.Render(SceneParts.Image);
        SceneObject[] objects = [.. scene.Objects.Where(o => !o.Ignore)];
        return new()
        {
            ImageToken = IdOf(index),
            SampleToken = IdOf(index),
            File = FileOf(index),
            Image = scene.Image,
            Original = Options.Size,
            Camera = scene.Camera,
            Boxes3d = [.. objects.Select(o => o.Box3d)],
            Boxes = [.. objects.Select(o => o.Box)],
            Centers = [.. objects.Select(o => o.Center)],
            Labels = [.. objects.Select(o => o.Class)],
            Attributes = [.. objects.Select(SceneClasses.AttributeOf)],
            Ignored = [.. scene.Objects.Where(o => o.Ignore).Select(o => o.Box)],
            CameraToEgo = laid.CameraToEgo,
            EgoToGlobal = laid.EgoToGlobal,
        };
    }

    DetectionSample IDataset<DetectionSample>.Load(int index, PictureReader pictures) => LoadDetection(index);

    SegmentationSample IDataset<SegmentationSample>.Load(int index, PictureReader pictures) => LoadSegmentation(index);

    Detection3dSample IDataset<Detection3dSample>.Load(int index, PictureReader pictures) => LoadDetection3d(index);

    private protected void CheckIndex(int index) => Check.That(index >= 0 && index < Count, $"scenes: there are {Count}, numbered from 0, got {index}.");
}
