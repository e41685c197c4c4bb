using LzuCore.Memory;
using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Data;

/// <summary>Some samples of a data set, in an order.</summary>
/// <param name="inner">The data set.</param>
/// <param name="order">Numbers in it.</param>
public sealed class Reordered<TSample>(IDataset<TSample> inner, IReadOnlyList<int> order) : IDataset<TSample>
{
    /// <inheritdoc/>
    public int Count => order.Count;

    /// <inheritdoc/>
    public string IdOf(int index) => inner.IdOf(order[index]);

    /// <inheritdoc/>
    public string FileOf(int index) => inner.FileOf(order[index]);

    /// <inheritdoc/>
    public Size2 SizeOf(int index) => inner.SizeOf(order[index]);

    /// <inheritdoc/>
    public TSample Load(int index, PictureReader pictures) => inner.Load(order[index], pictures);
}
