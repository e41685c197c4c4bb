using LzuCore.Nn;
using LzuCore.Nn.Optim;

namespace LzuCore.Vision.Configuration;

/// <summary>The sections <c>optimizer</c> and <c>schedule</c>.</summary>
internal static class OptimizerSection
{
    /// <summary>The optimiser over a network's parameters that are trained.</summary>
    public static Optimizer Of(ConfigSection optimizer, Module model)
    {
        var decay = optimizer.Number("weight_decay");
        var biases = Biases(model);
        ParameterGroup[] groups = [new([.. model.Parameters.Where(p => !biases.Contains(p))]), new([.. model.Parameters.Where(biases.Contains)], optimizer.Number("bias_rate"), decay * optimizer.Number("bias_decay"))];
        if (optimizer.Flag("nesterov") && optimizer.Number("momentum") == 0) throw optimizer.Bad("nesterov", "needs a momentum above 0");
        return optimizer.Text("kind") == "sgd"
            ? new Sgd(groups, optimizer.Number("learning_rate"), optimizer.Number("momentum"), decay, optimizer.Flag("nesterov"))
            : new AdamW(groups, optimizer.Number("learning_rate"), optimizer.Number("beta1"), optimizer.Number("beta2"), optimizer.Number("epsilon"), decay);
    }

    /// <summary>mmcv's biases: neither norms' nor those of the convolutions that give deformable offsets.</summary>
    internal static HashSet<Parameter> Biases(Module model)
    {
        var norms = model.Modules.Where(m => m is BatchNorm2d or FrozenBatchNorm2d or GroupNorm).SelectMany(m => m.Parameters).ToHashSet();
        return [.. model.Parameters.Where(p => p.Key.EndsWith("bias", StringComparison.Ordinal) && !p.Key.Contains("conv_offset", StringComparison.Ordinal) && !norms.Contains(p))];
    }

    /// <summary>The learning rate of each step.</summary>
    /// <param name="schedule">The section.</param>
    /// <param name="rate">The highest rate.</param>
    /// <param name="steps">How many steps there will be.</param>
    /// <param name="stepsAMilestone">Steps of what milestones count: an epoch, or 1.</param>
    public static Schedule ScheduleOf(ConfigSection schedule, double rate, int steps, double stepsAMilestone)
    {
        var kind = schedule.Text("kind");
        if (schedule.Has("milestones") != (kind == "step")) throw schedule.Bad("milestones", kind == "step" ? "must say when the rate falls" : $"goes with kind \"step\", not with \"{kind}\"");
        var course = kind switch
        {
            "step" => Schedules.MultiStep(rate, [.. schedule.List<double>("milestones").Select(m => (int)Math.Round(m * stepsAMilestone))], schedule.Number("factor")),
            "poly" => Schedules.Poly(rate, steps, schedule.Number("power"), schedule.Number("lowest")),
            "cosine" => Schedules.Cosine(rate, steps, schedule.Number("lowest")),
            "one_cycle" => Schedules.OneCycle(rate, steps, schedule.Number("rise")),
            _ => Schedules.Constant(rate),
        };
        return schedule.Whole("warmup_steps") is > 0 and var warmup ? course.WithWarmup(warmup, schedule.Number("warmup_ratio")) : course;
    }
}
