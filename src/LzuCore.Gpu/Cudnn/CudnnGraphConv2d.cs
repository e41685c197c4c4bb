using System.Diagnostics;
using LzuCore.Gpu.Interop;
using LzuCore.Gpu.Runtime;
using LzuCore.Kernels;
using LzuCore.Memory;

namespace LzuCore.Gpu.Cudnn;

// Forward convolution with bias, residual and ReLU as one cuDNN graph, on tensor cores: float16, bfloat16, and float32 where TF32 is allowed.
// Sums are float32, but an engine that splits them may reduce the parts in the storage type. float32 without TF32 has no fused engine, so it goes to the fallback unasked; so do the two adjoints and the bias gradient.
//   first use  the graph is described, proposals are timed on the caller's own operands (the output is overwritten many times, always with the same values),
//              the fastest plan is kept, in memory and, with a cache, on disk.
//   race       where asked for, the fallback is timed too: fused engines with a residual were seen far slower than cuDNN's fixed function.
//   later      a variant pack and one call.
//   capture    no first use inside a stream capture: the search synchronises.
// Which plan wins depends on timings, so two processes without a common cache may differ by rounding; within one, results are the same bits every time.
internal sealed class CudnnGraphConv2d : IConv2dKernel, ITakesHalves, IDisposable
{
    private readonly Backend _backend;
    private readonly CudnnApi _api;
    private readonly IConv2dKernel _fallback;
    private readonly LibraryOptions _options;
    private readonly CudnnPlanCache? _cache;
    private readonly Func<Action, double> _milliseconds;
    private readonly bool _raceFallback;
    private readonly CudnnHandle _handle;
    private readonly Dictionary<ConvGraphProblem, CudnnGraphPlan?> _plans = [];

    /// <summary>Opens a cuDNN handle on a stream.</summary>
    /// <param name="backend">Whose memory the operands lie in.</param>
    /// <param name="api">cuDNN.</param>
    /// <param name="stream">The backend's stream.</param>
    /// <param name="fallback">Does what the graph API does not.</param>
    /// <param name="options">Precision and limits.</param>
    /// <param name="cache">Where choices are kept between processes; null keeps none.</param>
    /// <param name="milliseconds">Measures a launch; null measures by the clock around several of them.</param>
    /// <param name="raceFallback">float32: a problem that the fallback does faster than the best plan is left to it, and that is kept like a plan.</param>
    public CudnnGraphConv2d(Backend backend, CudnnApi api, nint stream, IConv2dKernel fallback, LibraryOptions? options = null,
        CudnnPlanCache? cache = null, Func<Action, double>? milliseconds = null, bool raceFallback = false)
    {
        (_backend, _api, _fallback, _options, _cache, _raceFallback) = (backend, api, fallback, options ?? new LibraryOptions(), cache, raceFallback);
        _milliseconds = milliseconds ?? ByTheClock;
        _options.MakeCurrent?.Invoke();
        _handle = new CudnnHandle(api, stream);
    }

    public void Forward(in Conv2dArgs args, TensorView input, TensorView weight, in Epilogue epilogue, TensorView output)
    {
        if (!IsTensorCoreType(output.DType) || ConvGraphProblem.Of(args, input, weight, epilogue, output) is not { } problem || !TryRun(problem, args, input, weight, epilogue, output))
            _fallback.Forward(args, input, weight, epilogue, output);
    }

    public void BackwardInput(in Conv2dArgs args, TensorView dOutput, TensorView weight, in Epilogue epilogue, TensorView dInput) =>
        _fallback.BackwardInput(args, dOutput, weight, epilogue, dInput);

    public void BackwardWeight(in Conv2dArgs args, TensorView input, TensorView dOutput, TensorView dWeight) => _fallback.BackwardWeight(args, input, dOutput, dWeight);

    public void BackwardBias(TensorView dOutput, TensorView dBias) => _fallback.BackwardBias(dOutput, dBias);

    /// <summary>Closes the handle and every plan; the stream must be idle.</summary>
    public void Dispose()
    {
        _options.MakeCurrent?.Invoke();
        lock (_handle.Gate)
        {
            foreach (var plan in _plans.Values) plan?.Dispose();
            _plans.Clear();
            _handle.Dispose();
        }
    }

    private bool IsTensorCoreType(DType dtype) => dtype is DType.Float16 or DType.BFloat16 || (dtype == DType.Float32 && _options.AllowTf32);

    private bool TryRun(ConvGraphProblem problem, Conv2dArgs args, TensorView input, TensorView weight, Epilogue epilogue, TensorView output)
    {
        long[] ids = [CudnnConvGraph.X, CudnnConvGraph.W, CudnnConvGraph.Y];
        nint[] pointers = [input.DeviceAddress(), weight.DeviceAddress(), output.DeviceAddress()];
        if (epilogue.Residual is { } residual) (ids, pointers) = ([.. ids, CudnnConvGraph.Residual], [.. pointers, residual.DeviceAddress()]);
        if (epilogue.Bias is { } bias) (ids, pointers) = ([.. ids, CudnnConvGraph.Bias], [.. pointers, bias.DeviceAddress()]);
        _options.MakeCurrent?.Invoke();
        lock (_handle.Gate)
        {
            if (!_plans.TryGetValue(problem, out var plan))
                _plans[problem] = plan = Find(problem, ids, pointers, () => _fallback.Forward(args, input, weight, epilogue, output));
            if (plan is null) return false;
            var status = Run(plan, ids, pointers);
            if (status == 0) return true;
            if (!CudnnGraphPlan.IsRefusal(status)) throw _api.Fault("cudnnBackendExecute", status);
            plan.Dispose();
            _plans[problem] = null;
            return false;
        }
    }

    // From disk, else by search. Null when cuDNN supports no plan, or the fallback is faster.
    private CudnnGraphPlan? Find(ConvGraphProblem problem, long[] ids, nint[] pointers, Action fallback)
    {
        var race = _raceFallback && problem.Conv.DType == DType.Float32;
        var stored = _cache?.Read(problem);
        if (race && stored is { Length: 0 }) return null;
        if (stored is { Length: > 0 } && CudnnGraphPlan.TryLoad(_api, _handle, stored) is { } loaded)
        {
            // Loading does not check that the plan runs here.
            if (loaded.WorkspaceBytes <= _options.WorkspaceLimit && Run(loaded, ids, pointers) == 0) return loaded;
            loaded.Dispose();
        }
        CudnnConvGraph? graph = null;
        CudnnGraphPlan? plan = null;
        try
        {
            graph = new CudnnConvGraph(_api, _handle, problem);
            plan = new CudnnPlanSearch(_api, _handle, _options.WorkspaceLimit).Fastest(graph, p => Measure(p, ids, pointers), out var least);
            if (plan is null) return null;
            if (race && _milliseconds(fallback) < least)
            {
                // No bytes mean: left to the fallback.
                _cache?.Write(problem, []);
                return null;
            }
            Keep(problem, plan);
            plan.TakeOver(graph);
            var found = plan;
            (plan, graph) = (null, null);
            return found;
        }
        catch (NativeCallException e) when (CudnnGraphPlan.IsRefusal(e.Status))
        {
            return null;
        }
        finally
        {
            plan?.Dispose();
            graph?.Dispose();
        }
    }

    // A cuDNN that cannot write a plan down still runs it.
    private void Keep(ConvGraphProblem problem, CudnnGraphPlan plan)
    {
        if (_cache is null) return;
        try
        {
            _cache.Write(problem, plan.ToJson());
        }
        catch (NativeCallException)
        {
        }
    }

    private double? Measure(CudnnGraphPlan plan, long[] ids, nint[] pointers)
    {
        var status = Run(plan, ids, pointers);
        if (CudnnGraphPlan.IsRefusal(status)) return null;
        _api.Require("cudnnBackendExecute", status);
        return _milliseconds(() => _api.Require("cudnnBackendExecute", Run(plan, ids, pointers)));
    }

    private int Run(CudnnGraphPlan plan, long[] ids, nint[] pointers)
    {
        var workspace = plan.WorkspaceBytes > 0 ? _backend.Allocate(DType.UInt8, plan.WorkspaceBytes) : null;
        try
        {
            return plan.Run(_handle, ids, pointers, workspace?.DeviceAddress() ?? 0);
        }
        finally
        {
            workspace?.Release();
        }
    }

    // Three launches to warm up, ten to measure: host time hides behind the device's from the second on.
    private double ByTheClock(Action launch)
    {
        for (var i = 0; i < 3; i++) launch();
        _backend.Synchronize();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 10; i++) launch();
        _backend.Synchronize();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / 10;
    }
}
