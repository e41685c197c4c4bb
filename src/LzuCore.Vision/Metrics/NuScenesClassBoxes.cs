using System.Runtime.InteropServices;
using LzuCore.Vision.Data.NuScenes;

namespace LzuCore.Vision.Metrics;

// The boxes of one class: what there is, moment by moment, and what was found. A class that looks the same after half a turn has a period of π.
internal sealed class NuScenesClassBoxes(int samples, double period = 2 * Math.PI)
{
    private const int Recalls = 101;

    private readonly List<NuScenesBox>?[] _truths = new List<NuScenesBox>?[samples];
    private readonly List<NuScenesBox> _predictions = [];
    private readonly List<int> _sampleOf = [];
    private int[]? _order;
    private int _truthCount;

    public void AddTruth(int sample, NuScenesBox box)
    {
        (_truths[sample] ??= []).Add(box);
        _truthCount++;
    }

    // A sample below 0 is one that there is no ground truth of.
    public void AddPrediction(int sample, NuScenesBox box)
    {
        _predictions.Add(box);
        _sampleOf.Add(sample);
    }

    public int TruthCount => _truthCount;

    public NuScenesCurves Curves(double distance, bool withErrors)
    {
        var (found, matches) = Match(distance);
        return matches.Count == 0 ? Nothing(withErrors) : Curves(found, matches, withErrors);
    }

    // The mean of an error over all that was found at a distance; NaN without any.
    public double MeanError(double distance, NuScenesError error) => Match(distance).Matches.Select(m => Error(error, m.Truth, m.Prediction)).DefaultIfEmpty(double.NaN).Average();

    // Down the scores, every prediction takes the nearest free ground truth of its moment, if that is nearer than the distance.
    private (bool[] Found, List<(NuScenesBox Truth, NuScenesBox Prediction)> Matches) Match(double distance)
    {
        var taken = _truths.Select(t => t is null ? null : new bool[t.Count]).ToArray();
        var found = new bool[_predictions.Count];
        var matches = new List<(NuScenesBox Truth, NuScenesBox Prediction)>();
        var order = _order ??= Order();
        var predictions = CollectionsMarshal.AsSpan(_predictions);
        for (var i = 0; i < order.Length; i++)
        {
            ref readonly var prediction = ref predictions[order[i]];
            var sample = _sampleOf[order[i]];
            if (sample < 0 || _truths[sample] is null) continue;
            var truths = CollectionsMarshal.AsSpan(_truths[sample]);
            var (nearest, least) = (-1, double.PositiveInfinity);
            for (var g = 0; g < truths.Length; g++)
            {
                if (taken[sample]![g]) continue;
                var away = Distance(in truths[g], in prediction);
                if (away < least) (nearest, least) = (g, away);
            }
            if (!(least < distance)) continue;
            taken[sample]![nearest] = true;
            found[i] = true;
            matches.Add((truths[nearest], prediction));
        }
        return (found, matches);
    }

    private static NuScenesCurves Nothing(bool withErrors) =>
        new(new double[Recalls], new double[Recalls], withErrors ? [.. Enum.GetValues<NuScenesError>().Select(_ => Enumerable.Repeat(1.0, Recalls).ToArray())] : null);

    private NuScenesCurves Curves(bool[] found, List<(NuScenesBox Truth, NuScenesBox Prediction)> matches, bool withErrors)
    {
        double[] precision = new double[found.Length], recall = new double[found.Length], confidence = new double[found.Length];
        var right = 0;
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i]) right++;
            (precision[i], recall[i], confidence[i]) = ((double)right / (i + 1), (double)right / _truthCount, _predictions[_order![i]].Score);
        }
        double[] recalls = [.. Enumerable.Range(0, Recalls).Select(r => r == Recalls - 1 ? 1 : r * 0.01)];
        var atRecalls = Interpolation.At(recalls, recall, confidence, right: 0);
        return new NuScenesCurves(Interpolation.At(recalls, recall, precision, right: 0), atRecalls, withErrors ? Errors(matches, atRecalls) : null);
    }

    // The running mean of every error, read at the confidences of the recalls. Confidences fall, and interpolation wants them rising: both ends are turned.
    private double[][] Errors(List<(NuScenesBox Truth, NuScenesBox Prediction)> matches, double[] confidence)
    {
        double[] rising = [.. confidence.Reverse()], scores = [.. matches.Select(m => m.Prediction.Score).Reverse()];
        return [.. Enum.GetValues<NuScenesError>().Select(error =>
        {
            var means = RunningMeans([.. matches.Select(m => Error(error, m.Truth, m.Prediction))]);
            Array.Reverse(means);
            var read = Interpolation.At(rising, scores, means, right: means[^1]);
            Array.Reverse(read);
            return read;
        })];
    }

    // NaN takes no part; where nothing has, 0; where nothing ever will, 1.
    private static double[] RunningMeans(double[] values)
    {
        var means = new double[values.Length];
        if (Array.TrueForAll(values, double.IsNaN)) Array.Fill(means, 1);
        else
        {
            var (sum, count) = (0.0, 0);
            for (var i = 0; i < values.Length; i++)
            {
                if (!double.IsNaN(values[i])) (sum, count) = (sum + values[i], count + 1);
                means[i] = count == 0 ? 0 : sum / count;
            }
        }
        return means;
    }

    private double Error(NuScenesError error, NuScenesBox truth, NuScenesBox prediction) => error switch
    {
        NuScenesError.Translation => Distance(truth, prediction),
        NuScenesError.Scale => 1 - ScaleIou(truth, prediction),
        NuScenesError.Orientation => Math.Abs(AngleBetween(truth.Box.Rotation.Heading, prediction.Box.Rotation.Heading, period)),
        NuScenesError.Velocity => Length(prediction.VelocityX - truth.VelocityX, prediction.VelocityY - truth.VelocityY),
        _ => truth.Attribute.Length == 0 ? double.NaN : truth.Attribute == prediction.Attribute ? 0 : 1,
    };

    private static double Distance(in NuScenesBox a, in NuScenesBox b) => Length(b.Box.Center.X - a.Box.Center.X, b.Box.Center.Y - a.Box.Center.Y);

    private static double Length(double x, double y) => Math.Sqrt(x * x + y * y);

    private static double ScaleIou(NuScenesBox a, NuScenesBox b)
    {
        var shared = Math.Min(a.Box.Width, b.Box.Width) * Math.Min(a.Box.Length, b.Box.Length) * Math.Min(a.Box.Height, b.Box.Height);
        return shared / (a.Box.Width * a.Box.Length * a.Box.Height + b.Box.Width * b.Box.Length * b.Box.Height - shared);
    }

    private static double AngleBetween(double a, double b, double period)
    {
        var turned = a - b + period / 2;
        var difference = turned - Math.Floor(turned / period) * period - period / 2;
        return difference > Math.PI ? difference - 2 * Math.PI : difference;
    }

    // By falling score; of equal scores the later first.
    private int[] Order()
    {
        (double Score, int At)[] order = [.. _predictions.Select((p, i) => (p.Score, i))];
        Array.Sort(order, static (a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : b.At.CompareTo(a.At));
        return [.. order.Select(o => o.At)];
    }
}
