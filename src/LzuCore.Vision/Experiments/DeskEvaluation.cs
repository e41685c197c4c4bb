using LzuCore.Nn;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Experiments;

/// <summary>A network over a data set, without gradients, in evaluation mode.</summary>
internal static class DeskEvaluation
{
    // Pictures at once, where each is on its own.
    private const int BatchSize = 8;

    /// <summary>Every picture once, in order.</summary>
    /// <param name="model">Trains on afterwards.</param>
    /// <param name="data">The pictures.</param>
    /// <param name="look">What is done with some of them; its tensors are gone afterwards.</param>
    /// <param name="progress">Told how many pictures are done, and of how many.</param>
    /// <param name="cancellation">Ends it with <see cref="OperationCanceledException"/>.</param>
    public static void Over<TPicture>(Module model, IDataset<TPicture> data, Action<IReadOnlyList<TPicture>> look, Action<int, int>? progress, CancellationToken cancellation)
    {
        using var off = Grad.Off();
        model.Eval();
        var loader = new DataLoader<TPicture, TPicture>(data, (p, _) => p, new LoaderOptions { BatchSize = BatchSize });
        foreach (var batch in loader.Epoch(0, cancellation: cancellation))
        {
            using var scope = new TensorScope();
            look(batch.Items);
            progress?.Invoke(batch.Indices[^1] + 1, data.Count);
        }
        model.Train();
    }
}
