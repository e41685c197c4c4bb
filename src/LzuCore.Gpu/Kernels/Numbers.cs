using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

/// <summary>A float32 or float64 view of up to four axes, any strides, read and written as float64 inside kernels. The warp's small kernels mix precisions freely and compute in
/// float64, as on the CPU.</summary>
internal readonly struct Numbers(TensorView view)
{
    private readonly int _isDouble = view.DType == DType.Float64 ? 1 : 0;
    private readonly ArrayView<float> _single = view.DType == DType.Float64 ? default : view.Elements<float>();
    private readonly ArrayView<double> _double = view.DType == DType.Float64 ? view.Elements<double>() : default;
    private readonly long _offset = view.Layout.Offset, _s0 = Stride(view, 0), _s1 = Stride(view, 1), _s2 = Stride(view, 2), _s3 = Stride(view, 3);

    /// <summary>Whether results are rounded to float32.</summary>
    public bool IsSingle => _isDouble == 0;

    /// <summary>The element at up to four coordinates; those of axes that the view lacks are ignored.</summary>
    public double Get(int a, int b = 0, int c = 0, int d = 0)
    {
        var at = _offset + a * _s0 + b * _s1 + c * _s2 + d * _s3;
        return _isDouble != 0 ? _double[at] : _single[at];
    }

    /// <summary>Stores an element.</summary>
    public void Set(double value, int a, int b = 0, int c = 0, int d = 0)
    {
        var at = _offset + a * _s0 + b * _s1 + c * _s2 + d * _s3;
        if (_isDouble != 0) _double[at] = value;
        else _single[at] = (float)value;
    }

    private static long Stride(TensorView view, int axis) => axis < view.Shape.Rank ? view.Layout.Strides[axis] : 0;
}
