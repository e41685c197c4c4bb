using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Optim;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Tests.Nn.Optim;

/// <summary>A small network learns, and 200 steps of it hold no more memory than 20.</summary>
[NonParallelizable]
public sealed class TrainingTests
{
    private sealed class Mlp : Layer
    {
        private readonly Linear _first, _second;

        public Mlp()
        {
            _first = Child("first", new Linear(2, 32));
            _second = Child("second", new Linear(32, 2));
        }

        public override Tensor Forward(Tensor input) => _second.Call(_first.Call(input).Tanh());
    }

    [Test]
    public void Mlp_LearnsARing_AndMemoryStaysFlat()
    {
        var points = Tensor.Uniform([256, 2], RandomSource.FromSeed(1), -1, 1);
        var labels = points.Square().Sum(1).Less(0.5).To(DType.Int64);
        var model = new Mlp();
        var optimizer = new AdamW(model.Parameters, 0.03);
        var schedule = Schedules.OneCycle(0.03, 200);
        double first = 0, last = 0;
        long early = 0, late = 0;
        for (var step = 0; step < 200; step++)
        {
            using (var scope = new TensorScope())
            {
                optimizer.LearningRate = schedule(step);
                var loss = F.CrossEntropy(model.Call(points), labels);
                optimizer.Step(GradientClipping.ByNorm(Gradients.Of(loss), 5).Gradients);
                last = loss.Item();
            }
            if (step == 0) first = last;
            if (step == 20) early = Live();
            if (step == 199) late = Live();
        }
        Assert.That(last, Is.LessThan(0.2 * first));
        // The smallest block is 256 bytes, so a leak of one a step would be 179 of them; one straggler that a finalizer has not reached yet is none.
        Assert.That(late - early, Is.LessThan(20 * 256));

        static long Live()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return BufferPool.Shared.Statistics.LiveBytes;
        }
    }
}
