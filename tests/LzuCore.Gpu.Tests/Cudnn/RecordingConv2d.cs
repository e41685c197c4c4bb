using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Tests.Cudnn;

/// <summary>A fallback that only notes that it was asked.</summary>
internal sealed class RecordingConv2d : IConv2dKernel
{
    public List<string> Calls { get; } = [];

    public void Forward(in Conv2dArgs args, TensorView input, TensorView weight, in Epilogue epilogue, TensorView output) => Calls.Add("forward");

    public void BackwardInput(in Conv2dArgs args, TensorView dOutput, TensorView weight, in Epilogue epilogue, TensorView dInput) => Calls.Add("backward input");

    public void BackwardWeight(in Conv2dArgs args, TensorView input, TensorView dOutput, TensorView dWeight) => Calls.Add("backward weight");

    public void BackwardBias(TensorView dOutput, TensorView dBias) => Calls.Add("backward bias");
}
