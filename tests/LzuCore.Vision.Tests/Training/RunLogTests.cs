using System.Buffers.Binary;
using Google.Protobuf;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Tests.Training;

public sealed class RunLogTests
{
    private static TrainerOptions Options(string folder) => new() { Steps = 12, Folder = folder, EvaluateEvery = 4 };

    [Test]
    public void Csv_HasARowAStepWhateverWasInterrupted()
    {
        using var folder = new WorkFolder();
        using var interrupt = new CancellationTokenSource();
        // The checkpoint of step 5 is put back after step 9, as if the process had been killed there.
        var first = TinyTask.Trainer(new TinyTask(), Options(folder.Path) with { CheckpointEvery = 5 });
        first.Stepped += s =>
        {
            if (s.Step == 6) File.Copy(folder["checkpoint.safetensors"], folder["five"]);
            if (s.Step == 9) interrupt.Cancel();
        };
        first.Run(interrupt.Token);
        Assert.That(Steps(folder["train.csv"]), Is.EqualTo(Enumerable.Range(1, 9)));
        var second = TinyTask.Trainer(new TinyTask(), Options(folder.Path));
        second.Resume(folder["five"]);
        second.Run();
        Assert.That(Steps(folder["train.csv"]), Is.EqualTo(Enumerable.Range(1, 12)));
        Assert.That(Steps(folder["metrics.csv"]), Is.EqualTo(new[] { 4, 8, 12 }));
        Assert.That(File.ReadLines(folder["train.csv"]).First(), Is.EqualTo("step,epoch,loss,loss_brightness,loss_size,learning_rate,gradient_norm,images_per_second"));
        Assert.That(File.ReadLines(folder["metrics.csv"]).First(), Is.EqualTo("step,closeness"));

        using var whole = new WorkFolder();
        TinyTask.Trainer(new TinyTask(), Options(whole.Path)).Run();
        static string[] Losses(string file) => [.. File.ReadLines(file).Skip(1).Select(l => string.Join(',', l.Split(',')[..7]))];
        Assert.That(Losses(folder["train.csv"]), Is.EqualTo(Losses(whole["train.csv"])));
        Assert.That(File.ReadAllText(folder["metrics.csv"]), Is.EqualTo(File.ReadAllText(whole["metrics.csv"])));
    }

    [Test]
    public void Events_AreWhatTensorBoardReads()
    {
        using var folder = new WorkFolder();
        var losses = new List<double>();
        var trainer = TinyTask.Trainer(new TinyTask(), Options(folder.Path));
        trainer.Stepped += s => losses.Add(s.Loss);
        trainer.Run();
        var events = Directory.GetFiles(folder.Path, "events.out.tfevents.*").SelectMany(Records).Select(Event).ToList();
        Assert.That(events[0].Version, Is.EqualTo("brain.Event:2"));
        Assert.That(events.Select(e => e.WallTime), Is.Ordered.And.All.GreaterThan(1.7e9));
        var totals = events.Where(e => e.Values.ContainsKey("loss/total")).ToList();
        Assert.That(totals.Select(e => e.Step), Is.EqualTo(Enumerable.Range(1, 12)));
        Assert.That(totals.Select(e => e.Values["loss/total"]), Is.EqualTo(losses.Select(l => (float)l)));
        Assert.That(events.Where(e => e.Values.ContainsKey("metrics/closeness")).Select(e => e.Step), Is.EqualTo(new[] { 4, 8, 12 }));
        Assert.That(events.Any(e => e.StartsSession), Is.False);
    }

    [Test]
    public void Events_OfAResumedRun_BeginWithASessionThatPurgesLaterSteps()
    {
        using var folder = new WorkFolder();
        using var interrupt = new CancellationTokenSource();
        var first = TinyTask.Trainer(new TinyTask(), Options(folder.Path));
        first.Stepped += s => { if (s.Step == 5) interrupt.Cancel(); };
        first.Run(interrupt.Token);
        var before = Directory.GetFiles(folder.Path, "events.out.tfevents.*");
        var second = TinyTask.Trainer(new TinyTask(), Options(folder.Path));
        second.Resume(folder["checkpoint.safetensors"]);
        second.Run();
        var events = Directory.GetFiles(folder.Path, "events.out.tfevents.*").Except(before).SelectMany(Records).Select(Event).ToList();
        Assert.That(events[1].StartsSession, Is.True);
        Assert.That(events[1].Step, Is.EqualTo(6));
        Assert.That(events[2].Step, Is.EqualTo(6));
    }

    // CRC-32C's check value, and TensorFlow's mask of it by hand.
    [Test]
    public void Checksum_IsTheMaskedCastagnoliCrc() =>
        Assert.That(TensorBoardFile.Masked("123456789"u8), Is.EqualTo(((0xE3069283u >> 15) | (0xE3069283u << 17)) + 0xa282ead8u));

    private static IEnumerable<int> Steps(string file) => File.ReadLines(file).Skip(1).Select(l => int.Parse(l.Split(',')[0]));

    private static List<byte[]> Records(string file)
    {
        var bytes = File.ReadAllBytes(file);
        var records = new List<byte[]>();
        for (var at = 0; at < bytes.Length;)
        {
            var length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
            Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)), Is.EqualTo(TensorBoardFile.Masked(bytes.AsSpan(at, 8))));
            records.Add(bytes[(at + 12)..(at + 12 + length)]);
            Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)), Is.EqualTo(TensorBoardFile.Masked(records[^1])));
            at += 16 + length;
        }
        return records;
    }

    private sealed record Read(double WallTime, long Step, string Version, bool StartsSession, Dictionary<string, float> Values);

    private static Read Event(byte[] record)
    {
        var (time, step, version, session, values) = (0.0, 0L, "", false, new Dictionary<string, float>());
        var input = new CodedInputStream(record);
        while (input.ReadTag() is > 0 and var tag)
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1: time = input.ReadDouble(); break;
                case 2: step = input.ReadInt64(); break;
                case 3: version = input.ReadString(); break;
                case 5:
                    var summary = new CodedInputStream(input.ReadBytes().ToByteArray());
                    while (summary.ReadTag() > 0)
                    {
                        var one = new CodedInputStream(summary.ReadBytes().ToByteArray());
                        string name = "";
                        while (one.ReadTag() is > 0 and var field)
                            if (WireFormat.GetTagFieldNumber(field) == 1) name = one.ReadString();
                            else values[name] = one.ReadFloat();
                    }
                    break;
                case 7:
                    session = input.ReadBytes().ToByteArray() is [0x08, 0x01];
                    break;
                default: input.SkipLastField(); break;
            }
        return new Read(time, step, version, session, values);
    }
}
