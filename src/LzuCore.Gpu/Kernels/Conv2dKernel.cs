using System.Numerics;
using ILGPU;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Convolutions as tile products over channels-last data; batch entries are groups. A term is (tap, channel), channel fastest, as weights lie.
// Forward:  rows are output pixels, columns output channels.
// To input: rows are input pixels, columns input channels, terms (tap, output channel).
// To weight: rows are output channels, columns (tap, input channel), terms output pixels, which are many and the tiles few: pixels are cut into
//           pieces by the shape alone, summed by groups of their own and then added in order.
internal sealed class Conv2dKernel(Launcher launcher, Backend backend) : IConv2dKernel
{
    private const int WantedGroups = 512, LeastPiece = 512, MostPieces = 64;

    public void Forward(in Conv2dArgs args, TensorView input, TensorView weight, in Epilogue epilogue, TensorView output)
    {
        if (output.DType == DType.Float64) Forward<double>(args, input, weight, epilogue, output);
        else Forward<float>(args, input, weight, epilogue, output);
    }

    public void BackwardInput(in Conv2dArgs args, TensorView dOutput, TensorView weight, in Epilogue epilogue, TensorView dInput)
    {
        if (dInput.DType == DType.Float64) BackwardInput<double>(args, dOutput, weight, epilogue, dInput);
        else BackwardInput<float>(args, dOutput, weight, epilogue, dInput);
    }

    public void BackwardWeight(in Conv2dArgs args, TensorView input, TensorView dOutput, TensorView dWeight)
    {
        if (dWeight.DType == DType.Float64) BackwardWeight<double, DoubleReal>(args, input, dOutput, dWeight);
        else BackwardWeight<float, SingleReal>(args, input, dOutput, dWeight);
    }

    public void BackwardBias(TensorView dOutput, TensorView dBias) =>
        backend.Kernel<IReduceKernel>().Forward(ReduceKind.Sum, dOutput, new TensorView(dBias.Storage, new Layout([1, dBias.Shape[0], 1, 1], [0, dBias.Layout.Strides[0], 0, 0], dBias.Layout.Offset), dBias.DType));

    private void Forward<T>(in Conv2dArgs args, TensorView input, TensorView weight, in Epilogue epilogue, TensorView output) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var g = new ConvShape(args, input.Shape, weight.Shape, output.Shape);
        var shape = new ProductShape(g.Groups, checked(g.Batch * g.OutHeight * g.OutWidth), g.OutPerGroup, g.Taps * g.InPerGroup);
        launcher.LaunchGroups<TileProduct<T, InputPatches<T>, WeightRows<T>, RowsResult<T>>, Quad<T>, TileProduct<T, InputPatches<T>, WeightRows<T>, RowsResult<T>>.Lane>(shape.Groups,
            new(shape, new InputPatches<T>(g, input), new WeightRows<T>(g, weight), new RowsResult<T>(g.OutChannels, g.OutPerGroup, g.OutPerGroup, g.OutPerGroup, epilogue, output)));
    }

    private void BackwardInput<T>(in Conv2dArgs args, TensorView dOutput, TensorView weight, in Epilogue epilogue, TensorView dInput) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var g = new ConvShape(args, dInput.Shape, weight.Shape, dOutput.Shape);
        var shape = new ProductShape(g.Groups, checked(g.Batch * g.Height * g.Width), g.InPerGroup, g.Taps * g.OutPerGroup);
        launcher.LaunchGroups<TileProduct<T, OutputPatches<T>, WeightColumns<T>, RowsResult<T>>, Quad<T>, TileProduct<T, OutputPatches<T>, WeightColumns<T>, RowsResult<T>>.Lane>(shape.Groups,
            new(shape, new OutputPatches<T>(g, dOutput), new WeightColumns<T>(g, weight), new RowsResult<T>(g.InChannels, g.InPerGroup, g.InPerGroup, g.InPerGroup, epilogue, dInput)));
    }

    private void BackwardWeight<T, TReal>(in Conv2dArgs args, TensorView input, TensorView dOutput, TensorView dWeight) where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        if (dWeight.Count == 0) return;
        var g = new ConvShape(args, input.Shape, dWeight.Shape, dOutput.Shape);
        var pixels = checked(g.Batch * g.OutHeight * g.OutWidth);
        var whole = new ProductShape(g.Groups, g.OutPerGroup, g.Taps * g.InPerGroup, pixels);
        var pieces = (int)Math.Clamp(Math.Min(WantedGroups / Math.Max(1, whole.Groups), pixels / LeastPiece), 1, MostPieces);
        var length = (pixels + pieces - 1) / pieces;
        var shape = new ProductShape(g.Groups * pieces, whole.M, whole.N, length);
        using var scratch = new Scratch(backend, dWeight.DType, dWeight.Count * pieces);
        launcher.LaunchGroups<TileProduct<T, OutputColumns<T>, InputColumns<T>, RowsResult<T>>, Quad<T>, TileProduct<T, OutputColumns<T>, InputColumns<T>, RowsResult<T>>.Lane>(shape.Groups,
            new(shape, new OutputColumns<T>(g, pieces, length, dOutput), new InputColumns<T>(g, pieces, length, input),
                new RowsResult<T>(whole.N, (long)whole.M * whole.N, 0, whole.N, default, scratch.View)));
        launcher.Launch(dWeight.Count, new PiecesBody<T, TReal>(pieces, (long)whole.M * whole.N, scratch.Elements<T>(), dWeight.Dense<T>()), grain: 1024);
    }

    /// <summary>dWeight = the sum over pieces, in order: pieces of one group of channels follow each other.</summary>
    internal readonly struct PiecesBody<T, TReal>(int pieces, long entry, ArrayView<T> parts, ArrayView<T> dWeight) : IKernelBody where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T>
    {
        public void Run(int index)
        {
            var group = index / entry;
            var at = group * pieces * entry + (index - group * entry);
            double total = 0;
            for (var piece = 0; piece < pieces; piece++, at += entry) total += TReal.ToDouble(parts[at]);
            dWeight[index] = TReal.From(total);
        }
    }
}
