using System.Collections.Concurrent;
using LzuCore.Memory;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Imaging;

namespace LzuCore.Vision.Data;

/// <summary>Where a data set's pictures lie, and reading them with what its annotations say about their sizes.</summary>
/// <param name="folder">What names start from.</param>
internal sealed class PicturePlace(string folder)
{
    private readonly ConcurrentDictionary<string, Size2> _measured = [];

    /// <summary>The file of a name; names must stay in the folder.</summary>
    /// <exception cref="FileFormatException">The name is empty or leads elsewhere.</exception>
    public string PathOf(string name) => name.Length > 0 && !Path.IsPathRooted(name) && !name.Split('/', '\\').Contains("..")
        ? Path.Combine(folder, name)
        : throw new FileFormatException($"dataset {folder}: file names must stay in the folder of pictures, got '{name}'. 'lzu data check' lists every such name.");

    /// <summary>The size that was told, or else the one in the file's header.</summary>
    public Size2 SizeOf(string path, Size2 told) => told is { Height: > 0, Width: > 0 } ? told : _measured.GetOrAdd(path, static p => ImageHeader.Read(p).Size);

    /// <summary>Reads a picture, which may come smaller where the reader says so.</summary>
    /// <exception cref="FileFormatException">It is not as large as was told.</exception>
    public Image Read(string path, Size2 told, PictureReader pictures)
    {
        var size = SizeOf(path, told);
        var image = pictures.Read(path, size);
        if (image.Size == size || pictures.Reduces && IsReduced(image.Size, size)) return image;
        throw new FileFormatException($"load {path}: the annotations say {size}, the picture is {image.Size}. Use the pictures that the annotations were made for; 'lzu data check' lists all that differ.");
    }

    // libjpeg rounds up.
    private static bool IsReduced(Size2 image, Size2 full)
    {
        foreach (var part in (ReadOnlySpan<int>)[2, 4, 8])
            if (image == new Size2((full.Height + part - 1) / part, (full.Width + part - 1) / part)) return true;
        return false;
    }
}
