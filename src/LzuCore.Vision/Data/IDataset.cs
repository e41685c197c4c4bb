using LzuCore.Memory;
using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Data;

/// <summary>Pictures with what is known about them, by number. Only the annotations' index is in memory; pictures are read when asked for.</summary>
/// <remarks>The same number gives the same sample every time. Safe for use by several threads.</remarks>
/// <typeparam name="TSample">What one picture's sample is.</typeparam>
public interface IDataset<TSample>
{
    /// <summary>How many samples there are.</summary>
    int Count { get; }

    /// <summary>The sample's name in its files: an image id, a token, or a path without ending.</summary>
    string IdOf(int index);

    /// <summary>The picture's file.</summary>
    string FileOf(int index);

    /// <summary>The picture's size, without decoding it.</summary>
    /// <exception cref="FileFormatException">The size is in the picture alone, and that cannot be read.</exception>
    Size2 SizeOf(int index);

    /// <summary>Reads one sample.</summary>
    /// <exception cref="FileFormatException">A file is missing or damaged, or is not as large as the annotations say.</exception>
    TSample Load(int index, PictureReader pictures);
}
