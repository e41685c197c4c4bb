using System.Numerics;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Cudnn;

/// <summary>An epilogue as passes over a finished output, for products whose library call cannot do it. At most one pass for each operand.</summary>
internal static class SeparateEpilogue
{
    /// <summary>output = epilogue(output). float32 or float64.</summary>
    /// <param name="backend">Has the elementwise kernels.</param>
    /// <param name="epilogue">What to do.</param>
    /// <param name="output">Read and overwritten.</param>
    /// <param name="biasAxis">The axis of output that the bias runs along.</param>
    public static void Apply(Backend backend, in Epilogue epilogue, TensorView output, int biasAxis)
    {
        var relu = epilogue.Activation == Activation.Relu;
        if (epilogue.Bias is { } bias)
            Add(backend, output, Along(bias, output.Shape, biasAxis), relu && epilogue.Residual is null);
        if (epilogue.Residual is { } residual) Add(backend, output, residual, relu);
        if (relu && epilogue is { Bias: null, Residual: null }) backend.Kernel<IMapKernel>().Forward(default(Relu), output, output);
    }

    private static void Add(Backend backend, TensorView output, TensorView term, bool relu)
    {
        var zip = backend.Kernel<IZipKernel>();
        if (relu) zip.Forward(default(AddRelu), output, term, output);
        else zip.Forward(default(Add), output, term, output);
    }

    private static TensorView Along(TensorView bias, Shape shape, int axis)
    {
        var dims = new int[shape.Rank];
        var strides = new long[shape.Rank];
        Array.Fill(dims, 1);
        (dims[axis], strides[axis]) = (bias.Shape[0], bias.Layout.Strides[0]);
        return bias.With(new Layout(new Shape(dims), strides, bias.Layout.Offset));
    }
}

/// <summary>max(a + b, 0). NaN stays NaN.</summary>
internal readonly struct AddRelu : IZipFormula
{
    /// <inheritdoc/>
    public float Invoke(float a, float b) => a + b < 0 ? 0 : a + b;

    /// <inheritdoc/>
    public double Invoke(double a, double b) => a + b < 0 ? 0 : a + b;

    /// <inheritdoc/>
    public Vector<float> Invoke(Vector<float> a, Vector<float> b) => Vector.ConditionalSelect(Vector.LessThan(a + b, Vector<float>.Zero), Vector<float>.Zero, a + b);
}
