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
internal sealed class Conv2dKernel(Launcher launcher, Backend backend) : IConv2dKernel, ITakesHalves
{
    private const int WantedGroups = 512, LeastPiece = 512, MostPieces = 64;

    public void Forward(in Conv2dArgs args, TensorView input, TensorView weight, in Epilogue epilogue, TensorView output)
    {
        switch (output.DType)
        {
            case DType.Float64: Forward<double, double, Plain<double>>(args, input, weight, epilogue, output); break;
            case DType.BFloat16: Forward<float, ushort, BFloat16Stored>(args, input, weight, epilogue, output); break;
            case DType.Float16: Forward<float, ushort, Float16Stored>(args, input, weight, epilogue, output); break;
            default: Forward<float, float, Plain<float>>(args, input, weight, epilogue, output); break;
        }
    }

    public void BackwardInput(in Conv2dArgs args, TensorView dOutput, TensorView weight, in Epilogue epilogue, TensorView dInput)
    {
        switch (dInput.DType)
        {
            case DType.Float64: BackwardInput<double, double, Plain<double>>(args, dOutput, weight, epilogue, dInput); break;
            case DType.BFloat16: BackwardInput<float, ushort, BFloat16Stored>(args, dOutput, weight, epilogue, dInput); break;
            case DType.Float16: BackwardInput<float, ushort, Float16Stored>(args, dOutput, weight, epilogue, dInput); break;
            default: BackwardInput<float, float, Plain<float>>(args, dOutput, weight, epilogue, dInput); break;
        }
    }

    public void BackwardWeight(in Conv2dArgs args, TensorView input, TensorView dOutput, TensorView dWeight)
    {
        switch (dWeight.DType)
        {
            case DType.Float64: BackwardWeight<double, DoubleReal, double, Plain<double>>(args, input, dOutput, dWeight); break;
            case DType.BFloat16: BackwardWeight<float, SingleReal, ushort, BFloat16Stored>(args, input, dOutput, dWeight); break;
            case DType.Float16: BackwardWeight<float, SingleReal, ushort, Float16Stored>(args, input, dOutput, dWeight); break;
            default: BackwardWeight<float, SingleReal, float, Plain<float>>(args, input, dOutput, dWeight); break;
        }
    }

    public void BackwardBias(TensorView dOutput, TensorView dBias)
    {
        var sums = dBias.With(new Layout([1, dBias.Shape[0], 1, 1], [0, dBias.Layout.Strides[0], 0, 0], dBias.Layout.Offset));
        if (!dOutput.DType.IsHalf())
        {
            backend.Kernel<IReduceKernel>().Forward(ReduceKind.Sum, dOutput, sums);
            return;
        }
        using Scratch wide = new(backend, DType.Float32, dOutput.Count), total = new(backend, DType.Float32, dBias.Count);
        TensorView terms = wide.View.With(Layout.Default(dOutput.Shape)), bias = total.View.With(new Layout(sums.Shape, [0, 1, 0, 0]));
        backend.Kernel<ICopyKernel>().Copy(dOutput, terms);
        backend.Kernel<IReduceKernel>().Forward(ReduceKind.Sum, terms, bias);
        backend.Kernel<ICopyKernel>().Copy(total.View, dBias);
    }

    private void Forward<T, S, TStored>(in Conv2dArgs args, TensorView input, TensorView weight, in Epilogue epilogue, TensorView output)
        where T : unmanaged, IFloatingPointIeee754<T> where S : unmanaged where TStored : struct, IStored<S, T>
    {
        var g = new ConvShape(args, input.Shape, weight.Shape, output.Shape);
        var shape = new ProductShape(g.Groups, checked(g.Batch * g.OutHeight * g.OutWidth), g.OutPerGroup, g.Taps * g.InPerGroup);
        launcher.LaunchGroups<TileProduct<T, InputPatches<T, S, TStored>, WeightRows<T, S, TStored>, RowsResult<T, S, TStored>>, Quad<T>, TileProduct<T, InputPatches<T, S, TStored>, WeightRows<T, S, TStored>, RowsResult<T, S, TStored>>.Lane>(shape.Groups,
            new(shape, new InputPatches<T, S, TStored>(g, input), new WeightRows<T, S, TStored>(g, weight), new RowsResult<T, S, TStored>(g.OutChannels, g.OutPerGroup, g.OutPerGroup, g.OutPerGroup, epilogue, output)));
    }

    private void BackwardInput<T, S, TStored>(in Conv2dArgs args, TensorView dOutput, TensorView weight, in Epilogue epilogue, TensorView dInput)
        where T : unmanaged, IFloatingPointIeee754<T> where S : unmanaged where TStored : struct, IStored<S, T>
    {
        var g = new ConvShape(args, dInput.Shape, weight.Shape, dOutput.Shape);
        var shape = new ProductShape(g.Groups, checked(g.Batch * g.Height * g.Width), g.InPerGroup, g.Taps * g.OutPerGroup);
        launcher.LaunchGroups<TileProduct<T, OutputPatches<T, S, TStored>, WeightColumns<T, S, TStored>, RowsResult<T, S, TStored>>, Quad<T>, TileProduct<T, OutputPatches<T, S, TStored>, WeightColumns<T, S, TStored>, RowsResult<T, S, TStored>>.Lane>(shape.Groups,
            new(shape, new OutputPatches<T, S, TStored>(g, dOutput), new WeightColumns<T, S, TStored>(g, weight), new RowsResult<T, S, TStored>(g.InChannels, g.InPerGroup, g.InPerGroup, g.InPerGroup, epilogue, dInput)));
    }

    private void BackwardWeight<T, TReal, S, TStored>(in Conv2dArgs args, TensorView input, TensorView dOutput, TensorView dWeight)
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where S : unmanaged where TStored : struct, IStored<S, T>
    {
        if (dWeight.Count == 0) return;
        var g = new ConvShape(args, input.Shape, dWeight.Shape, dOutput.Shape);
        var pixels = checked(g.Batch * g.OutHeight * g.OutWidth);
        var whole = new ProductShape(g.Groups, g.OutPerGroup, g.Taps * g.InPerGroup, pixels);
        var pieces = (int)Math.Clamp(Math.Min(WantedGroups / Math.Max(1, whole.Groups), pixels / LeastPiece), 1, MostPieces);
        var length = (pixels + pieces - 1) / pieces;
        var shape = new ProductShape(g.Groups * pieces, whole.M, whole.N, length);
        using var scratch = new Scratch(backend, dWeight.DType.IsHalf() ? DType.Float32 : dWeight.DType, dWeight.Count * pieces);
        launcher.LaunchGroups<TileProduct<T, OutputColumns<T, S, TStored>, InputColumns<T, S, TStored>, RowsResult<T, T, Plain<T>>>, Quad<T>, TileProduct<T, OutputColumns<T, S, TStored>, InputColumns<T, S, TStored>, RowsResult<T, T, Plain<T>>>.Lane>(shape.Groups,
            new(shape, new OutputColumns<T, S, TStored>(g, pieces, length, dOutput), new InputColumns<T, S, TStored>(g, pieces, length, input),
                new RowsResult<T, T, Plain<T>>(whole.N, (long)whole.M * whole.N, 0, whole.N, default, scratch.View)));
        launcher.Launch(dWeight.Count, new PiecesBody<T, TReal, S, TStored>(pieces, (long)whole.M * whole.N, scratch.Elements<T>(), dWeight.Dense<S>()), grain: 1024);
    }

    /// <summary>dWeight = the sum over pieces, in order: pieces of one group of channels follow each other.</summary>
    internal readonly struct PiecesBody<T, TReal, S, TStored>(int pieces, long entry, ArrayView<T> parts, ArrayView<S> dWeight) : IKernelBody
        where T : unmanaged, IFloatingPointIeee754<T> where TReal : struct, IReal<T> where S : unmanaged where TStored : struct, IStored<S, T>
    {
        public void Run(int index)
        {
            var group = index / entry;
            var at = group * pieces * entry + (index - group * entry);
            double total = 0;
            for (var piece = 0; piece < pieces; piece++, at += entry) total += TReal.ToDouble(parts[at]);
            dWeight[index] = TStored.Save(TReal.From(total));
        }
    }
}
