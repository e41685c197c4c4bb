using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Convolution on the CPU: chooses the algorithm, prepares sources and packed weights, and loops over groups.
//   forward         depthwise loops, WinogradConv for 3x3 of stride 1 or 2, stems and 1x1 (Strassen) where it pays, or DirectConv, over the forward phase
//   input gradient  (and conv_transpose2d) the same three over the phases of the adjoint; those of stride 2 are never Winograd's
//   weight gradient depthwise loops, WinogradWeightGradient where it pays, or WeightGradient
//   float64         PlainConv
// Packed weights are kept with the weight's storage; the key says which adjoint, geometry and path they are for.
internal sealed unsafe class Conv2dKernel(MicroKernel micro, ConvAlgorithm algorithm = ConvAlgorithm.Fastest) : IConv2dKernel
{
    private readonly DirectConv _direct = new(micro);
    private readonly WinogradConv _winograd = new(micro);
    private readonly WeightGradient _weightGradient = new(micro);
    private readonly WinogradWeightGradient _winogradWeightGradient = new(micro);

    private readonly record struct PanelsKey(int Lanes, bool Adjoint, long Offset, Shape Weight, Conv2dArgs Args, int Phase, int Length);

    private readonly record struct FiltersKey(int Lanes, WinogradForm Form, bool Adjoint, long Offset, Shape Weight, int Groups);

    public void Forward(in Conv2dArgs args, TensorView input, TensorView weight, in Epilogue epilogue, TensorView output)
    {
        if (output.Count == 0) return;
        if (output.DType == DType.Float64)
        {
            new PlainConv<double>(args, input.Shape, weight.Shape, output.Shape).Forward(input.Pointer<double>(), weight.Pointer<double>(), new PlainEpilogue<double>(epilogue), output.Pointer<double>());
            return;
        }
        Size2 kernel = new(weight.Shape[2], weight.Shape[3]), size = new(output.Shape[2], output.Shape[3]);
        if (IsDepthwise(args, weight, output.Shape[1]))
        {
            DepthwiseConv.Run(new Picture(input), Phase.Forward(args, kernel, size), weight.Pointer<float>(), kernel.Height * kernel.Width, output.Shape[1], epilogue, new Picture(output));
            return;
        }
        if (WinogradConv.Fits(args, kernel) && Phase.Forward(args, kernel, size) is var forward && FormOf([forward], weight.Shape[1], weight.Shape[0] / args.Groups) is { } form)
        {
            Winograd(form, [(new Picture(input), forward, output)], weight.Shape[1], Filters(form, args, weight, adjoint: false), epilogue);
            return;
        }
        if (Strassen1x1.Fits(args, kernel) && Phase.Forward(args, kernel, size) is var point && FormOf([point], weight.Shape[1], weight.Shape[0]) is { } pairs)
        {
            Winograd(pairs, [(new Picture(input), point, output)], weight.Shape[1], Filters(pairs, args, weight, adjoint: false), epilogue);
            return;
        }
        if (PairedSource.Fits(args, kernel) && PairedSource.Forward(args, size) is var paired && FormOf([paired], 4 * weight.Shape[1], weight.Shape[0]) is { } stem)
        {
            using var squares = new PairedSource(args, new Picture(input), weight.Shape[1]);
            Winograd(stem, [(squares.Picture, paired, output)], 4 * weight.Shape[1], Filters(stem, args, weight, adjoint: false), epilogue);
            return;
        }
        using var source = new ConvSource(args, input, kernel, size);
        var panels = ForwardPanels(args, weight, source.Phase.Taps.Length, source.Length);
        Run(source.Picture, weight.Shape[1], source.Length, source.Phase, panels, epilogue, output);
    }

    public void ForwardEach(in Conv2dArgs args, ReadOnlySpan<TensorView> inputs, TensorView weight, in Epilogue epilogue, ReadOnlySpan<TensorView> outputs)
    {
        var kernel = new Size2(weight.Shape[2], weight.Shape[3]);
        if (inputs.Length > 1 && weight.DType == DType.Float32 && WinogradConv.Fits(args, kernel) && !IsDepthwise(args, weight, weight.Shape[0]))
        {
            var maps = new (Picture Source, Phase Phase, TensorView Target)[inputs.Length];
            var phases = new Phase[inputs.Length];
            for (var i = 0; i < maps.Length; i++)
            {
                maps[i] = (new Picture(inputs[i]), Phase.Forward(args, kernel, new(outputs[i].Shape[2], outputs[i].Shape[3])), outputs[i]);
                phases[i] = maps[i].Phase;
            }
            if (FormOf(phases, weight.Shape[1], weight.Shape[0] / args.Groups) is { } form)
            {
                Winograd(form, maps, weight.Shape[1], Filters(form, args, weight, adjoint: false), epilogue);
                return;
            }
        }
        for (var i = 0; i < inputs.Length; i++) Forward(args, inputs[i], weight, epilogue, outputs[i]);
    }

    // Sums of one piece alone: longer ones, which pixels apart from each other have, are kept in the output between pieces.
    public bool OverwritesResidual(in Conv2dArgs args, DType dtype, Shape weight) =>
        dtype == DType.Float32 && args.Stride == new Size2(1, 1) && Strassen1x1.Fits(args, new(weight[2], weight[3]));

    public void BackwardInput(in Conv2dArgs args, TensorView dOutput, TensorView weight, in Epilogue epilogue, TensorView dInput)
    {
        if (dInput.Count == 0) return;
        if (dInput.DType == DType.Float64)
        {
            new PlainConv<double>(args, dInput.Shape, weight.Shape, dOutput.Shape).BackwardInput(dOutput.Pointer<double>(), weight.Pointer<double>(), new PlainEpilogue<double>(epilogue), dInput.Pointer<double>());
            return;
        }
        Size2 kernel = new(weight.Shape[2], weight.Shape[3]), size = new(dInput.Shape[2], dInput.Shape[3]);
        var depthwise = IsDepthwise(args, weight, dInput.Shape[1]);
        int index = 0, length = weight.Shape[0] / args.Groups;
        foreach (var phase in Phase.BackwardInput(args, kernel, size))
        {
            if (depthwise) DepthwiseConv.Run(new Picture(dOutput), phase, weight.Pointer<float>(), kernel.Height * kernel.Width, dInput.Shape[1], epilogue, new Picture(dInput));
            else if (WinogradConv.Fits(args, kernel) && args.Stride == new Size2(1, 1) && FormOf([phase], length, weight.Shape[1]) is { } form)
                Winograd(form, [(new Picture(dOutput), phase, dInput)], length, Filters(form, args, weight, adjoint: true), epilogue);
            else Run(new Picture(dOutput), length, length, phase, AdjointPanels(args, weight, phase, index++), epilogue, dInput);
        }
    }

    public void BackwardWeight(in Conv2dArgs args, TensorView input, TensorView dOutput, TensorView dWeight)
    {
        if (dWeight.Count == 0) return;
        if (dWeight.DType == DType.Float64)
        {
            new PlainConv<double>(args, input.Shape, dWeight.Shape, dOutput.Shape).BackwardWeight(input.Pointer<double>(), dOutput.Pointer<double>(), dWeight.Pointer<double>());
            return;
        }
        Size2 kernel = new(dWeight.Shape[2], dWeight.Shape[3]), size = new(dOutput.Shape[2], dOutput.Shape[3]);
        if (IsDepthwise(args, dWeight, input.Shape[1]))
        {
            DepthwiseConv.BackwardWeight(new Picture(input), Phase.Forward(args, kernel, size), new Picture(dOutput), input.Shape[1], dWeight.Pointer<float>());
            return;
        }
        var outputs = dWeight.Shape[0] / args.Groups;
        if (WinogradConv.Fits(args, kernel) && args.Stride == new Size2(1, 1) && Phase.Forward(args, kernel, size) is var forward && Allows(WinogradWeightGradient.Pays(input.Shape[0], forward, dWeight.Shape[1], outputs)))
        {
            for (var g = 0; g < args.Groups; g++)
                _winogradWeightGradient.Run(Shift(new Picture(input), g * dWeight.Shape[1]), dWeight.Shape[1], forward, Shift(new Picture(dOutput), g * outputs), outputs, dWeight.Pointer<float>() + 9L * g * outputs * dWeight.Shape[1]);
            return;
        }
        using var source = new ConvSource(args, input, kernel, size);
        for (var g = 0; g < args.Groups; g++)
            _weightGradient.Run(Shift(source.Picture, g * dWeight.Shape[1]), source.Length, source.Phase, Shift(new Picture(dOutput), g * outputs), outputs,
                dWeight.Pointer<float>() + (long)g * outputs * source.Phase.Taps.Length * source.Length);
    }

    public void BackwardBias(TensorView dOutput, TensorView dBias)
    {
        var channels = dOutput.Shape[1];
        var pixels = channels == 0 ? 0 : dOutput.Count / channels;
        if (dBias.DType == DType.Float64) SumRows(dOutput.Pointer<double>(), dBias.Pointer<double>(), pixels, channels);
        else SumRows(dOutput.Pointer<float>(), dBias.Pointer<float>(), pixels, channels);
    }

    // Column sums in float64: a block of channels a unit, pixels in order.
    private static void SumRows<T>(T* rows, T* sums, long pixels, int channels) where T : unmanaged, IFloatingPointIeee754<T>
    {
        const int Block = 64;
        ParallelRows.For((channels + Block - 1) / Block, 1, (begin, end) =>
        {
            var total = stackalloc double[Block];
            for (var block = begin; block < end; block++)
            {
                int first = block * Block, count = Math.Min(Block, channels - first);
                new Span<double>(total, Block).Clear();
                for (long p = 0; p < pixels; p++)
                {
                    var row = rows + p * channels + first;
                    for (var c = 0; c < count; c++) total[c] += double.CreateTruncating(row[c]);
                }
                for (var c = 0; c < count; c++) sums[first + c] = T.CreateTruncating(total[c]);
            }
        });
    }

    // Each group: its channels of the source, its panels, its channels of the target.
    private void Run(Picture source, int groupChannels, int length, Phase phase, Panels[] panels, in Epilogue epilogue, TensorView output)
    {
        var columns = panels[0].Cut.Columns;
        var target = new Picture(output);
        using var bias = TileSink.PaddedBias(micro, epilogue, output.Shape[1]);
        for (var g = 0; g < panels.Length; g++)
            _direct.Run(Shift(source, g * groupChannels), length, phase, panels[g], Shift(target, g * columns), new TileSink(bias.Pointer + g * columns, epilogue, output.Pointer<float>()));
    }

    private bool Allows(bool pays) => algorithm switch
    {
        ConvAlgorithm.Direct => false,
        ConvAlgorithm.Fastest => CpuBackend.Winograd && pays,
        _ => true,
    };

    // Tiles of one convolution of maps; null for none.
    private WinogradForm? FormOf(ReadOnlySpan<Phase> maps, int channels, int outputs)
    {
        var allowed = algorithm != ConvAlgorithm.Fastest || (maps[0].Taps.Length == 1 ? CpuBackend.Strassen : CpuBackend.Winograd);
        return allowed ? WinogradForm.For(algorithm, micro.VectorLanes, maps, channels, outputs) : null;
    }

    private void Winograd(WinogradForm form, (Picture Source, Phase Phase, TensorView Target)[] maps, int groupChannels, Panels[] filters, in Epilogue epilogue)
    {
        var columns = filters[0].Cut.Columns;
        using var bias = TileSink.PaddedBias(micro, epilogue, maps[0].Target.Shape[1]);
        for (var g = 0; g < filters.Length; g++)
        {
            var shifted = new WinogradMap[maps.Length];
            for (var i = 0; i < maps.Length; i++)
            {
                var (source, phase, target) = maps[i];
                shifted[i] = new WinogradMap(form, Shift(source, g * groupChannels), phase, Shift(new Picture(target), g * columns), new TileSink(bias.Pointer + g * columns, epilogue, target.Pointer<float>()));
            }
            _winograd.Run(form, shifted, groupChannels, filters[g]);
        }
    }

    // Transformed filters of each group.
    private Panels[] Filters(WinogradForm form, Conv2dArgs args, TensorView weight, bool adjoint) =>
        weight.Storage.Derive(new FiltersKey(micro.VectorLanes, form, adjoint, weight.Layout.Offset, weight.Shape, args.Groups), () =>
        {
            int outputs = weight.Shape[0] / args.Groups, inputs = weight.Shape[1];
            if (form == WinogradForm.Stem)
            {
                using var squares = PairedSource.Weights(weight.Pointer<float>(), outputs, inputs);
                return [_winograd.Filters(form, squares.Pointer, outputs, 4 * inputs)];
            }
            var filters = new Panels[args.Groups];
            for (var g = 0; g < filters.Length; g++)
            {
                var first = weight.Pointer<float>() + (long)g * outputs * form.Kernel * form.Kernel * inputs;
                filters[g] = adjoint ? _winograd.AdjointFilters(form, first, outputs, inputs) : _winograd.Filters(form, first, outputs, inputs);
            }
            return filters;
        });

    // Columns are output channels, the depth (tap, input channel): a weight's own order.
    private Panels[] ForwardPanels(Conv2dArgs args, TensorView weight, int taps, int length) =>
        weight.Storage.Derive(new PanelsKey(micro.VectorLanes, false, weight.Layout.Offset, weight.Shape, new Conv2dArgs(default, default, default, args.Groups), 0, length), () =>
        {
            int outputs = weight.Shape[0] / args.Groups, depth = taps * length;
            var panels = new Panels[args.Groups];
            for (var g = 0; g < panels.Length; g++)
                panels[g] = new Panels(micro, depth, outputs).Fill(weight.Pointer<float>() + (long)g * outputs * depth, depth, 1, [0], depth);
            return panels;
        });

    // Columns are input channels, the depth (tap of the phase, output channel).
    private Panels[] AdjointPanels(Conv2dArgs args, TensorView weight, Phase phase, int index) =>
        weight.Storage.Derive(new PanelsKey(micro.VectorLanes, true, weight.Layout.Offset, weight.Shape, args, index, 0), () =>
        {
            int outputs = weight.Shape[0] / args.Groups, inputs = weight.Shape[1], row = inputs * weight.Shape[2] * weight.Shape[3];
            var panels = new Panels[args.Groups];
            var offsets = phase.Taps.Select(t => (nint)t.Weight * inputs).ToArray();
            for (var g = 0; g < panels.Length; g++)
                panels[g] = new Panels(micro, (long)offsets.Length * outputs, inputs).Fill(weight.Pointer<float>() + (long)g * outputs * row, 1, row, offsets, outputs);
            return panels;
        });

    private static bool IsDepthwise(in Conv2dArgs args, TensorView weight, int channels) => args.Groups > 1 && args.Groups == channels && weight.Shape[0] == channels && weight.Shape[1] == 1;

    private static Picture Shift(Picture picture, int channels) => new(picture.Data + channels, picture.Batch, picture.Height, picture.Width, (int)picture.Pixel);
}
