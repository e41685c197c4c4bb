using LzuCore.Gpu.Interop;

namespace LzuCore.Gpu.Cudnn;

// Chooses an execution plan: cuDNN's heuristics propose engine configurations, those that break a rule are dropped, the first few that can be made here
// are run and timed, the fastest stays.
// Model-based proposals (mode B) come first: they cost milliseconds of host time, once a problem, since the choice is kept on disk. Then mode A, then the
// functional list; a later one is asked only when the earlier gave no plan.
internal sealed class CudnnPlanSearch(CudnnApi api, CudnnHandle handle, long workspaceLimit)
{
    // Heuristics sort best first; the measured best is nearly always among the first few.
    private const int Timed = 4;

    // A functional list can be long, and a plan that must be compiled takes up to 1.5 s.
    private const int Tried = 16;

    private static readonly CudnnHeuristic[] Modes = [CudnnHeuristic.B, CudnnHeuristic.A, CudnnHeuristic.Fallback];

    /// <summary>The fastest plan of a graph, which it does not take over; null when there is none.</summary>
    /// <param name="graph">What to run.</param>
    /// <param name="milliseconds">Runs a plan and measures it; null when the plan refuses to run.</param>
    /// <param name="least">The milliseconds of the plan returned.</param>
    public CudnnGraphPlan? Fastest(CudnnConvGraph graph, Func<CudnnGraphPlan, double?> milliseconds, out double least)
    {
        foreach (var mode in Modes)
        {
            var plans = Plans(graph, mode);
            try
            {
                if (Fastest(plans, milliseconds, out least) is { } best)
                {
                    plans.Remove(best);
                    return best;
                }
            }
            finally
            {
                plans.ForEach(p => p.Dispose());
            }
        }
        least = double.PositiveInfinity;
        return null;
    }

    private static CudnnGraphPlan? Fastest(List<CudnnGraphPlan> plans, Func<CudnnGraphPlan, double?> milliseconds, out double least)
    {
        CudnnGraphPlan? best = null;
        least = double.PositiveInfinity;
        foreach (var plan in plans)
            if (milliseconds(plan) is { } time && time < least)
                (best, least) = (plan, time);
        return best;
    }

    private List<CudnnGraphPlan> Plans(CudnnConvGraph graph, CudnnHeuristic mode)
    {
        var plans = new List<CudnnGraphPlan>();
        var configs = new Queue<CudnnBackendDescriptor>();
        try
        {
            Propose(graph, mode, configs);
            for (var tried = 0; tried < Tried && plans.Count < Timed && configs.TryPeek(out var config); tried++)
            {
                var isAllowed = IsAllowed(config);
                configs.Dequeue();
                if (!isAllowed)
                {
                    config.Dispose();
                    continue;
                }
                if (CudnnGraphPlan.TryBuild(api, handle, config) is not { } plan) continue;
                if (plan.WorkspaceBytes <= workspaceLimit) plans.Add(plan);
                else plan.Dispose();
            }
            return plans;
        }
        catch
        {
            plans.ForEach(p => p.Dispose());
            throw;
        }
        finally
        {
            foreach (var config in configs) config.Dispose();
        }
    }

    private void Propose(CudnnConvGraph graph, CudnnHeuristic mode, Queue<CudnnBackendDescriptor> configs)
    {
        using var heuristic = new CudnnBackendDescriptor(api, CudnnBackendType.EngineHeuristic);
        heuristic.Set(CudnnAttribute.HeuristicGraph, graph.Graph).Set(CudnnAttribute.HeuristicMode, CudnnAttributeType.HeuristicMode, mode);
        var status = heuristic.TryComplete();
        if (CudnnGraphPlan.IsRefusal(status)) return;
        api.Require($"cudnnBackendFinalize(EngineHeuristic, {mode})", status);
        // cuDNN fills descriptors that the caller has made.
        var count = heuristic.Count(CudnnAttribute.HeuristicResults, CudnnAttributeType.Descriptor);
        if (count == 0) return;
        for (var i = 0; i < count; i++) configs.Enqueue(new CudnnBackendDescriptor(api, CudnnBackendType.EngineConfig));
        var got = heuristic.Get<nint>(CudnnAttribute.HeuristicResults, CudnnAttributeType.Descriptor, configs.Select(c => c.Value).ToArray());
        var filled = configs.Take(got).ToList();
        foreach (var empty in configs.Skip(got)) empty.Dispose();
        configs.Clear();
        filled.ForEach(configs.Enqueue);
    }

    // Results must be the same bits every time, and operands must not be rounded to a narrower type than they have. Tensor cores are what this API is used for.
    private bool IsAllowed(CudnnBackendDescriptor config)
    {
        using var engine = new CudnnBackendDescriptor(api, CudnnBackendType.Engine);
        config.Get<nint>(CudnnAttribute.EngineConfigEngine, CudnnAttributeType.Descriptor, [engine.Value]);
        Span<CudnnNumericalNote> notes = stackalloc CudnnNumericalNote[16];
        foreach (var note in notes[..engine.Get(CudnnAttribute.EngineNumericalNotes, CudnnAttributeType.NumericalNote, notes)])
            if (note is CudnnNumericalNote.NonDeterministic or CudnnNumericalNote.DownConvertInputs) return false;
        return true;
    }
}
