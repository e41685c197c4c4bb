using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Deformable convolution on the CPU: prepares points and packed weights, and loops over groups of channels.
//   forward    SampledConv
//   gradients  SampledConvGradient
//   float64    PlainDeformConv
// Packed weights are kept with the weight's storage.
internal sealed unsafe class DeformConv2dKernel(MicroKernel micro, SimdWidth width) : IDeformConv2dKernel
{
    private readonly SampledConv _sampled = new(micro, width);
    private readonly SampledConvGradient _gradient = new(micro, width);

    private readonly record struct PanelsKey(int Lanes, bool Adjoint, long Offset, Shape Weight, int Groups);

    public void Forward(in DeformConv2dArgs args, TensorView input, TensorView weight, TensorView offset, TensorView? mask, in Epilogue epilogue, TensorView output)
    {
        if (output.Count == 0) return;
        if (output.DType == DType.Float64)
        {
            new PlainDeformConv<double>(args, input, weight, offset, mask).Forward(new PlainEpilogue<double>(epilogue), output.Pointer<double>());
            return;
        }
        var points = new DeformPoints<float>(args, input.Shape, weight.Shape, offset, mask);
        var panels = WeightPanels(weight, args.Conv.Groups, adjoint: false);
        int outputs = weight.Shape[0], columns = outputs / args.Conv.Groups;
        using var bias = TileSink.PaddedBias(micro, epilogue, outputs);
        for (var g = 0; g < panels.Length; g++)
            _sampled.Run(points, ChannelRun.Of(args, input.Shape[1], g), weight.Shape[1], input.Pointer<float>(), panels[g], output.Pointer<float>() + g * columns, outputs,
                new TileSink(bias.Pointer + g * columns, epilogue, output.Pointer<float>()));
    }

    public void Backward(in DeformConv2dArgs args, TensorView input, TensorView weight, TensorView offset, TensorView? mask, TensorView dOutput,
        TensorView? dInput, TensorView? dWeight, TensorView? dOffset, TensorView? dMask)
    {
        if (input.DType == DType.Float64)
        {
            new PlainDeformConv<double>(args, input, weight, offset, mask).Backward(dOutput.Pointer<double>(),
                Cleared<double>(dInput), Cleared<double>(dWeight), ClearedField<double>(dOffset), ClearedField<double>(dMask));
            return;
        }
        var points = new DeformPoints<float>(args, input.Shape, weight.Shape, offset, mask);
        int groups = args.Conv.Groups, length = weight.Shape[1], outputs = weight.Shape[0] / groups;
        var wanted = new SampledConvGradient.Wanted
        {
            Input = Cleared<float>(dInput),
            Offset = ClearedField<float>(dOffset),
            Mask = ClearedField<float>(dMask),
            Field = dOffset is not null || dMask is not null,
        };
        var dw = Cleared<float>(dWeight);
        var panels = dInput is not null || wanted.Field ? WeightPanels(weight, groups, adjoint: true) : null;
        for (var g = 0; g < groups; g++)
            _gradient.Run(points, ChannelRun.Of(args, input.Shape[1], g), length, input.Pointer<float>(), panels?[g], dOutput.Pointer<float>() + g * outputs, weight.Shape[0], outputs,
                wanted with { Weight = dw is null ? null : dw + (long)g * outputs * points.Taps * length });
    }

    // Columns are output channels and the depth (tap, input channel), a weight's own order; of the adjoint, the other way round.
    private Panels[] WeightPanels(TensorView weight, int groups, bool adjoint) =>
        weight.Storage.Derive(new PanelsKey(micro.VectorLanes, adjoint, weight.Layout.Offset, weight.Shape, groups), () =>
        {
            int outputs = weight.Shape[0] / groups, depth = weight.Shape[1] * weight.Shape[2] * weight.Shape[3];
            var panels = new Panels[groups];
            for (var g = 0; g < groups; g++)
            {
                var first = weight.Pointer<float>() + (long)g * outputs * depth;
                panels[g] = adjoint ? new Panels(micro, outputs, depth).Fill(first, 1, depth, [0], outputs) : new Panels(micro, depth, outputs).Fill(first, depth, 1, [0], depth);
            }
            return panels;
        });

    private static T* Cleared<T>(TensorView? view) where T : unmanaged
    {
        if (view is not { } v) return null;
        new Span<T>(v.Pointer<T>(), checked((int)v.Count)).Clear();
        return v.Pointer<T>();
    }

    private static DeformPoints<T>.Field ClearedField<T>(TensorView? view) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (view is not { } v) return default;
        Cleared<T>(v);
        return new DeformPoints<T>.Field(v);
    }
}
