using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    extension(Tensor x)
    {
        /// <summary>The same values in the default dense layout (channels-last for rank 4); the tensor itself when it already is.</summary>
        public Tensor Contiguous() => x.Layout.IsDefault ? x : Op.Apply(new CopyOp("contiguous", x.DType, Layout.Default), x);

        /// <summary>The same values in another dtype; the tensor itself when it already has it. Floats to integers truncate and saturate.
        /// Gradient: flows between float32 and float64, stops elsewhere.</summary>
        public Tensor To(DType dtype) => x.DType == dtype ? x : Op.Apply(new CopyOp("to", dtype, Layout.Default), x);

        /// <summary>The same values on another device; the tensor itself when it is there. Not differentiable.</summary>
        public Tensor To(Device device)
        {
            if (x.Device == device) return x;
            GraphCapture.RefuseRead("to", x);
            var dense = x.Contiguous();
            var bytes = new byte[dense.Shape.Count * dense.DType.Size()];
            if (dense.Layout.Offset != 0) dense = Op.Apply(new CopyOp("to", dense.DType, Layout.Default), dense);
            dense.Backend.Download(dense.View.Storage, bytes);
            var result = Tensor.Empty(x.Shape, x.DType, device);
            result.Backend.Upload(bytes, result.View.Storage);
            return result;
        }
    }
}
