using LzuCore.Nn;
using LzuCore.Tensors;

namespace LzuCore.Vision.Models;

/// <summary>Image to feature pyramid: a residual network, then a neck. It has no keys of its own: both are children of the model that they belong to.</summary>
/// <remarks>Called as one module, so that what only the backbone and the neck read is back in the pool when the head begins: at 600×960, 75 MiB of the stem and C2 … C5.</remarks>
public sealed class PyramidBackbone : Module<Tensor, Tensor[]>
{
    private readonly ResNet _backbone;
    private readonly Fpn _neck;

    internal PyramidBackbone(ResNet backbone, Fpn neck) => (_backbone, _neck) = (backbone, neck);

    /// <summary>[N, 3, H, W] to the levels, finest first.</summary>
    public override Tensor[] Forward(Tensor image)
    {
        var levels = _backbone.Forward(image, _neck.StartLevel).Levels;
        foreach (var level in levels) TensorScope.GiveUp(level);
        return _neck.Call(levels);
    }
}
