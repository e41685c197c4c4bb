using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Scenes;

/// <summary>One object of a scene as its camera sees it.</summary>
/// <param name="Class">A position in <see cref="SceneClasses.Objects"/>.</param>
/// <param name="Instance">Its number in the instance map, from 1.</param>
/// <param name="Track">Its number through a sequence, from 0.</param>
/// <param name="Box">Bounds of its own silhouette before anything covers it, cut by the picture; in pixels, exact to a quarter.</param>
/// <param name="Visibility">The share of the silhouette that nothing covers, above 0.05.</param>
/// <param name="Ignore">Whether it is neither object nor background: visibility below 0.4, or narrower than 3 pixels, or lower than 4.</param>
/// <param name="Box3d">The box in space, in the camera's frame.</param>
/// <param name="Center">Where its middle is seen; may lie outside of the picture.</param>
public sealed record SceneObject(int Class, int Instance, int Track, Box Box, double Visibility, bool Ignore, CameraBox3d Box3d, ProjectedCenter Center);

/// <summary>A scene as its camera sees it. Picture, label map, instance map and boxes are made of the same sixteen samples a pixel.</summary>
public sealed class RenderedScene
{
    private readonly Image? _image;
    private readonly LabelMap? _labels;
    private readonly LabelMap? _instances;

    internal RenderedScene(Camera camera, IReadOnlyList<SceneObject> objects, Image? image, LabelMap? labels, LabelMap? instances) =>
        (Camera, Objects, _image, _labels, _instances) = (camera, objects, image, labels, instances);

    /// <summary>The picture: a pixel is the mean of its samples.</summary>
    /// <exception cref="ArgumentValueException">It was not asked for.</exception>
    public Image Image => _image ?? throw NotAsked(nameof(SceneParts.Image));

    /// <summary>The class of each pixel, a position in <see cref="SceneClasses.Labels"/>: that of most of its samples.</summary>
    /// <exception cref="ArgumentValueException">They were not asked for.</exception>
    public LabelMap Labels => _labels ?? throw NotAsked(nameof(SceneParts.Labels));

    /// <summary>The object of each pixel, <see cref="SceneObject.Instance"/>, or 0. Objects too covered to be listed have numbers of their own.</summary>
    /// <exception cref="ArgumentValueException">They were not asked for.</exception>
    public LabelMap Instances => _instances ?? throw NotAsked(nameof(SceneParts.Instances));

    /// <summary>The objects, in no order that means anything.</summary>
    public IReadOnlyList<SceneObject> Objects { get; }

    /// <summary>Intrinsics.</summary>
    public Camera Camera { get; }

    private static ArgumentValueException NotAsked(string part) => new($"scene: {part} was not rendered. Ask for SceneParts.{part}.");
}
