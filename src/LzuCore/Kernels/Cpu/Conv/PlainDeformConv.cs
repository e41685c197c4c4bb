using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Deformable convolution by its definition, any floating type: per output pixel, the row that its taps read, then products with rows of weights. This is the float64 path
// (gradient checks): right and simple, not fast. Forward, threads take pixels; backward, one walks all of them in order.
internal sealed unsafe class PlainDeformConv<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly DeformPoints<T> _points;
    private readonly ChannelRun[][] _runs;
    private readonly T* _input, _weight;
    private readonly int _length, _depth, _outputs, _groupOutputs;

    public PlainDeformConv(in DeformConv2dArgs args, TensorView input, TensorView weight, TensorView offset, TensorView? mask)
    {
        var deform = args;
        _points = new DeformPoints<T>(args, input.Shape, weight.Shape, offset, mask);
        _runs = [.. Enumerable.Range(0, args.Conv.Groups).Select(g => ChannelRun.Of(deform, input.Shape[1], g))];
        _input = input.Pointer<T>();
        _weight = weight.Pointer<T>();
        (_length, _outputs) = (weight.Shape[1], weight.Shape[0]);
        (_depth, _groupOutputs) = (_points.Taps * _length, _outputs / args.Conv.Groups);
    }

    public void Forward(in PlainEpilogue<T> epilogue, T* output)
    {
        var finish = epilogue;
        ParallelRows.For(_points.Pixels, 16, (begin, end) =>
        {
            using var room = new Scratch((long)_depth * sizeof(T));
            var columns = (T*)room.Pointer;
            for (var p = begin; p < end; p++)
                for (var o = 0; o < _outputs; o++)
                {
                    if (o % _groupOutputs == 0) _points.Columns(SimdWidth.Portable, p, _runs[o / _groupOutputs], _length, 0, _points.Taps, _input, columns);
                    var w = _weight + (long)o * _depth;
                    var sum = T.Zero;
                    for (var k = 0; k < _depth; k++) sum += w[k] * columns[k];
                    var at = (long)p * _outputs + o;
                    output[at] = finish.Apply(sum, o, at);
                }
        });
    }

    /// <summary>Adds to what is there; null pointers and absent fields are not wanted.</summary>
    public void Backward(T* dOutput, T* dInput, T* dWeight, DeformPoints<T>.Field dOffset, DeformPoints<T>.Field dMask)
    {
        using var room = new Scratch(2L * _depth * sizeof(T));
        T* columns = (T*)room.Pointer, dColumns = columns + _depth;
        for (var p = 0; p < _points.Pixels; p++)
            for (var g = 0; g < _runs.Length; g++)
            {
                _points.Columns(SimdWidth.Portable, p, _runs[g], _length, 0, _points.Taps, _input, columns);
                new Span<T>(dColumns, _depth).Clear();
                for (var o = g * _groupOutputs; o < (g + 1) * _groupOutputs; o++)
                {
                    var dy = dOutput[(long)p * _outputs + o];
                    ChannelVectors.AddScaled(SimdWidth.Portable, dColumns, _weight + (long)o * _depth, dy, _depth);
                    if (dWeight is not null) ChannelVectors.AddScaled(SimdWidth.Portable, dWeight + (long)o * _depth, columns, dy, _depth);
                }
                _points.AddFieldGradients(p, _runs[g], _length, _input, dColumns, dOffset, dMask);
                if (dInput is not null) _points.AddInputGradient(SimdWidth.Portable, p, _runs[g], _length, 0, _length, dColumns, dInput);
            }
    }
}
