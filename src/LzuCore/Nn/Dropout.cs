using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>Dropout as a layer. No keys. The mask of training call k depends on the seed and k only: give each layer its own seed. See <see cref="F.Dropout(Tensor, double, bool, RandomSource)"/>.</summary>
/// <param name="p">Probability of an element being dropped.</param>
/// <param name="seed">Of this layer.</param>
public sealed class Dropout(double p = 0.5, ulong seed = 0) : Layer
{
    /// <summary>Training calls so far; set it when training goes on from a checkpoint.</summary>
    public ulong Step { get; set; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) =>
        F.Dropout(input, p, IsTraining, RandomSource.FromSeed(seed, IsTraining ? Step++ : Step));
}

/// <summary>Channel-wise dropout as a layer. No keys. The mask of training call k depends on the seed and k only. See <see cref="F.Dropout2d"/>.</summary>
/// <param name="p">Probability of a channel being dropped.</param>
/// <param name="seed">Of this layer.</param>
public sealed class Dropout2d(double p = 0.5, ulong seed = 0) : Layer
{
    /// <summary>Training calls so far; set it when training goes on from a checkpoint.</summary>
    public ulong Step { get; set; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) =>
        F.Dropout2d(input, p, IsTraining, RandomSource.FromSeed(seed, IsTraining ? Step++ : Step));
}
