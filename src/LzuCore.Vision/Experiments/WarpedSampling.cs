using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Vision.Geometry;
using LzuCore.Vision.Imaging;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Experiments;

/// <summary>A network that looks at each picture and decides where to sample it; the task is learned in the sampled picture, and nothing is unzoomed but answers.</summary>
/// <param name="original">The pictures' size.</param>
/// <param name="input">The network's.</param>
public abstract class WarpedSampling(Size2 original, Size2 input) : Sampling(original, input)
{
    /// <inheritdoc/>
    public override bool Unzooms => false;

    /// <inheritdoc/>
    public override Image Prepare(Image picture) => picture;

    /// <inheritdoc/>
    public override Shown Zoom(Tensor picture, IReadOnlyList<Box[]>? boxes) => Show(picture, boxes);

    /// <summary>What the sampling itself is trained by.</summary>
    /// <param name="shown">What <see cref="Sampling.Show"/> gave for the batch.</param>
    /// <param name="maps">The pictures' labels.</param>
    public abstract IReadOnlyList<LossTerm> Guidance(Shown shown, IReadOnlyList<LabelMap> maps);
}
