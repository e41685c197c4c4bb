using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Nn;

/// <summary>Max pool as a layer. No keys. See <see cref="F.MaxPool2d"/>.</summary>
public sealed class MaxPool2d(Size2 kernel, Size2? stride = null, Size2? padding = null, bool ceilMode = false) : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => F.MaxPool2d(input, kernel, stride, padding, ceilMode);
}

/// <summary>Average pool as a layer. No keys. See <see cref="F.AvgPool2d"/>.</summary>
public sealed class AvgPool2d(Size2 kernel, Size2? stride = null, Size2? padding = null, bool ceilMode = false, bool countIncludePad = true) : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => F.AvgPool2d(input, kernel, stride, padding, ceilMode, countIncludePad);
}

/// <summary>Adaptive average pool as a layer. No keys. See <see cref="F.AdaptiveAvgPool2d"/>.</summary>
public sealed class AdaptiveAvgPool2d(Size2 size) : Layer
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor input) => F.AdaptiveAvgPool2d(input, size);
}
