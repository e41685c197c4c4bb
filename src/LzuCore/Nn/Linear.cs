using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>An affine map of the last axis. Keys: <c>weight</c> [out, in], <c>bias</c> [out]. See <see cref="F.Linear"/>.</summary>
public sealed class Linear : Layer
{
    /// <summary>Makes the layer. First values are PyTorch's: uniform in ±1/√in, for weight and bias.</summary>
    /// <param name="inFeatures">Size of the input's last axis.</param>
    /// <param name="outFeatures">Size of the output's last axis.</param>
    /// <param name="bias">Whether there is a bias.</param>
    public Linear(int inFeatures, int outFeatures, bool bias = true)
    {
        var init = Conv2d.FanIn(inFeatures);
        Weight = Param("weight", [outFeatures, inFeatures], init);
        Bias = bias ? Param("bias", [outFeatures], init) : null;
    }

    /// <summary>[out, in].</summary>
    public Parameter Weight { get; }

    /// <summary>[out], or null.</summary>
    public Parameter? Bias { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => F.Linear(input, Weight.Value, Bias?.Value);
}
