using System.Text;
using System.Text.Json;
using LzuCore.Memory;
using LzuCore.Vision.Configuration;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Tests.Training;

public sealed class TrainConfigTests
{
    private SmallSets _sets = null!;

    [OneTimeSetUp]
    public void Make()
    {
        _sets = new SmallSets();
        File.WriteAllText(_sets.Folder["empty.json"], """{"images": [], "annotations": [], "categories": [{"id": 1, "name": "car"}, {"id": 2, "name": "person"}]}""");
        File.WriteAllText(_sets.Folder["others.json"], """{"images": [{"id": 1, "file_name": "0.png", "height": 64, "width": 96}], "annotations": [], "categories": [{"id": 1, "name": "car"}, {"id": 2, "name": "cyclist"}]}""");
    }

    [OneTimeTearDown]
    public void Remove() => _sets.Dispose();

    [TestCase("\"learning_rate\": 0.002", "\"learning_rate\": \"fast\"", "optimizer.learning_rate must be a number above 0, got \"fast\".")]
    [TestCase("\"learning_rate\": 0.002", "\"learning_rate\": 0", "optimizer.learning_rate must be a number above 0, got 0.")]
    [TestCase("\"learning_rate\": 0.002", "\"learning_rate\": 1e999", "optimizer.learning_rate must be a number above 0, got 1e999.")]
    [TestCase("\"learning_rate\": 0.002", "\"learning_rat\": 0.002", "optimizer has no 'learning_rat', did you mean 'learning_rate'?")]
    [TestCase("\"learning_rate\": 0.002, ", "", "optimizer must have 'learning_rate'")]
    [TestCase("\"optimizer\"", "\"optimiser\"", "the file has no 'optimiser', did you mean 'optimizer'?")]
    [TestCase("\"optimizer\": {", "\"optimizer\": {\"learning_rate\": 1, ", "learning_rate")]
    [TestCase("\"optimizer\": {\"learning_rate\": 0.002, \"bias_rate\": 2, \"bias_decay\": 0}", "\"optimizer\": 7", "optimizer must be an object, got 7.")]
    [TestCase("\"task\": \"detection\"", "\"task\": \"detectoin\"", "task must be detection, segmentation or detection3d ('detection'?), got \"detectoin\".")]
    [TestCase("\"task\": \"detection\",", "", "the file must have 'task'")]
    [TestCase("\"batch\": 2", "\"batch\": 0", "training.batch must be a whole number from 1 to 4096, got 0.")]
    [TestCase("\"batch\": 2", "\"batch\": 2.5", "training.batch must be a whole number from 1 to 4096, got 2.5.")]
    [TestCase("\"steps\": 4", "\"steps\": 4, \"epochs\": 1", "training must have one of 'steps' and 'epochs'.")]
    [TestCase("\"steps\": 4, ", "", "training must have one of 'steps' and 'epochs'.")]
    [TestCase("\"depth\": 18", "\"depth\": 19", "model.depth must be 18, 34, 50, 101 or 152, got 19.")]
    [TestCase("\"depth\": 18", "\"depth\": 18, \"classes\": 8", "model.classes must be 2, the classes of the annotations (car, person), got 8.")]
    [TestCase("\"depth\": 18", "\"depth\": 18, \"weights\": \"none.pth\"", "model.weights must be a file that is there")]
    [TestCase("\"depth\": 18", "\"depth\": 18, \"weights\": \"random:x\"", "model.weights must be a file or random:SEED")]
    [TestCase("\"depth\": 18", "\"depth\": 18, \"weights\": \"boxes.json\"", "boxes.json")]
    [TestCase("\"annotations\": \"boxes.json\"", "\"annotations\": \"no.json\"", "data.annotations must be a file that is there")]
    [TestCase("\"images\": \"images\"", "\"images\": \"pictures\"", "data.images must be a folder that is there")]
    [TestCase("\"annotations\": \"boxes.json\"", "\"annotations\": \"empty.json\"", "data.annotations must hold pictures with objects to train on, got none.")]
    [TestCase("\"validation_annotations\": \"boxes.json\"", "\"validation_annotations\": \"empty.json\"", "data.validation_annotations must hold pictures, got none.")]
    [TestCase("\"validation_annotations\": \"boxes.json\"", "\"validation_annotations\": \"others.json\"", "must have the training set's classes car, person, got car, cyclist.")]
    [TestCase(", \"validation_annotations\": \"boxes.json\"", "", "training.evaluate_every needs something to evaluate on")]
    [TestCase("\"grid\": \"7x11\"", "\"grid\": \"7 by 11\"", "zoom.grid must be a text HEIGHTxWIDTH with sides from 2 to 512, such as \"600x960\", got \"7 by 11\".")]
    [TestCase("\"grid\": \"7x11\"", "\"size\": \"32x48\", \"scale\": 0.5", "zoom.size and zoom.scale must not both be there")]
    [TestCase("\"saliency\": \"adaptive\"", "\"saliency\": \"map\"", "zoom.map must name the file")]
    [TestCase("\"saliency\": \"adaptive\"", "\"map\": \"x.npy\"", "zoom.map goes with saliency \"map\"")]
    [TestCase("\"64x96\", \"48x72\"", "", "augment.rescale must be a list of 1 or more, got a list.")]
    [TestCase("\"48x72\"", "7", "augment.rescale[1] must be a text HEIGHTxWIDTH")]
    [TestCase("\"photometric\": true", "\"photometric\": 1", "augment.photometric must be true or false, got 1.")]
    [TestCase("\"photometric\": true", "\"ratio\": [2, 1]", "augment.ratio must rise, got [2, 1].")]
    [TestCase("\"kind\": \"poly\"", "\"kind\": \"step\"", "schedule.milestones must say when the rate falls.")]
    [TestCase("\"folder\": \"run\",", "", "the file must have 'folder'")]
    [TestCase("\"clip_norm\": 35", "\"clip_norm\": 35,", "line 10: ")]
    [TestCase("\"clip_norm\": 35", "\"clip_norm\": NaN", "line 10: ")]
    public void Fault_IsOneLineWithItsPlace(string old, string changed, string expected)
    {
        var path = _sets.Config("detection", change: text =>
        {
            Assert.That(text, Does.Contain(old));
            return text.Replace(old, changed);
        });
        var fault = Assert.Throws<FileFormatException>(() => TrainingRun.Create(TrainConfig.Read(path), Device.Cpu))!;
        Assert.That(fault.Message, Does.Contain(expected).And.Contain(".json: ").And.Not.Contain("\n"));
    }

    [TestCase("\"kind\": \"desk\"", "\"kind\": \"desks\"", "model.kind must be retinanet or desk ('desk'?), got \"desks\".")]
    [TestCase("\"kind\": \"desk\"", "\"kind\": 7", "model.kind must be retinanet or desk, got 7.")]
    [TestCase("\"kind\": \"desk\"", "\"kind\": \"desk\", \"depth\": 18", "model has no 'depth'")]
    [TestCase("\"kind\": \"desk\"", "\"kind\": \"desk\", \"weights\": \"boxes.json\"", "boxes.json")]
    [TestCase("\"kind\": \"desk\"", "\"kind\": \"retinanet\", \"depth\": 18", "data.kind must be coco, got \"scenes\".")]
    [TestCase("\"kind\": \"scenes\", \"training\": 5", "\"training\": 5, \"kind\": \"coco\"", "data.kind must be scenes, got \"coco\".")]
    [TestCase("\"training\": 5", "\"training\": 0", "data.training must be a whole number from 1 to 1000000, got 0.")]
    [TestCase("\"training\": 5", "\"training\": 5, \"validation\": 0", "data.validation must be a whole number from 1 to 1000000, got 0.")]
    [TestCase("\"training\": 5", "\"training\": 5, \"validation\": 12", "data.validation must be a multiple of 10, as an adaptive zoom is evaluated on drives of 10 frames, got 12.")]
    [TestCase("\"training\": 5", "\"trainings\": 5", "data has no 'trainings', did you mean 'training'?")]
    [TestCase("\"training\": 5", "\"training\": 5, \"moving\": 1", "data.moving must be true or false, got 1.")]
    [TestCase("\"training\": 5", "\"training\": 5, \"annotations\": \"boxes.json\"", "data has no 'annotations'")]
    [TestCase("\"64x96\"", "\"16x96\"", "data.size must be a text HEIGHTxWIDTH with sides from 32 to 4096")]
    [TestCase("\"size\": \"16x24\"", "\"size\": \"15x24\"", "zoom.size must leave the network sides of 16 pixels or more, got 15x24 of pictures 64x96.")]
    [TestCase("\"size\": \"16x24\"", "\"scale\": 0.2", "zoom.scale must leave the network sides of 16 pixels or more, got 12x19 of pictures 64x96.")]
    [TestCase("\"size\": \"16x24\"", "\"size\": \"16x24\", \"scale\": 0.25", "zoom.size and zoom.scale must not both be there")]
    [TestCase("\"saliency\": \"adaptive\"", "\"saliency\": \"map\"", "zoom.saliency must be none, training_set, adaptive or learned")]
    [TestCase("\"saliency\": \"adaptive\"", "\"saliency\": \"adaptive\", \"resize\": \"averaged\"", "zoom.resize \"averaged\" goes with saliency \"none\"")]
    [TestCase("\"saliency\": \"adaptive\"", "\"saliency\": \"adaptive\", \"unwarp\": \"boxes\"", "zoom.unwarp \"boxes\" goes with saliency \"training_set\"")]
    [TestCase("\"zoom\"", "\"augment\": {\"flip\": 0.5}, \"zoom\"", "the file has no 'augment'")]
    [TestCase("\"steps\": 4", "\"epochs\": \"many\"", "training.epochs must be a number above 0 and at most 100000, got \"many\".")]
    [TestCase("\"steps\": 4", "\"steps\": 4, \"evaluate_every\": 2", "training.evaluate_every needs something to evaluate on: data.validation.")]
    public void FaultOfADesk_IsOneLineWithItsPlace(string old, string changed, string expected)
    {
        var path = _sets.DeskConfig("detection", change: text =>
        {
            Assert.That(text, Does.Contain(old));
            return text.Replace(old, changed);
        });
        var fault = Assert.Throws<FileFormatException>(() => TrainingRun.Create(TrainConfig.Read(path), Device.Cpu))!;
        Assert.That(fault.Message, Does.Contain(expected).And.Contain(".json: ").And.Not.Contain("\n"));
    }

    [TestCase("segmentation", "\"saliency\": \"training_set\"", "\"saliency\": \"adaptive\"", "zoom.saliency must be none, training_set, lds or es, got \"adaptive\".")]
    [TestCase("detection3d", "\"saliency\": \"training_set\"", "\"unwarp\": \"boxes\"", "zoom has no 'unwarp'")]
    public void MethodsOfOtherTasks_AreRefused(string task, string old, string changed, string expected) =>
        Assert.That(() => TrainConfig.Read(_sets.DeskConfig(task, change: text => text.Replace(old, changed))), Throws.TypeOf<FileFormatException>().With.Message.Contains(expected));

    [TestCase("")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("{")]
    [TestCase("\0\0")]
    public void NoConfiguration_IsOneLine(string text)
    {
        File.WriteAllText(_sets.Folder["bad.json"], text);
        var fault = Assert.Throws<FileFormatException>(() => TrainConfig.Read(_sets.Folder["bad.json"]))!;
        Assert.That(fault.Message, Does.Contain("bad.json: ").And.Not.Contain("\n"));
    }

    [Test]
    public void MissingFileAndFolder_AreSaid()
    {
        Assert.That(() => TrainConfig.Read(_sets.Folder["missing.json"]), Throws.TypeOf<FileFormatException>().With.Message.Contains("there is no such file"));
        Assert.That(() => TrainConfig.Read(_sets.Folder.Path), Throws.TypeOf<FileFormatException>().With.Message.Contains("is a folder"));
    }

    [Test]
    public void Fingerprint_IsOfWhatMakesTheSteps()
    {
        string Print(Func<string, string> change) => TrainConfig.Read(_sets.Config("detection", change: change)).Fingerprint;
        var own = Print(t => t);
        Assert.That(Print(t => t.Replace("\"workers\": 0", "\"workers\": 3").Replace("\"folder\": \"run\"", "\"folder\": \"elsewhere\"").Replace("\"evaluate_every\": 3", "\"evaluate_every\": 2")), Is.EqualTo(own));
        Assert.That(Print(t => t.Replace("\"kind\": \"poly\"", "\"kind\": \"poly\", \"power\": 0.9")), Is.EqualTo(own), "a default that is said");
        Assert.That(Print(t => t.Replace("\"flip\": 0.5", "\"flip\": 0.4")), Is.Not.EqualTo(own));
        Assert.That(Print(t => t.Replace("\"steps\": 4", "\"steps\": 5")), Is.Not.EqualTo(own));
        Assert.That(Print(t => t.Replace("48x72", "48x80")), Is.Not.EqualTo(own));
    }

    // The file in docs is what the table says; LZU_WRITE_SCHEMA=1 writes it anew.
    [Test]
    public void Schema_IsTheTables()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "LzuCore.sln"))) folder = Path.GetDirectoryName(folder)!;
        var file = Path.Combine(folder, "docs", "train.schema.json");
        if (Environment.GetEnvironmentVariable("LZU_WRITE_SCHEMA") == "1") File.WriteAllText(file, TrainConfig.Schema());
        Assert.That(File.ReadAllText(file), Is.EqualTo(TrainConfig.Schema()));
    }

    // Everything that reading takes is in the schema, under the same name: the examples of docs/training.md are read as they stand there.
    [Test]
    public void Examples_OfTheDocumentation_AreRead()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "LzuCore.sln"))) folder = Path.GetDirectoryName(folder)!;
        var examples = File.ReadAllText(Path.Combine(folder, "docs", "training.md")).Split("```json\n").Skip(1).Select(part => part[..part.IndexOf("```", StringComparison.Ordinal)]).ToList();
        Assert.That(examples, Has.Count.GreaterThanOrEqualTo(3));
        foreach (var example in examples) Assert.That(TrainConfig.Parse(Encoding.UTF8.GetBytes(example), "example.json").Task, Is.Not.Empty);
        using var schema = JsonDocument.Parse(TrainConfig.Schema());
        Assert.That(schema.RootElement.GetProperty("oneOf").GetArrayLength(), Is.EqualTo(6));
    }
}
