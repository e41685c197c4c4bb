using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Data.NuScenes;
using LzuCore.Vision.Metrics;

namespace LzuCore.Vision.Tasks.Detection3d;

/// <summary>What a 3-D detector found in a data set.</summary>
/// <param name="Results">Each moment's boxes in the map's frame, its cameras merged: what the official tools take.</param>
/// <param name="Cost">What it took.</param>
public sealed record Detection3dEvaluation(NuScenesResults Results, EvaluationCost Cost)
{
    /// <summary>The official metric of what was found.</summary>
    /// <param name="database">The tables.</param>
    /// <param name="samples">The moments that were seen.</param>
    public NuScenesScore Score(NuScenesDatabase database, IReadOnlyList<NuScenesSample> samples) => NuScenesDetectionScore.Score(database, samples, Results);

    /// <summary>Writes the official results file, whole or not at all.</summary>
    /// <exception cref="LzuException">The file cannot be written.</exception>
    public void Save(string path) => AtomicFile.Write(path, Results.Write);
}

/// <summary>Runs a 3-D detector over a data set.</summary>
/// <remarks>The images of a moment follow each other, as in the published files; they are merged by <see cref="NuScenesExport"/>. Pictures are decoded ahead by threads of the loader.</remarks>
public static class Detection3dEvaluator
{
    // What the decoder drops anyway.
    private const float MostLeastScore = 0.05f;

    /// <summary>Finds the objects of every moment.</summary>
    /// <param name="detector">Must report all it finds: <see cref="Detector3dOptions.Score"/> at most 0.05.</param>
    /// <param name="data">The pictures with their cameras.</param>
    /// <param name="options">Threads and progress; null for one thread that decodes.</param>
    /// <param name="cancellation">Ends it with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentValueException">The detector leaves out low scores, has other classes than nuScenes, or a moment's images do not follow each other.</exception>
    /// <exception cref="FileFormatException">A picture cannot be read.</exception>
    public static Detection3dEvaluation Run(Detector3d detector, Mono3dDataset data, EvaluatorOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new();
        Check.That(detector.Options.Score <= MostLeastScore, $"evaluate: the detector leaves out scores below {detector.Options.Score}, which precision at high recall needs. Make it with Score = 0.");
        Check.That(detector.Classes == NuScenesClasses.Names.Count, $"evaluate: the detector has {detector.Classes} classes, nuScenes {NuScenesClasses.Names.Count}.");
        var samples = new List<NuScenesSampleBoxes>();
        var seen = new HashSet<string>();
        var (images, found) = (new List<Mono3dImage>(), new List<IReadOnlyList<Detection3d>>());
        var cost = Evaluation.Over(data, options, new PictureReader(), (sample, index) =>
        {
            var image = data.ImageOf(index);
            if (images.Count > 0 && images[0].SampleToken != image.SampleToken) Close();
            Require(!seen.Contains(image.SampleToken), image.SampleToken);
            // Six cameras at one moment are no sequence.
            detector.StartSequence();
            var result = detector.Detect(sample.Image, sample.Camera);
            images.Add(image);
            found.Add(result.Detections);
            sample.Image.Recycle();
            return result.Milliseconds;
        }, at => data.ImageOf(at).SampleToken != data.ImageOf(at - 1).SampleToken, cancellation);
        if (images.Count > 0) Close();
        samples = SampleBoxesBytes.Gathered(samples, options.Processes);
        seen.Clear();
        foreach (var sample in samples) Require(seen.Add(sample.SampleToken), sample.SampleToken);
        return new Detection3dEvaluation(new NuScenesResults(new NuScenesModalities(Camera: true, Lidar: false, Radar: false, Map: false, External: false), samples), cost);

        static void Require(bool follows, string sample) => Check.That(follows, $"evaluate: the images of sample '{sample}' do not follow each other in the annotations; sort them by sample.");

        void Close()
        {
            seen.Add(images[0].SampleToken);
            samples.Add(NuScenesExport.Merge(images, found));
            images.Clear();
            found.Clear();
        }
    }
}
