using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Gpu.Tests.Cudnn;

/// <summary>A convolution's operands on the host and on device <c>ilgpu</c>, whose memory is the host's, so that a fake library can read it.</summary>
internal sealed class ConvOperands
{
    public ConvOperands(Conv2dArgs args, int[] input, int[] weight, DType dtype = DType.Float32)
    {
        Args = args;
        Input = Random(1, input, dtype);
        Weight = Random(2, weight, dtype);
        var size = args.OutputSize(new(input[2], input[3]), new(weight[2], weight[3]));
        int[] output = [input[0], weight[0], size.Height, size.Width];
        Bias = Random(3, [weight[0]], dtype);
        Residual = Random(4, output, dtype);
        DOutput = Random(5, output, dtype);
        InputBias = Random(6, [input[1]], dtype);
        InputResidual = Random(7, input, dtype);
    }

    public static Device Gpu { get; } = new("ilgpu");

    public static Backend Backend => BackendRegistry.Get(Gpu);

    public static IConv2dKernel Cpu => BackendRegistry.Get(Device.Cpu).Kernel<IConv2dKernel>();

    public Conv2dArgs Args { get; }
    public Tensor Input { get; }
    public Tensor Weight { get; }
    public Tensor Bias { get; }
    public Tensor Residual { get; }
    public Tensor DOutput { get; }
    public Tensor InputBias { get; }
    public Tensor InputResidual { get; }

    /// <summary>The forward pass of a kernel on the device and of the CPU's.</summary>
    public (Tensor Got, Tensor Expected) Forward(IConv2dKernel kernel, bool bias, bool residual, Activation activation)
    {
        Tensor x = On(Input), w = On(Weight), b = On(Bias), z = On(Residual), got = On(Tensor.Zeros(DOutput.Shape, DOutput.DType)), expected = Tensor.Zeros(DOutput.Shape, DOutput.DType);
        kernel.Forward(Args, x.View, w.View, new Epilogue(bias ? b.View : null, residual ? z.View : null, activation), got.View);
        Keep(x, w, b, z);
        Cpu.Forward(Args, Input.View, Weight.View, new Epilogue(bias ? Bias.View : null, residual ? Residual.View : null, activation), expected.View);
        return (got.To(Device.Cpu), expected);
    }

    public (Tensor Got, Tensor Expected) BackwardInput(IConv2dKernel kernel, bool epilogue)
    {
        Tensor dy = On(DOutput), w = On(Weight), b = On(InputBias), z = On(InputResidual), got = On(Tensor.Zeros(Input.Shape, Input.DType)), expected = Tensor.Zeros(Input.Shape, Input.DType);
        kernel.BackwardInput(Args, dy.View, w.View, epilogue ? new Epilogue(b.View, z.View, Activation.Relu) : default, got.View);
        Keep(dy, w, b, z);
        Cpu.BackwardInput(Args, DOutput.View, Weight.View, epilogue ? new Epilogue(InputBias.View, InputResidual.View, Activation.Relu) : default, expected.View);
        return (got.To(Device.Cpu), expected);
    }

    public (Tensor Got, Tensor Expected) BackwardWeight(IConv2dKernel kernel)
    {
        Tensor x = On(Input), dy = On(DOutput), got = On(Tensor.Zeros(Weight.Shape, Weight.DType)), expected = Tensor.Zeros(Weight.Shape, Weight.DType);
        kernel.BackwardWeight(Args, x.View, dy.View, got.View);
        Keep(x, dy);
        Cpu.BackwardWeight(Args, Input.View, DOutput.View, expected.View);
        return (got.To(Device.Cpu), expected);
    }

    public (Tensor Got, Tensor Expected) BackwardBias(IConv2dKernel kernel)
    {
        Tensor dy = On(DOutput), got = On(Tensor.Zeros(Bias.Shape, Bias.DType)), expected = Tensor.Zeros(Bias.Shape, Bias.DType);
        kernel.BackwardBias(dy.View, got.View);
        Keep(dy);
        Cpu.BackwardBias(DOutput.View, expected.View);
        return (got.To(Device.Cpu), expected);
    }

    // Views are read as addresses; the tensors must outlive the call.
    private static void Keep(params Tensor[] tensors) => GC.KeepAlive(tensors);

    private static Tensor On(Tensor host) => host.To(Gpu);

    private static Tensor Random(ulong seed, int[] shape, DType dtype) => Tensor.Uniform(new Shape(shape), RandomSource.FromSeed(seed), -1, 1, dtype);
}
