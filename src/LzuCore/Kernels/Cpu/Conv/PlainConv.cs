using System.Numerics;
using LzuCore.Memory;

namespace LzuCore.Kernels.Cpu;

// Convolution by its definition, channels-last, any floating type: for each output pixel and tap, one row of weights per output channel.
// This is the float64 path (gradient checks): right and simple, not fast. Threads take output (or weight) rows; every sum has one fixed order.
internal sealed unsafe class PlainConv<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly Conv2dArgs _args;
    private readonly int _batch, _channels, _height, _width, _outputs, _outHeight, _outWidth, _kernelHeight, _kernelWidth, _groupInputs, _groupOutputs;

    public PlainConv(in Conv2dArgs args, Shape input, Shape weight, Shape output)
    {
        _args = args;
        (_batch, _channels, _height, _width) = (input[0], input[1], input[2], input[3]);
        (_outputs, _outHeight, _outWidth) = (output[1], output[2], output[3]);
        (_groupInputs, _kernelHeight, _kernelWidth) = (weight[1], weight[2], weight[3]);
        _groupOutputs = _outputs / args.Groups;
    }

    public void Forward(T* input, T* weight, in PlainEpilogue<T> epilogue, T* output)
    {
        var finish = epilogue;
        ParallelRows.For(_batch * _outHeight, 1, (begin, end) =>
        {
            for (var row = begin; row < end; row++)
            {
                var (n, oy) = Math.DivRem(row, _outHeight);
                for (var ox = 0; ox < _outWidth; ox++)
                {
                    var at = ((long)row * _outWidth + ox) * _outputs;
                    for (var o = 0; o < _outputs; o++)
                    {
                        var g = o / _groupOutputs;
                        var sum = T.Zero;
                        for (var i = 0; i < _kernelHeight; i++)
                            for (var j = 0; j < _kernelWidth; j++)
                            {
                                if (!Input(n, oy, ox, i, j, out var from)) continue;
                                T* x = input + from + g * _groupInputs, w = weight + Weight(o, i, j);
                                for (var c = 0; c < _groupInputs; c++) sum += x[c] * w[c];
                            }
                        output[at + o] = finish.Apply(sum, o, at + o);
                    }
                }
            }
        });
    }

    public void BackwardInput(T* dOutput, T* weight, in PlainEpilogue<T> epilogue, T* dInput)
    {
        var finish = epilogue;
        // One batch entry a unit: taps scatter within it.
        ParallelRows.For(_batch, 1, (begin, end) =>
        {
            for (var n = begin; n < end; n++)
            {
                new Span<T>(dInput + (long)n * _height * _width * _channels, checked(_height * _width * _channels)).Clear();
                for (var oy = 0; oy < _outHeight; oy++)
                    for (var ox = 0; ox < _outWidth; ox++)
                        for (var i = 0; i < _kernelHeight; i++)
                            for (var j = 0; j < _kernelWidth; j++)
                            {
                                if (!Input(n, oy, ox, i, j, out var to)) continue;
                                var dy = dOutput + (((long)n * _outHeight + oy) * _outWidth + ox) * _outputs;
                                for (var o = 0; o < _outputs; o++)
                                {
                                    T* dx = dInput + to + o / _groupOutputs * _groupInputs, w = weight + Weight(o, i, j);
                                    for (var c = 0; c < _groupInputs; c++) dx[c] += dy[o] * w[c];
                                }
                            }
                var first = (long)n * _height * _width;
                for (var p = first; p < first + (long)_height * _width; p++)
                    for (var c = 0; c < _channels; c++) dInput[p * _channels + c] = finish.Apply(dInput[p * _channels + c], c, p * _channels + c);
            }
        });
    }

    public void BackwardWeight(T* input, T* dOutput, T* dWeight) => ParallelRows.For(_outputs, 1, (begin, end) =>
    {
        for (var o = begin; o < end; o++)
        {
            new Span<T>(dWeight + Weight(o, 0, 0), _kernelHeight * _kernelWidth * _groupInputs).Clear();
            for (var n = 0; n < _batch; n++)
                for (var oy = 0; oy < _outHeight; oy++)
                    for (var ox = 0; ox < _outWidth; ox++)
                        for (var i = 0; i < _kernelHeight; i++)
                            for (var j = 0; j < _kernelWidth; j++)
                            {
                                if (!Input(n, oy, ox, i, j, out var from)) continue;
                                var dy = dOutput[(((long)n * _outHeight + oy) * _outWidth + ox) * _outputs + o];
                                T* x = input + from + o / _groupOutputs * _groupInputs, dw = dWeight + Weight(o, i, j);
                                for (var c = 0; c < _groupInputs; c++) dw[c] += dy * x[c];
                            }
        }
    });

    // The first channel of the input pixel that a tap of an output pixel reads; false in the padding.
    private bool Input(int n, int oy, int ox, int i, int j, out long at)
    {
        var y = (long)oy * _args.Stride.Height - _args.Padding.Height + (long)i * _args.Dilation.Height;
        var x = (long)ox * _args.Stride.Width - _args.Padding.Width + (long)j * _args.Dilation.Width;
        at = ((n * (long)_height + y) * _width + x) * _channels;
        return y >= 0 && y < _height && x >= 0 && x < _width;
    }

    private long Weight(int o, int i, int j) => (((long)o * _kernelHeight + i) * _kernelWidth + j) * _groupInputs;
}
