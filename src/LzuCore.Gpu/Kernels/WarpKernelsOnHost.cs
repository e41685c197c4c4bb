using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Kernels;

// Making a warp from saliency and inverting it: a few thousand numbers, in float64 with branches and early exits, which a GPU does badly and the host in
// microseconds. So the values come to the host, the CPU's own kernels run, and the results go back. What is large, sampling images and features with the warp, stays on
// the device. The price is a wait for the device at each call.
internal sealed class AttractionOnHost(Backend device) : IAttractionKernel
{
    private readonly IAttractionKernel _cpu = BackendRegistry.Get(Device.Cpu).Kernel<IAttractionKernel>();

    public bool ForwardSeparable(in AttractionArgs args, TensorView saliency, TensorView knots)
    {
        using HostCopy s = HostCopy.Read(device, saliency), k = HostCopy.Write(device, knots);
        return _cpu.ForwardSeparable(args, s.View, k.View);
    }

    public void BackwardSeparable(in AttractionArgs args, TensorView saliency, TensorView dKnots, TensorView dSaliency)
    {
        using HostCopy s = HostCopy.Read(device, saliency), dk = HostCopy.Read(device, dKnots), ds = HostCopy.Write(device, dSaliency);
        _cpu.BackwardSeparable(args, s.View, dk.View, ds.View);
    }

    public bool ForwardPlane(in AttractionArgs args, TensorView saliency, TensorView grid)
    {
        using HostCopy s = HostCopy.Read(device, saliency), g = HostCopy.Write(device, grid);
        return _cpu.ForwardPlane(args, s.View, g.View);
    }

    public void BackwardPlane(in AttractionArgs args, TensorView saliency, TensorView dGrid, TensorView dSaliency)
    {
        using HostCopy s = HostCopy.Read(device, saliency), dg = HostCopy.Read(device, dGrid), ds = HostCopy.Write(device, dSaliency);
        _cpu.BackwardPlane(args, s.View, dg.View, ds.View);
    }
}

internal sealed class AxisWarpOnHost(Backend device) : IAxisWarpKernel
{
    private readonly IAxisWarpKernel _cpu = BackendRegistry.Get(Device.Cpu).Kernel<IAxisWarpKernel>();

    public void Evaluate(in AxisTable table, TensorView knots, TensorView output)
    {
        using HostCopy k = HostCopy.Read(device, knots), y = HostCopy.Write(device, output);
        _cpu.Evaluate(table, k.View, y.View);
    }

    public void EvaluateBackward(in AxisTable table, TensorView dOutput, TensorView dKnots)
    {
        using HostCopy dy = HostCopy.Read(device, dOutput), dk = HostCopy.Write(device, dKnots);
        _cpu.EvaluateBackward(table, dy.View, dk.View);
    }

    public void Invert(in AxisTable table, TensorView knots, TensorView output)
    {
        using HostCopy k = HostCopy.Read(device, knots), y = HostCopy.Write(device, output);
        _cpu.Invert(table, k.View, y.View);
    }

    public void InvertBackward(in AxisTable table, TensorView knots, TensorView dOutput, TensorView dKnots)
    {
        using HostCopy k = HostCopy.Read(device, knots), dy = HostCopy.Read(device, dOutput), dk = HostCopy.Write(device, dKnots);
        _cpu.InvertBackward(table, k.View, dy.View, dk.View);
    }

    public void InvertAt(TensorView knots, TensorView points, TensorView output)
    {
        using HostCopy k = HostCopy.Read(device, knots), p = HostCopy.Read(device, points), y = HostCopy.Write(device, output);
        _cpu.InvertAt(k.View, p.View, y.View);
    }

    public void InvertAtBackward(TensorView knots, TensorView points, TensorView dOutput, TensorView? dKnots, TensorView? dPoints)
    {
        using HostCopy k = HostCopy.Read(device, knots), p = HostCopy.Read(device, points), dy = HostCopy.Read(device, dOutput);
        using HostCopy? dk = dKnots is { } wantedKnots ? HostCopy.Write(device, wantedKnots) : null, dp = dPoints is { } wantedPoints ? HostCopy.Write(device, wantedPoints) : null;
        _cpu.InvertAtBackward(k.View, p.View, dy.View, dk?.View, dp?.View);
    }
}

internal sealed class PlaneWarpOnHost(Backend device) : IPlaneWarpKernel
{
    private readonly IPlaneWarpKernel _cpu = BackendRegistry.Get(Device.Cpu).Kernel<IPlaneWarpKernel>();

    public void Evaluate(in AxisTable x, in AxisTable y, TensorView nodes, TensorView output)
    {
        using HostCopy n = HostCopy.Read(device, nodes), o = HostCopy.Write(device, output);
        _cpu.Evaluate(x, y, n.View, o.View);
    }

    public void EvaluateBackward(in AxisTable x, in AxisTable y, TensorView dOutput, TensorView dNodes)
    {
        using HostCopy d = HostCopy.Read(device, dOutput), dn = HostCopy.Write(device, dNodes);
        _cpu.EvaluateBackward(x, y, d.View, dn.View);
    }

    public void Invert(in AxisTable x, in AxisTable y, TensorView nodes, TensorView output)
    {
        using HostCopy n = HostCopy.Read(device, nodes), o = HostCopy.Write(device, output);
        _cpu.Invert(x, y, n.View, o.View);
    }

    public void InvertBackward(in AxisTable x, in AxisTable y, TensorView nodes, TensorView dOutput, TensorView dNodes)
    {
        using HostCopy n = HostCopy.Read(device, nodes), d = HostCopy.Read(device, dOutput), dn = HostCopy.Write(device, dNodes);
        _cpu.InvertBackward(x, y, n.View, d.View, dn.View);
    }

    public void InvertAt(TensorView nodes, TensorView points, TensorView output)
    {
        using HostCopy n = HostCopy.Read(device, nodes), p = HostCopy.Read(device, points), o = HostCopy.Write(device, output);
        _cpu.InvertAt(n.View, p.View, o.View);
    }

    public void InvertAtBackward(TensorView nodes, TensorView points, TensorView dOutput, TensorView? dNodes, TensorView? dPoints)
    {
        using HostCopy n = HostCopy.Read(device, nodes), p = HostCopy.Read(device, points), d = HostCopy.Read(device, dOutput);
        using HostCopy? dn = dNodes is { } wantedNodes ? HostCopy.Write(device, wantedNodes) : null, dp = dPoints is { } wantedPoints ? HostCopy.Write(device, wantedPoints) : null;
        _cpu.InvertAtBackward(n.View, p.View, d.View, dn?.View, dp?.View);
    }
}

internal sealed class KernelDensityOnHost(Backend device) : IKernelDensityKernel
{
    private readonly IKernelDensityKernel _cpu = BackendRegistry.Get(Device.Cpu).Kernel<IKernelDensityKernel>();

    public bool Forward(in KernelDensityArgs args, TensorView boxes, TensorView amplitude, TensorView bandwidth, TensorView output)
    {
        using HostCopy b = HostCopy.Read(device, boxes), a = HostCopy.Read(device, amplitude), w = HostCopy.Read(device, bandwidth), y = HostCopy.Write(device, output);
        return _cpu.Forward(args, b.View, a.View, w.View, y.View);
    }

    public void Backward(in KernelDensityArgs args, TensorView boxes, TensorView amplitude, TensorView bandwidth, TensorView dOutput, TensorView? dAmplitude, TensorView? dBandwidth)
    {
        using HostCopy b = HostCopy.Read(device, boxes), a = HostCopy.Read(device, amplitude), w = HostCopy.Read(device, bandwidth), dy = HostCopy.Read(device, dOutput);
        using HostCopy? da = dAmplitude is { } wantedAmplitude ? HostCopy.Write(device, wantedAmplitude) : null, dw = dBandwidth is { } wantedBandwidth ? HostCopy.Write(device, wantedBandwidth) : null;
        _cpu.Backward(args, b.View, a.View, w.View, dy.View, da?.View, dw?.View);
    }
}
