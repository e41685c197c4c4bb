using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Ops;

public static partial class F
{
    /// <summary>Dropout: each element is 0 with probability p, else divided by 1 - p. The input itself when not training.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="p">Probability in [0, 1]; 1 gives zeros.</param>
    /// <param name="training">Whether anything is dropped.</param>
    /// <param name="random">Decides what: element i (logical order) is dropped where <c>random.Uniform(i) &lt; p</c>. The same source gives the same mask; take a new one each step.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <remarks>Gradient: the same mask and factor. Source: Srivastava et al. 2014.</remarks>
    /// <exception cref="ArgumentValueException">p is outside [0, 1].</exception>
    public static Tensor Dropout(Tensor x, double p, bool training, RandomSource random) => Dropout("dropout", x, p, training, random, wholeChannels: false);

    /// <summary>Channel-wise dropout: each channel of each image is 0 with probability p, else divided by 1 - p. The input itself when not training.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="p">Probability in [0, 1]; 1 gives zeros.</param>
    /// <param name="training">Whether anything is dropped.</param>
    /// <param name="random">Decides what: channel c of image n is dropped where <c>random.Uniform(n · C + c) &lt; p</c>.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <remarks>Gradient: the same mask and factor. Source: Tompson et al. 2015.</remarks>
    /// <exception cref="ShapeException">The rank is not 4.</exception>
    /// <exception cref="ArgumentValueException">p is outside [0, 1].</exception>
    public static Tensor Dropout2d(Tensor x, double p, bool training, RandomSource random)
    {
        Check.Rank("dropout2d: input", x.Shape, 4);
        return Dropout("dropout2d", x, p, training, random, wholeChannels: true);
    }

    private static Tensor Dropout(string op, Tensor x, double p, bool training, RandomSource random, bool wholeChannels)
    {
        Check.Floating($"{op}: input", x.DType);
        Check.That(p is >= 0 and <= 1, $"{op}: p must lie in [0, 1], got {p}.");
        return training && p > 0 ? Op.Apply(new DropoutOp(op, new DropoutArgs(random, p, wholeChannels)), x) : x;
    }
}

internal sealed class DropoutOp(string name, DropoutArgs args) : Op(name)
{
    protected override Tensor Forward(ReadOnlySpan<Tensor> inputs)
    {
        var input = inputs[0].Contiguous();
        var output = Tensor.Empty(input.Shape, input);
        input.Backend.Kernel<IDropoutKernel>().Forward(args, input.View, output.View);
        return output;
    }

    protected internal override void Backward(Tensor dOutput, GradSink sink)
    {
        if (sink.Empty(0) is { } dInput) dOutput.Backend.Kernel<IDropoutKernel>().Forward(args, dOutput.Contiguous().View, dInput.View);
    }
}
