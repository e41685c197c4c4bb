using LzuCore.Memory;
using LzuCore.Nn.Optim;
using LzuCore.Testing;

namespace LzuCore.Tests.Nn.Optim;

/// <summary>Learning rates recorded from the reference recipes (<c>ops_optim.npz</c>), and the ends of every schedule.</summary>
public sealed class SchedulesTests
{
    [TestCase("fcos3d_iters", "fcos3d_warm_lr")]
    [TestCase("step_epochs", "step_lr")]
    [TestCase("poly_iters", "poly_lr_mmseg80k")]
    public void Recipes(string steps, string rates)
    {
        using var goldens = Goldens.Open("ops_optim.npz");
        var schedule = steps switch
        {
            "fcos3d_iters" => Schedules.Constant(0.001).WithWarmup(500, 1.0 / 3),
            "step_epochs" => Schedules.MultiStep(0.001, [8, 11]),
            _ => Schedules.Poly(0.01, 80000, 0.9, 1e-4),
        };
        var expected = goldens.Read($"sched__{rates}").ToArray<double>();
        var at = goldens.Read($"sched__{steps}").ToArray<long>();
        for (var i = 0; i < at.Length; i++) Assert.That(schedule((int)at[i]), Is.EqualTo(expected[i]).Within(1e-12), $"step {at[i]}");
    }

    [Test]
    public void OneCycle_RisesThenFalls()
    {
        // torch 2.x: OneCycleLR(max_lr=1, total_steps=10), get_last_lr() at steps 0, 1, 2, 5, 9
        var schedule = Schedules.OneCycle(1, 10);
        Assert.That(schedule(0), Is.EqualTo(0.04).Within(1e-12));
        Assert.That(schedule(1), Is.EqualTo(0.52).Within(1e-12));
        Assert.That(schedule(2), Is.EqualTo(1).Within(1e-12));
        Assert.That(schedule(9), Is.EqualTo(4e-6).Within(1e-12));
        Assert.That(schedule(50), Is.EqualTo(4e-6).Within(1e-12));
    }

    [Test]
    public void Cosine_IsHalfwayInTheMiddle()
    {
        var schedule = Schedules.Cosine(2, 10, 1);
        Assert.That((schedule(0), schedule(5), schedule(10), schedule(99)), Is.EqualTo((2.0, 1.5, 1.0, 1.0)));
    }

    [Test]
    public void Step_FallsEverySoOften() =>
        Assert.That(Enumerable.Range(0, 5).Select(s => Schedules.Step(1, 2, 0.5)(s)), Is.EqualTo([1, 1, 0.5, 0.5, 0.25]));

    [Test]
    public void Poly_StaysAtTheLowestAfterTheEnd() => Assert.That(Schedules.Poly(1, 10, 0.9, 0.1)(11), Is.EqualTo(0.1));

    [Test]
    public void Arguments_AreChecked()
    {
        Assert.That(() => Schedules.Poly(1, 0), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("total"));
        Assert.That(() => Schedules.Step(1, 0), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("every"));
        Assert.That(() => Schedules.OneCycle(1, 10, warm: 2), Throws.TypeOf<ArgumentValueException>().With.Message.Contains("warm"));
    }
}
