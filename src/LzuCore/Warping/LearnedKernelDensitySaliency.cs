using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Warping;

/// <summary>Box saliency whose kernel is learned through the warp: <c>β = |1 + θ_b| · bandwidth + 0.1</c>, <c>α = |1 + θ_a| · amplitude + 0.1</c>, θ starting at 0.</summary>
/// <remarks>Everything else is <see cref="KernelDensitySaliency"/>'s. Train θ without weight decay and with a small rate (the source multiplies it by 0.005).
/// Source: Thavamani et al. 2021 (FOVEA), the learned variant.</remarks>
public sealed class LearnedKernelDensitySaliency : Module, ISaliency
{
    // Keeps both numbers positive.
    private const double Least = 0.1;

    private readonly KernelDensitySaliency _start;

    /// <summary>Starts from given numbers.</summary>
    /// <param name="grid">The size of the map; at least 2x2.</param>
    /// <param name="amplitude">α's scale.</param>
    /// <param name="bandwidth">β's scale, in pixels.</param>
    /// <param name="floor">What every box adds to every node; null is the published one.</param>
    public LearnedKernelDensitySaliency(Size2 grid, double amplitude = 1, double bandwidth = 64, double? floor = null)
    {
        _start = new KernelDensitySaliency(grid, amplitude, bandwidth, floor);
        ThetaBandwidth = Param("theta_bandwidth", [], (shape, _) => Tensor.Zeros(shape));
        ThetaAmplitude = Param("theta_amplitude", [], (shape, _) => Tensor.Zeros(shape));
    }

    /// <summary>θ_b, a scalar.</summary>
    public Parameter ThetaBandwidth { get; }

    /// <summary>θ_a, a scalar.</summary>
    public Parameter ThetaAmplitude { get; }

    /// <inheritdoc/>
    public Size2 Grid => _start.Grid;

    /// <inheritdoc/>
    public bool IsFixed => false;

    /// <inheritdoc/>
    public Tensor Map(SaliencyContext context)
    {
        var bandwidth = (ThetaBandwidth.Value + 1).Abs() * _start.Bandwidth + Least;
        var amplitude = (ThetaAmplitude.Value + 1).Abs() * _start.Amplitude + Least;
        return KernelDensitySaliency.PerImage(context, Grid, boxes =>
            F.KernelDensity(boxes, amplitude.To(boxes.DType), bandwidth.To(boxes.DType), Grid, context.Image, _start.Floor).Reshape(1, 1, Grid.Height, Grid.Width));
    }
}
