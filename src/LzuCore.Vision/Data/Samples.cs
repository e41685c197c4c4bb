using LzuCore.Memory;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data;

/// <summary>A picture and the boxes of its objects.</summary>
public sealed record DetectionSample
{
    /// <summary>The image's id in its annotation file.</summary>
    public required long ImageId { get; init; }

    /// <summary>The picture's file; what messages name.</summary>
    public required string File { get; init; }

    /// <summary>The picture. It may be shared with a cache: nobody writes into it.</summary>
    public required Image Image { get; init; }

    /// <summary>The picture's size in its file. Boxes are pixels of <see cref="Image"/>, which may have been resized since.</summary>
    public required Size2 Original { get; init; }

    /// <summary>The objects.</summary>
    public IReadOnlyList<Box> Boxes { get; init; } = [];

    /// <summary>Their classes, from 0, in the order of the data set's class list.</summary>
    public IReadOnlyList<int> Labels { get; init; } = [];

    /// <summary>Crowds and whatever else is neither object nor background.</summary>
    public IReadOnlyList<Box> Ignored { get; init; } = [];

    /// <summary>The number of the video that the picture is a frame of; -1 for a picture of its own.</summary>
    public int Sequence { get; init; } = -1;

    /// <summary>The frame's number in its video, from 0.</summary>
    public int Frame { get; init; }
}

/// <summary>A picture and the class of each of its pixels.</summary>
/// <param name="Id">Its name.</param>
/// <param name="File">The picture's file.</param>
/// <param name="Image">The picture. It may be shared with a cache: nobody writes into it.</param>
/// <param name="Labels">As large as the picture.</param>
public sealed record SegmentationSample(string Id, string File, Image Image, LabelMap Labels);

/// <summary>One camera's picture and the boxes in space that it sees.</summary>
public sealed record Detection3dSample
{
    /// <summary>The picture's token.</summary>
    public required string ImageToken { get; init; }

    /// <summary>The token of the moment that six cameras' pictures share.</summary>
    public required string SampleToken { get; init; }

    /// <summary>The picture's file.</summary>
    public required string File { get; init; }

    /// <summary>The picture. It may be shared with a cache: nobody writes into it.</summary>
    public required Image Image { get; init; }

    /// <summary>The picture's size in its file. Boxes, centres and <see cref="Camera"/> are in pixels of <see cref="Image"/>, which may have been resized or mirrored since.</summary>
    public required Size2 Original { get; init; }

    /// <summary>Intrinsics for <see cref="Image"/>.</summary>
    public required Camera Camera { get; init; }

    /// <summary>The objects in the camera's frame, in metres.</summary>
    public IReadOnlyList<CameraBox3d> Boxes3d { get; init; } = [];

    /// <summary>Their boxes in the picture.</summary>
    public IReadOnlyList<Box> Boxes { get; init; } = [];

    /// <summary>Their middles in the picture.</summary>
    public IReadOnlyList<ProjectedCenter> Centers { get; init; } = [];

    /// <summary>Their classes, from 0, in the model's order.</summary>
    public IReadOnlyList<int> Labels { get; init; } = [];

    /// <summary>Their attributes, from 0; the last one means none.</summary>
    public IReadOnlyList<int> Attributes { get; init; } = [];

    /// <summary>What is neither object nor background, such as objects that are mostly hidden; in pixels.</summary>
    public IReadOnlyList<Box> Ignored { get; init; } = [];

    /// <summary>Where the camera sits on the car. Of the camera that took the picture: a mirrored picture has none.</summary>
    public required Pose CameraToEgo { get; init; }

    /// <summary>Where the car was in the world.</summary>
    public required Pose EgoToGlobal { get; init; }
}

/// <summary>Where the middle of a box in space is seen.</summary>
/// <param name="X">Column in pixels; may lie outside of the picture.</param>
/// <param name="Y">Row in pixels.</param>
/// <param name="Depth">Metres along the camera's axis.</param>
public readonly record struct ProjectedCenter(double X, double Y, double Depth);
