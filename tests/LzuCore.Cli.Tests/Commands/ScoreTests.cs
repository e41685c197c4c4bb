using System.Text.Json;
using LzuCore.Vision.Data.Cityscapes;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Tests.Commands;

public sealed class ScoreTests
{
    private static string Golden(string file) => Path.Combine(Repository.Root, "tests", "goldens", "metrics", file);

    private static JsonElement Expected(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Golden(file)));
        return json.RootElement.Clone();
    }

    private static void AssertNear(JsonElement got, JsonElement expected, string what)
    {
        Assert.That(got.ValueKind, Is.EqualTo(expected.ValueKind), what);
        if (expected.ValueKind == JsonValueKind.Number) Assert.That(got.GetDouble(), Is.EqualTo(expected.GetDouble()).Within(1e-9), what);
    }

    [Test]
    public void Coco_PrintsTheOfficialNumbers()
    {
        var expected = Expected("coco/expected.json");
        var document = Lzu.Run("score", "coco", "--ground-truth", Golden("coco/gt.json"), "--detections", Golden("coco/dt.json"), "--json").Succeeded().Json;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("lzu.score/1"));
        var all = expected.GetProperty("results").GetProperty("all");
        foreach (var (name, value) in expected.GetProperty("order").EnumerateArray().Zip(all.GetProperty("stats").EnumerateArray())) AssertNear(document.GetProperty(name.GetString()!), value, name.GetString()!);
        foreach (var (got, value) in document.GetProperty("per_class_AP").EnumerateArray().Zip(all.GetProperty("per_class_AP").EnumerateArray())) AssertNear(got, value, "per class");
        var text = Lzu.Run("score", "coco", "--ground-truth", Golden("coco/gt.json"), "--detections", Golden("coco/dt.json")).Succeeded().Out;
        Assert.That(text, Does.Contain("AP50    43.13").And.Contain("traffic_light"));
    }

    [Test]
    public void Coco_WhatIsNotDefined_IsNull()
    {
        using var work = new WorkFolder();
        var truth = work.Text("gt ✓.json", """{"images": [{"id": 1}], "annotations": [], "categories": [{"id": 1, "name": "car"}]}""");
        var document = Lzu.Run("score", "coco", "--ground-truth", truth, "--detections", work.Text("dt.json", "[]"), "--json").Succeeded().Json;
        Assert.That(document.GetProperty("AP").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(document.GetProperty("per_class_AP")[0].ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public void Coco_BadInput_IsOneLine()
    {
        using var work = new WorkFolder();
        Lzu.Run("score", "coco", "--ground-truth", work["missing.json"], "--detections", Golden("coco/dt.json")).Failed(2, "missing.json", "no such file");
        Lzu.Run("score", "coco", "--ground-truth", Golden("coco/dt.json"), "--detections", Golden("coco/dt.json")).Failed(2, "must be an object");
        Lzu.Run("score", "coco", "--ground-truth", Golden("coco/gt.json"), "--detections", work.Text("dt.json", """[{"image_id": 5, "category_id": 0, "bbox": [0, 0, 1, 1], "score": 1}]""")).Failed(2, "image 5");
        Lzu.Run("score", "coco", "--ground-truth", Golden("coco/gt.json")).Failed(2, "--detections");
    }

    [Test]
    public void MistypedMetric_IsAnsweredWithTheNearest()
    {
        Lzu.Run("score", "nuscene", "--data", ".").Failed(2, "'nuscene'", "did you mean 'nuscenes'?");
        Lzu.Run("score").Failed(2, "no verb was given", "score --help");
        Lzu.Run("scor", "coco").Failed(2, "did you mean 'score'?");
    }

    [TestCase("all"), TestCase("train"), TestCase(null)]
    public void NuScenes_PrintsTheOfficialNumbers(string? split)
    {
        var expected = Expected("nuscenes/expected.json");
        string[] args = ["score", "nuscenes", "--data", Golden("nuscenes"), "--version", "v1.0-tiny", "--results", Golden("nuscenes/results_nusc.json"), "--json", .. split is null ? Array.Empty<string>() : ["--split", split]];
        var document = Lzu.Run(args).Succeeded().Json;
        AssertNear(document.GetProperty("NDS"), expected.GetProperty("nd_score"), "NDS");
        AssertNear(document.GetProperty("mAP"), expected.GetProperty("mean_ap"), "mAP");
        foreach (var (name, key) in new[] { ("mATE", "trans_err"), ("mASE", "scale_err"), ("mAOE", "orient_err"), ("mAVE", "vel_err"), ("mAAE", "attr_err") })
            AssertNear(document.GetProperty(name), expected.GetProperty("tp_errors").GetProperty(key), name);
        foreach (var facts in expected.GetProperty("label_aps").EnumerateObject())
            foreach (var distance in facts.Value.EnumerateObject()) AssertNear(document.GetProperty("label_aps").GetProperty(facts.Name).GetProperty(distance.Name), distance.Value, facts.Name);
        foreach (var facts in expected.GetProperty("mean_dist_aps").EnumerateObject()) AssertNear(document.GetProperty("mean_dist_aps").GetProperty(facts.Name), facts.Value, facts.Name);
        foreach (var facts in expected.GetProperty("label_tp_errors").EnumerateObject())
            foreach (var error in facts.Value.EnumerateObject()) AssertNear(document.GetProperty("label_tp_errors").GetProperty(facts.Name).GetProperty(error.Name), error.Value, $"{facts.Name} {error.Name}");
    }

    [Test]
    public void NuScenes_BadInput_IsOneLine()
    {
        string[] good = ["score", "nuscenes", "--data", Golden("nuscenes"), "--version", "v1.0-tiny", "--results", Golden("nuscenes/results_nusc.json")];
        Lzu.Run([.. good, "--split", "vall"]).Failed(2, "'vall'", "did you mean 'val'?");
        Lzu.Run("score", "nuscenes", "--data", Golden("nuscenes"), "--version", "v1.0-mini", "--results", Golden("nuscenes/results_nusc.json")).Failed(2, "v1.0-mini", "v1.0-tiny");
        Lzu.Run("score", "nuscenes", "--data", Golden("nuscenes"), "--version", "v1.0-tiny", "--results", Golden("coco/dt.json")).Failed(2, "must be an object");
        Assert.That(Lzu.Run(good).Succeeded().Out, Does.Contain("NDS").And.Contain("33.93"));
    }

    // Label maps of a few made-up images: ground truth as label ids, predictions as asked.
    private static (string Truth, string Found) Maps(WorkFolder work, bool labelIds, string ending, int size = 40)
    {
        string truth = work["gtFine/val/city"], found = work["found"];
        Directory.CreateDirectory(truth);
        Directory.CreateDirectory(found);
        var random = new Random(5);
        for (var i = 0; i < 3; i++)
        {
            LabelMap ids = new((30, 40)), prediction = new((30, size));
            for (var p = 0; p < ids.Labels.Length; p++)
            {
                var train = (byte)random.Next(5);
                ids.Labels[p] = p % 11 == 0 ? (byte)0 : CityscapesClasses.LabelIdOf(train);
                if (p >= prediction.Labels.Length) continue;
                var guess = p % 4 == 0 ? (byte)random.Next(14) : train;
                prediction.Labels[p] = labelIds ? CityscapesClasses.LabelIdOf(guess) : guess;
            }
            File.WriteAllBytes(Path.Combine(truth, $"city_000000_00001{i}_gtFine_labelIds.png"), ids.Encode());
            File.WriteAllBytes(Path.Combine(found, $"city_000000_00001{i}{ending}"), prediction.Encode());
        }
        return (work["gtFine"], found);
    }

    [Test]
    public void Cityscapes_PredictionsInEitherEncoding_ScoreTheSame()
    {
        using WorkFolder one = new(), two = new();
        JsonElement Score((string Truth, string Found) folders, params string[] more) => Lzu.Run(["score", "cityscapes", "--ground-truth", folders.Truth, "--predictions", folders.Found, "--json", .. more]).Succeeded().Json;
        JsonElement trainIds = Score(Maps(one, labelIds: false, ".png")), labelIds = Score(Maps(two, labelIds: true, "_leftImg8bit.png"));
        Assert.That((trainIds.GetProperty("encoding").GetString(), labelIds.GetProperty("encoding").GetString()), Is.EqualTo(("train-ids", "label-ids")));
        foreach (var name in new[] { "mIoU", "mAcc", "aAcc" }) Assert.That(trainIds.GetProperty(name).GetDouble(), Is.EqualTo(labelIds.GetProperty(name).GetDouble()).And.InRange(0.2, 0.9));
        Assert.That(trainIds.GetProperty("per_class_IoU").GetProperty("road").GetDouble(), Is.InRange(0.5, 0.9));
        Assert.That(trainIds.GetProperty("per_class_IoU").GetProperty("train").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(trainIds.GetProperty("per_class_IoU").EnumerateObject().Count(), Is.EqualTo(19));
        Assert.That(Score((one["gtFine"], one["found"]), "--encoding", "label-ids").GetProperty("mIoU").GetDouble(), Is.LessThan(0.1));
    }

    [Test]
    public void Cityscapes_GoldenMaps_ScoreAsRecorded()
    {
        using var work = new WorkFolder();
        using var golden = LzuCore.Nn.Serialization.Npz.Open(Golden("miou/miou.npz"));
        byte[] labels = golden.Read("train_ids").ToArray<byte>(), predictions = golden.Read("pred").ToArray<byte>();
        Directory.CreateDirectory(work["gt"]);
        Directory.CreateDirectory(work["found"]);
        for (var i = 0; i < 3; i++)
        {
            LabelMap truth = new((64, 96)), found = new((64, 96));
            labels.AsSpan(i * 64 * 96, 64 * 96).CopyTo(truth.Labels);
            predictions.AsSpan(i * 64 * 96, 64 * 96).CopyTo(found.Labels);
            File.WriteAllBytes(work[$"gt/a_0_{i}_gtFine_labelTrainIds.png"], truth.Encode());
            File.WriteAllBytes(work[$"found/a_0_{i}_labelTrainIds.png"], found.Encode());
        }
        var document = Lzu.Run("score", "cityscapes", "--ground-truth", work["gt"], "--predictions", work["found"], "--json").Succeeded().Json;
        foreach (var (name, key) in new[] { ("mIoU", "miou"), ("mAcc", "macc"), ("aAcc", "aacc") }) Assert.That(document.GetProperty(name).GetDouble(), Is.EqualTo(golden.Read(key).ToArray<double>()[0]).Within(1e-9));
        foreach (var (got, expected) in document.GetProperty("per_class_IoU").EnumerateObject().Zip(golden.Read("iou").ToArray<double>()))
            Assert.That(got.Value.ValueKind == JsonValueKind.Null ? double.NaN : got.Value.GetDouble(), Is.EqualTo(expected).Within(1e-9), got.Name);
    }

    [Test]
    public void Cityscapes_MissingPairs_SizesAndFolders_AreOneLine()
    {
        using WorkFolder work = new(), narrow = new();
        var (truth, found) = Maps(work, labelIds: false, ".png");
        Lzu.Run("score", "cityscapes", "--ground-truth", found, "--predictions", found).Failed(2, "there is no", "labelIds.png");
        Lzu.Run("score", "cityscapes", "--ground-truth", work["nowhere"], "--predictions", found).Failed(2, "--ground-truth must be a folder");
        File.Copy(Path.Combine(found, "city_000000_000011.png"), Path.Combine(found, "city_000000_000011_again.png"));
        Lzu.Run("score", "cityscapes", "--ground-truth", truth, "--predictions", found).Failed(2, "has 2 predictions");
        File.Delete(Path.Combine(found, "city_000000_000011.png"));
        File.Delete(Path.Combine(found, "city_000000_000011_again.png"));
        Lzu.Run("score", "cityscapes", "--ground-truth", truth, "--predictions", found).Failed(2, "1 of 3 images have no prediction", "city_000000_000011");
        var (wide, cut) = Maps(narrow, labelIds: false, ".png", size: 39);
        Lzu.Run("score", "cityscapes", "--ground-truth", wide, "--predictions", cut).Failed(2, "30x39", "30x40");
    }
}
