using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Tasks.Detection;

namespace LzuCore.Vision.Tests;

/// <summary>Compares with recorded tensors (64 positions and statistics each) and detections, within the tolerances that belong to the recordings.</summary>
public static class Recorded
{
    public static void AssertActivation(ModelGoldens goldens, string name, Tensor got)
    {
        Assert.That(got.Shape.ToArray(), Is.EqualTo(goldens.Longs($"{name}__shape")), name);
        var values = got.ToArray<float>();
        var stats = goldens.Doubles($"{name}__stats");
        var (mean, std, norm) = (stats[0], stats[1], stats[2]);
        var noise = goldens.Has($"{name}__noise") ? goldens.Read($"{name}__noise").To(DType.Float64).ToArray<double>()[0] : 0;
        var at = goldens.Longs($"{name}__idx");
        var expected = goldens.Read($"{name}__val").To(DType.Float64).ToArray<double>();
        var limit = Math.Max(2e-4, 20 * noise) * std;
        for (var i = 0; i < at.Length; i++) Assert.That(values[at[i]], Is.EqualTo(expected[i]).Within(limit), $"{name} at {at[i]}");
        var gotMean = values.Average(v => (double)v);
        var gotStd = Math.Sqrt(values.Average(v => (v - gotMean) * (v - gotMean)));
        Assert.That(gotMean, Is.EqualTo(mean).Within(2e-4 * std), $"mean of {name}");
        Assert.That(gotStd, Is.EqualTo(std).Within(2e-4 * std), $"deviation of {name}");
        Assert.That(Math.Sqrt(values.Sum(v => (double)v * v)), Is.EqualTo(norm).Within(2e-4 * norm), $"norm of {name}");
    }

    // Through batch statistics of two samples, or a ReLU within rounding of 0, the reference's own float32 and float64 runs differ: then only the norm is compared.
    public static void AssertGradient(ModelGoldens goldens, string name, Tensor got)
    {
        Assert.That(got.Shape.ToArray(), Is.EqualTo(goldens.Longs($"{name}__shape")), name);
        var values = got.ToArray<float>();
        var stats = goldens.Doubles($"{name}__stats");
        var noise = goldens.Read($"{name}__noise").To(DType.Float64).ToArray<double>()[0];
        // A lone number has no deviation: its own size stands for it.
        var (std, norm) = (values.Length == 1 ? stats[2] : stats[1], stats[2]);
        if (noise <= 2e-2)
        {
            var at = goldens.Longs($"{name}__idx");
            var expected = goldens.Read($"{name}__val").To(DType.Float64).ToArray<double>();
            for (var i = 0; i < at.Length; i++) Assert.That(values[at[i]], Is.EqualTo(expected[i]).Within(Math.Max(1e-3, 20 * noise) * std), $"{name} at {at[i]}");
        }
        var share = !goldens.Has($"{name}__noise_l2") ? 0.05 : Math.Max(0.02, 3 * goldens.Read($"{name}__noise_l2").To(DType.Float64).ToArray<double>()[0]);
        Assert.That(Math.Sqrt(values.Sum(v => (double)v * v)), Is.EqualTo(norm).Within(share * norm), $"norm of {name}");
    }

    // One golden row, one detection: same label, score within 1e-3, box within 0.05 pixels. All rows when the reference's float32 and float64 runs agree, else 95 %.
    public static void AssertDetections(ModelGoldens goldens, string prefix, IReadOnlyList<Detection> got)
    {
        var boxes = goldens.Doubles($"{prefix}det_boxes");
        var scores = goldens.Doubles($"{prefix}det_scores");
        var labels = goldens.Longs($"{prefix}det_labels");
        var identical = prefix == "retina__" || goldens.Longs($"{prefix}det_f32_identical")[0] == 1;
        if (identical) Assert.That(got, Has.Count.EqualTo(scores.Length));
        var free = got.ToList();
        var matched = 0;
        for (var i = 0; i < scores.Length; i++)
        {
            var at = free.FindIndex(d => d.Label == labels[i] && Math.Abs(d.Score - scores[i]) <= 1e-3 &&
                Math.Abs(d.Box.X1 - boxes[4 * i]) <= 0.05 && Math.Abs(d.Box.Y1 - boxes[4 * i + 1]) <= 0.05 &&
                Math.Abs(d.Box.X2 - boxes[4 * i + 2]) <= 0.05 && Math.Abs(d.Box.Y2 - boxes[4 * i + 3]) <= 0.05);
            if (at < 0) continue;
            free.RemoveAt(at);
            matched++;
        }
        TestContext.Out.WriteLine($"{matched} of {scores.Length} golden detections matched");
        Assert.That(matched, Is.GreaterThanOrEqualTo(identical ? scores.Length : (int)Math.Ceiling(0.95 * scores.Length)));
        for (var i = 1; i < got.Count; i++) Assert.That(got[i].Score, Is.LessThanOrEqualTo(got[i - 1].Score), "by falling score");
    }
}
