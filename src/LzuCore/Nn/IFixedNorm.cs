namespace LzuCore.Nn;

/// <summary>A normalisation that can be a fixed affine map per channel, <c>y = (x - mean) / √(variance + eps) · weight + bias</c>:
/// batch norm in evaluation, or frozen. <see cref="ConvNormAct"/> folds such a map into the convolution before it.</summary>
internal interface IFixedNorm
{
    /// <summary>Whether the map is fixed now: statistics are not taken from the batch.</summary>
    bool IsFixed { get; }

    /// <summary>Added to the variance.</summary>
    double Eps { get; }

    /// <summary>Scale [C], or null for 1.</summary>
    Cell? Weight { get; }

    /// <summary>Shift [C], or null for 0.</summary>
    Cell? Bias { get; }

    /// <summary>Mean [C].</summary>
    Cell RunningMean { get; }

    /// <summary>Variance [C].</summary>
    Cell RunningVar { get; }
}
