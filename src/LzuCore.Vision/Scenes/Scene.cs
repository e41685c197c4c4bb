using LzuCore.Memory;
using LzuCore.Vision.Geometry;

namespace LzuCore.Vision.Scenes;

/// <summary>What is made of a scene. Boxes, visibility and 3-D boxes always are.</summary>
[Flags]
public enum SceneParts
{
    /// <summary>Boxes only.</summary>
    None = 0,

    /// <summary>The picture.</summary>
    Image = 1,

    /// <summary>The class of each pixel.</summary>
    Labels = 2,

    /// <summary>The object of each pixel.</summary>
    Instances = 4,

    /// <summary>Everything.</summary>
    All = 7,
}

/// <summary>A driving scene in space, laid out from a seed: the same on every machine, for any number of threads and at any time.</summary>
/// <remarks>Laying out takes a fraction of a millisecond; <see cref="Render"/> does the work, on the calling thread. A scene does not change and may be used by several threads.</remarks>
public sealed class Scene
{
    private readonly SceneOptions _options;
    private readonly StreetLayout _street;

    /// <summary>A picture of its own.</summary>
    /// <param name="options">What scenes are like.</param>
    /// <param name="seed">Training, validation and test sets have different seeds.</param>
    /// <param name="index">Which scene of the seed, from 0.</param>
    /// <exception cref="ArgumentValueException">The index is negative, or an option is out of range.</exception>
    public Scene(SceneOptions options, ulong seed, int index)
    {
        options.Check();
        Check.That(index >= 0, $"scenes: an index must be 0 or more, got {index}.");
        (_options, _street) = (options, new StreetLayout(options, seed, index));
    }

    /// <summary>Height and width of its picture.</summary>
    public Size2 Size => _options.Size;

    /// <summary>Intrinsics.</summary>
    public Camera Camera => _street.View.Camera;

    /// <summary>From the camera's frame to the car's (x ahead, y left, z up, its origin on the ground below the camera): the camera's height and pitch.</summary>
    public Pose CameraToEgo
    {
        get
        {
            var (sin, cos) = (_street.View.PitchSin, _street.View.PitchCos);
            return new(Rotation3d.FromMatrix([0, sin, cos, -1, 0, 0, 0, -cos, sin]), new(0, 0, _street.View.Eye.Up));
        }
    }

    /// <summary>From the car's frame to the world's (x ahead at the start, y left, z up): 2-D place and heading.</summary>
    public Pose EgoToGlobal
    {
        get
        {
            var view = _street.View;
            return new(Rotation3d.FromMatrix([view.AheadZ, view.AheadX, 0, -view.AheadX, view.AheadZ, 0, 0, 0, 1]), new(view.Eye.Z, -view.Eye.X, 0));
        }
    }

    /// <summary>Draws it.</summary>
    /// <param name="parts">What is wanted; less takes less time.</param>
    public RenderedScene Render(SceneParts parts = SceneParts.All)
    {
        var canvas = SceneCanvas.Take();
        try
        {
            return canvas.Render(_street, _options, parts);
        }
        finally
        {
            SceneCanvas.Give(canvas);
        }
    }
}
