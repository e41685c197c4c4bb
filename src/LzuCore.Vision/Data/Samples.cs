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
