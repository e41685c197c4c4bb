using System.Numerics;

namespace LzuCore.Kernels.Cpu;

// An epilogue in scalar form: bias by channel, residual by element, activation. Null pointers are absent parts.
internal readonly unsafe struct PlainEpilogue<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _bias, _residual;
    private readonly bool _relu;

    public PlainEpilogue(in Epilogue epilogue)
    {
        _bias = epilogue.Bias is { } bias ? bias.Pointer<T>() : null;
        _residual = epilogue.Residual is { } residual ? residual.Pointer<T>() : null;
        _relu = epilogue.Activation == Activation.Relu;
    }

    public T Apply(T value, int channel, long index)
    {
        if (_bias is not null) value += _bias[channel];
        if (_residual is not null) value += _residual[index];
        return _relu && value < T.Zero ? T.Zero : value;
    }
}
