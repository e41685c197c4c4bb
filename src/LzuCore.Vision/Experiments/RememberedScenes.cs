using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Experiments;

/// <summary>A data set whose samples are made once and remembered, so that several trials see the same pictures without drawing them again.</summary>
/// <param name="inner">Where samples come from.</param>
internal sealed class RememberedScenes<TSample>(IDataset<TSample> inner) : IDataset<TSample> where TSample : class
{
    private readonly TSample?[] _known = new TSample?[inner.Count];

    /// <inheritdoc/>
    public int Count => inner.Count;

    /// <inheritdoc/>
    public string IdOf(int index) => inner.IdOf(index);

    /// <inheritdoc/>
    public string FileOf(int index) => inner.FileOf(index);

    /// <inheritdoc/>
    public Size2 SizeOf(int index) => inner.SizeOf(index);

    /// <inheritdoc/>
    public TSample Load(int index, PictureReader pictures)
    {
        // Two threads may make the same sample; both get an equal one.
        if (Volatile.Read(ref _known[index]) is { } known) return known;
        var made = inner.Load(index, pictures);
        Volatile.Write(ref _known[index], made);
        return made;
    }
}
