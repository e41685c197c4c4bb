using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Tests.Nn.Serialization;

/// <summary>Weights that are read again rather than kept: <see cref="CheckpointTensor.ToTensorInFile"/>.</summary>
public sealed class InFileTests
{
    private const int Channels = 64;

    private static readonly KeyValuePair<string, Tensor>[] Weights =
    [
        new("weight", Tensor.Uniform([Channels, Channels, 3, 3], RandomSource.FromKey("1"), -0.1, 0.1)),
        new("bias", Tensor.Uniform([Channels], RandomSource.FromKey("2"), -0.1, 0.1)),
    ];

    private TemporaryFolder _folder = null!;

    private string Path => _folder.File("weights.safetensors");

    [SetUp]
    public void Write()
    {
        _folder = new TemporaryFolder();
        Safetensors.Write(Path, Weights);
    }

    [TearDown]
    public void Remove() => _folder.Dispose();

    private static Conv2d Layer(StateDict weights)
    {
        var conv = new Conv2d(Channels, Channels, 3, padding: 1);
        conv.LoadStateDict(weights);
        conv.Eval();
        return conv;
    }

    // A map so small that its convolution is direct, or one for Winograd: each packs the weight in its own way.
    private static float[] Outputs(Conv2d conv, int side)
    {
        using var off = Grad.Off();
        return ConvNormAct.Apply(Tensor.Uniform([1, Channels, side, side], RandomSource.FromKey("3")), conv, null, Activation.Relu).ToArray<float>();
    }

    [Test]
    public void Outputs_AreThoseOfWeightsInMemory_HoweverTheyArePacked()
    {
        using var file = Checkpoint.Open(Path);
        Conv2d inFile = Layer(file.ToStateDictInFile()), inMemory = Layer(file.ToStateDict());
        foreach (var side in new[] { 3, 40, 3 }) Assert.That(Outputs(inFile, side), Is.EqualTo(Outputs(inMemory, side)));
        Assert.That(inFile.Weight.Value.ToArray<float>(), Is.EqualTo(Weights[0].Value.ToArray<float>()));
    }

    [Test]
    public void PackedWeights_AreInMemoryOnce()
    {
        using var file = Checkpoint.Open(Path);
        const long bytes = Channels * Channels * 9 * sizeof(float), others = bytes / 4;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = BufferPool.Shared.Statistics.LiveBytes;
        var conv = Layer(file.ToStateDictInFile());
        Assert.That(BufferPool.Shared.Statistics.LiveBytes - before, Is.InRange(bytes - others, bytes + others), "read, so that a damaged file is refused when it is loaded");
        Outputs(conv, 3);
        Assert.That(BufferPool.Shared.Statistics.LiveBytes - before, Is.InRange(bytes - others, bytes + others), "packed, and read no more");
        GC.KeepAlive(conv);
    }

    [Test]
    public void FileThatWasWrittenTo_IsRefused_WhenItIsReadAgain()
    {
        using var file = Checkpoint.Open(Path);
        var conv = Layer(file.ToStateDictInFile());
        var packed = Outputs(conv, 3);
        File.SetLastWriteTimeUtc(Path, DateTime.UtcNow.AddHours(1));
        Assert.That(Outputs(conv, 3), Is.EqualTo(packed));
        Assert.That(() => Outputs(conv, 40), Throws.TypeOf<FileFormatException>().With.Message.Contains("was written to since it was opened"));
    }

    [Test]
    public void DisposedCheckpoint_IsNamed()
    {
        var file = Checkpoint.Open(Path);
        var conv = Layer(file.ToStateDictInFile());
        Outputs(conv, 3);
        file.Dispose();
        Assert.That(() => Outputs(conv, 40), Throws.TypeOf<FileFormatException>().With.Message.Contains("Keep the checkpoint"));
    }

    [Test]
    public void AnotherFileOfTheName_ChangesNothing()
    {
        if (OperatingSystem.IsWindows()) Assert.Ignore("Windows does not give an open file's name away");
        using var file = Checkpoint.Open(Path);
        var conv = Layer(file.ToStateDictInFile());
        Outputs(conv, 3);
        Safetensors.Write(Path, [new("weight", Tensor.Zeros([Channels, Channels, 3, 3])), Weights[1]]);
        Assert.That(Outputs(conv, 40), Is.EqualTo(Outputs(Layer(new StateDict(Weights)), 40)));
    }

    [Test]
    public void DamagedFile_IsRefused_WhenItIsLoaded()
    {
        // Packed members are summed up as they are read.
        var path = _folder.File("weights.npz");
        Npz.Write(path, Weights);
        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
        using var file = Checkpoint.Open(path);
        Assert.That(() => file.ToStateDictInFile(), Throws.TypeOf<FileFormatException>());
    }
}
