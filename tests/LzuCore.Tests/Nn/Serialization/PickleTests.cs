using System.IO.Compression;
using System.Text;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;

namespace LzuCore.Tests.Nn.Serialization;

/// <summary>Pickles put together opcode by opcode, in a zip container.</summary>
public sealed class PickleTests
{
    private static readonly byte[] Values = [.. Enumerable.Range(1, 4).SelectMany(i => BitConverter.GetBytes((float)i))];

    private static byte[] Text(string text) => [(byte)'X', .. BitConverter.GetBytes(Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    private static byte[] Global(string module, string name) => [(byte)'c', .. Encoding.ASCII.GetBytes($"{module}\n{name}\n")];

    private static byte[] Number(long value) => [0x8a, 8, .. BitConverter.GetBytes(value)];

    private static byte[] Numbers(params long[] values) => [(byte)'(', .. values.SelectMany(Number), (byte)'t'];

    // _rebuild_tensor_v2(storage '0' of 4 floats, offset, sizes, strides, False, OrderedDict())
    private static byte[] Tensor(long offset, long[] sizes, long[] strides, string type = "FloatStorage", long count = 4) =>
    [
        .. Global("torch._utils", "_rebuild_tensor_v2"), (byte)'(', (byte)'(', .. Text("storage"), .. Global("torch", type), .. Text("0"), .. Text("cpu"), .. Number(count), (byte)'t', (byte)'Q',
        .. Number(offset), .. Numbers(sizes), .. Numbers(strides), 0x89, .. Global("collections", "OrderedDict"), (byte)')', (byte)'R', (byte)'t', (byte)'R',
    ];

    private static byte[] Dict(params (string Key, byte[] Value)[] items) => [(byte)'}', (byte)'(', .. items.SelectMany(i => Text(i.Key).Concat(i.Value)), (byte)'u'];

    private static string Save(TemporaryFolder folder, byte[] pickle, byte[]? storage = null, CompressionLevel level = CompressionLevel.NoCompression)
    {
        var path = folder.File("a.pth");
        File.Delete(path);
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        Add("archive/data.pkl", [0x80, 2, .. pickle, (byte)'.']);
        Add("archive/data/0", storage ?? Values);
        return path;

        void Add(string name, byte[] content)
        {
            using var stream = zip.CreateEntry(name, level).Open();
            stream.Write(content);
        }
    }

    private static FileFormatException Refusal(byte[] pickle, byte[]? storage = null)
    {
        using var folder = new TemporaryFolder();
        return Assert.Throws<FileFormatException>(() => CheckpointGoldenTests.ReadAll(Save(folder, pickle, storage)))!;
    }

    [Test]
    public void Views_AreReadInLogicalOrder()
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Checkpoint.Open(Save(folder, Dict(("t", Tensor(0, [2, 2], [1, 2])), ("rows", Tensor(3, [3], [0])), ("tail", Tensor(2, [2], [1])), ("none", Tensor(0, [0, 3], [3, 1])))));
        Assert.That(checkpoint.Tensors.ToDictionary(t => t.Name, t => t.ToTensor().ToArray<float>()), Is.EquivalentTo(new Dictionary<string, float[]>
        {
            ["t"] = [1, 3, 2, 4],
            ["rows"] = [4, 4, 4],
            ["tail"] = [3, 4],
            ["none"] = [],
        }));
    }

    [Test]
    public void DataParallelPrefix_IsStripped_OnlyWhenAllKeysHaveIt()
    {
        using var folder = new TemporaryFolder();
        var one = Tensor(0, [4], [1]);
        using (var all = Checkpoint.Open(Save(folder, Dict(("state_dict", Dict(("module.a", one), ("module.b", one))), ("optimizer", Dict(("x", one)))))))
            Assert.That(all.ToStateDict().Select(e => e.Key), Is.EqualTo(new[] { "a", "b" }));
        using var some = Checkpoint.Open(Save(folder, Dict(("module.a", one), ("b", one))));
        Assert.That(some.ToStateDict().Select(e => e.Key), Is.EqualTo(new[] { "module.a", "b" }));
    }

    [Test]
    public void OddDTypes_AreListedAndHashed_ButMakeNoTensor()
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Checkpoint.Open(Save(folder, Tensor(0, [2], [1], "ComplexFloatStorage", 2)));
        var tensor = checkpoint.Tensors.Single();
        Assert.That((tensor.Name, tensor.DTypeName, tensor.DType, tensor.ByteLength), Is.EqualTo(("", "complex64", (DType?)null, 16L)));
        Assert.That(tensor.Sha256(), Is.EqualTo(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Values))));
        Assert.That(() => tensor.ToTensor(), Throws.TypeOf<FileFormatException>().With.Message.Contains("complex64"));
    }

    [TestCase(0, 5, 1, "reaches element 4")]
    [TestCase(-1, 2, 1, "offset -1")]
    [TestCase(1L << 62, 1, 1, "storage of 4")]
    [TestCase(0, -2, 1, "size -2")]
    [TestCase(0, 2, -1, "stride -1")]
    [TestCase(0, 2, 1L << 62, "storage of 4")]
    [TestCase(0, int.MaxValue, 0, "far more than the file")]
    public void ViewOutsideItsStorage_IsRefused(long offset, long size, long stride, string says) =>
        Assert.That(Refusal(Tensor(offset, [size], [stride])).Message, Does.Contain(says));

    [Test]
    public void ManyRepeatedViews_AreRefusedTogether() =>
        Assert.That(Refusal([(byte)']', (byte)'(', .. Enumerable.Range(0, 40).SelectMany(_ => Tensor(0, [1 << 20], [0])), (byte)'e']).Message, Does.Contain("far more than the file"));

    [Test]
    public void SharedContainers_ThatUnfoldWithoutEnd_AreRefused()
    {
        var bomb = new List<byte> { (byte)']', (byte)'q', 0 };
        for (byte i = 0; i < 40; i++) bomb.AddRange([(byte)'(', (byte)'h', i, (byte)'h', i, (byte)'h', i, (byte)'h', i, (byte)'l', (byte)'q', (byte)(i + 1)]);
        Assert.That(Refusal([.. bomb, .. Enumerable.Repeat((byte)0x86, 40)]).Message, Does.Contain("unfold to more than"));
    }

    [Test]
    public void MillionsOfEmptyLists_AreRefusedBeforeTheyAreMade()
    {
        var before = GC.GetTotalAllocatedBytes(true);
        Assert.That(Refusal([.. Enumerable.Repeat((byte)']', 2_000_000)]).Message, Does.Contain("far more than the file"));
        Assert.That(GC.GetTotalAllocatedBytes(true) - before, Is.LessThan(96 << 20));
    }

    [Test]
    public void TwoTensorsOfOneName_AreRefused() =>
        Assert.That(Refusal(Dict(("a/b", Tensor(0, [4], [1])), ("a", Dict(("b", Tensor(0, [4], [1])))))).Message, Does.Contain("'a/b'"));

    [Test]
    public void CheckpointsInCheckpoints_AreBoundedInDepth()
    {
        var inner = Numbers(1);
        for (var i = 0; i < 8; i++) inner = [.. Global("torch.storage", "_load_from_bytes"), (byte)'B', .. BitConverter.GetBytes(Legacy(inner).Length), .. Legacy(inner), 0x85, (byte)'R'];
        Assert.That(Refusal(inner).Message, Does.Contain("nested more than 4 deep"));

        static byte[] Legacy(byte[] root) =>
        [
            0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.', 0x80, 2, (byte)'M', 0xe9, 3, (byte)'.', (byte)'}', .. Text("little_endian"), 0x88, (byte)'s', (byte)'.', .. root, (byte)'.', (byte)']', (byte)'.',
        ];
    }

    [TestCase("os", "system")]
    [TestCase("subprocess", "check_output")]
    [TestCase("builtins", "exec")]
    [TestCase("importlib", "import_module")]
    public void HostileCalls_AreRefusedWhereverTheyStand(string module, string name) =>
        Assert.That(Refusal(Dict(("w", Tensor(0, [4], [1])), ("meta", [.. Global(module, name), .. Text("x"), 0x85, (byte)'R']))).Message, Does.Contain($"'{module}.{name}'"));

    [Test]
    public void UnknownOpcodes_AreAllRefused()
    {
        // What the machine knows; every other byte must be a refusal, at any place.
        const string known = "\u0080\u0095(012N\u0088\u0089KMJIL\u008a\u008bGFX\u008c\u008dVTUSBC\u008e\u0096)t\u0085\u0086\u0087]\u008fl\u0091ae\u0090}dsupqr\u0094ghjc\u0093R\u0081bQ.";
        for (var opcode = 0; opcode < 256; opcode++)
            if (!known.Contains((char)opcode))
                Assert.That(Refusal([(byte)opcode]).Message, Does.Contain($"opcode 0x{opcode:x2}"));
    }

    [Test]
    public void PackedBomb_IsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = Save(folder, Tensor(0, [1 << 24], [1], count: 1 << 24), new byte[1 << 26], CompressionLevel.SmallestSize);
        Assert.That(() => Checkpoint.Open(path), Throws.TypeOf<FileFormatException>().With.Message.Contains("unpacks to far more"));
    }
}
