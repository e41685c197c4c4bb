using System.Globalization;
using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Geometry;

namespace LzuCore.Cli.Inputs;

/// <summary>The cameras of pictures: one for all from the command line, or each picture's own from a mono-3D annotation file.</summary>
internal sealed class CameraChoice
{
    private readonly Camera? _camera;
    private readonly string? _path;
    private readonly Mono3dAnnotations? _annotations;

    /// <summary>Reads what was given.</summary>
    /// <param name="intrinsics"><c>fx,fy,cx,cy</c> in pixels, or null.</param>
    /// <param name="annotations">A file, or null.</param>
    /// <exception cref="UsageException">Neither was given, or the numbers are none.</exception>
    /// <exception cref="FileFormatException">The file is no mono-3D annotation file.</exception>
    public CameraChoice(string? intrinsics, string? annotations)
    {
        if (intrinsics is null && annotations is null) throw new UsageException("the camera is missing: add --intrinsics fx,fy,cx,cy, or --annotations FILE of the data set.");
        if (intrinsics is not null) _camera = Parse(intrinsics);
        if (annotations is null) return;
        try
        {
            (_path, _annotations) = (annotations, Mono3dAnnotations.Load(annotations));
        }
        catch (FileFormatException fault) when (intrinsics is null)
        {
            throw new FileFormatException($"{fault.Message} Only nuScenes' mono-3D files are read; for others give the camera by --intrinsics fx,fy,cx,cy.", fault);
        }
    }

    /// <summary>The camera of a picture.</summary>
    /// <exception cref="UsageException">The annotations do not know the picture, or know it at another size.</exception>
    public Camera Of(string source, Size2 size)
    {
        if (_camera is { } given) return given;
        var image = Find(source) ?? throw new UsageException($"annotations {_path}: they have no picture named '{Path.GetFileName(source)}'; add --intrinsics fx,fy,cx,cy.");
        return (image.Height, image.Width) == (size.Height, size.Width) ? image.Camera
            : throw new UsageException($"annotations {_path}: '{Path.GetFileName(source)}' is {image.Height}x{image.Width} there and {size} here; give the picture as it was annotated, or --intrinsics for this size.");
    }

    /// <summary>The boxes that the annotations have in a picture; none without annotations.</summary>
    public IReadOnlyList<Mono3dAnnotation> TruthOf(string source) => Find(source) is { } image ? [.. _annotations!.Annotations.Where(a => a.ImageId == image.Id)] : [];

    // By the file's own name: folders differ between machines.
    private Mono3dImage? Find(string source)
    {
        var name = Path.GetFileName(source);
        return _annotations?.Images.FirstOrDefault(i => Path.GetFileName(i.FileName) == name);
    }

    private static Camera Parse(string text)
    {
        var words = text.Split(',', StringSplitOptions.TrimEntries);
        var values = new double[4];
        if (words.Length != 4 || !Enumerable.Range(0, 4).All(i => double.TryParse(words[i], NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]) && double.IsFinite(values[i])) || !(values[0] > 0) || !(values[1] > 0))
            throw new UsageException($"--intrinsics must be fx,fy,cx,cy in pixels with positive focal lengths, such as 1266,1266,816,491, got '{text}'.");
        return new Camera(values[0], values[1], values[2], values[3]);
    }
}
