using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Tensors.Autograd;

/// <summary>float16 and bfloat16 are for storage: arithmetic is float32. What has no kernel for them is computed on float32 copies, at the one door.</summary>
internal static class Widening
{
    /// <summary>An op on float32 copies of its half inputs; the result is stored like the first of them. Differentiable.</summary>
    public static Tensor Apply(Op op, Tensor[] inputs)
    {
        var stored = inputs.First(i => i.DType.IsHalf()).DType;
        var result = Op.Apply(op, [.. inputs.Select(i => i.DType.IsHalf() ? Op.Apply(new CopyOp("to", DType.Float32, Layout.Default), i) : i)]);
        return result.DType == DType.Float32 ? Op.Apply(new CopyOp("to", stored, Layout.Default), result) : result;
    }

    /// <summary>The same values in float32; the tensor itself when it is no half. Not recorded.</summary>
    public static Tensor Wide(Tensor x) => x.DType.IsHalf() ? To(x, DType.Float32) : x;

    /// <summary>The same values in a dtype; the tensor itself when it has it. Not recorded.</summary>
    public static Tensor To(Tensor x, DType dtype)
    {
        if (x.DType == dtype) return x;
        var result = Tensor.EmptyWithLayout(Layout.Default(x.Shape), dtype, x.Device);
        x.Backend.Kernel<ICopyKernel>().Copy(x.View, result.View);
        return result;
    }
}
