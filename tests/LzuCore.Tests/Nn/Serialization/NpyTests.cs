using System.IO.Compression;
using System.Text;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Tests.Nn.Serialization;

public sealed class NpyTests
{
    private static byte[] File(string header, byte[] values, byte major = 1)
    {
        var text = Encoding.Latin1.GetBytes(header + "\n");
        byte[] length = major == 1 ? [(byte)text.Length, (byte)(text.Length >> 8)] : [.. BitConverter.GetBytes(text.Length)];
        return [0x93, .. "NUMPY"u8, major, 0, .. length, .. text, .. values];
    }

    private static byte[] File(string descr, string shape, byte[] values, bool fortran = false) =>
        File($"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}", values);

    private static readonly Tensor[] Various =
    [
        Tensor.From([1f, -2.5f, float.NaN, float.PositiveInfinity], [4]),
        Tensor.From([1d, 2, 3, 4, 5, 6], [2, 3]),
        Tensor.From([(Half)1.5, (Half)(-0.0)], [2, 1]),
        Tensor.From([long.MinValue, long.MaxValue], [2]),
        Tensor.From([1, 2, 3], [3]),
        Tensor.From<short>([1, -2], [2]),
        Tensor.From<sbyte>([1, -2], [2]),
        Tensor.From<byte>([1, 255], [2]),
        Tensor.From([true, false], [2]),
        Tensor.From([7f], []),
        Tensor.From(Array.Empty<float>(), [0, 4]),
        Tensor.Generate([2, 3, 4, 5], i => i),
    ];

    [Test]
    public void Npz_WrittenAndRead_IsBitEqual([Values] bool compress)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("ärray set.npz");
        Npz.Write(path, Various.Select((t, i) => KeyValuePair.Create($"group/t{i}", t)), compress);
        using var read = Npz.Open(path);
        Assert.That(read.Names, Is.EqualTo(Various.Select((_, i) => $"group/t{i}")));
        for (var i = 0; i < Various.Length; i++) AssertSame(read.Read($"group/t{i}"), Various[i]);
        Assert.That(folder.Names, Is.EqualTo(new[] { "ärray set.npz" }));
    }

    [Test]
    public void Npy_WrittenAndRead_IsBitEqual()
    {
        using var folder = new TemporaryFolder();
        foreach (var tensor in Various)
        {
            Npy.Write(folder.File("a.npy"), tensor);
            AssertSame(Npy.Read(folder.File("a.npy")), tensor);
        }
    }

    [Test]
    public void Npz_ReadsPlainMembers()
    {
        using var folder = new TemporaryFolder();
        using (var zip = ZipFile.Open(folder.File("a.npz"), ZipArchiveMode.Create))
        using (var text = new StreamWriter(zip.CreateEntry("cases.json").Open())) text.Write("{\"suite\": \"x\"}");
        using var read = Npz.Open(folder.File("a.npz"));
        Assert.That(Encoding.UTF8.GetString(read.ReadBytes("cases.json")), Is.EqualTo("{\"suite\": \"x\"}"));
        Assert.That(read.Names, Is.Empty);
        Assert.That(() => read.Read("b"), Throws.TypeOf<FileFormatException>().With.Message.Contains("no member 'b.npy'").And.Message.Contains("cases.json"));
    }

    [Test]
    public void BigEndianAndColumnOrder_AreTurned()
    {
        using var folder = new TemporaryFolder();
        var big = folder.Write("b.npy", File(">i2", "(2, 3)", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6]));
        var columns = folder.Write("c.npy", File("<i2", "(2, 3)", [1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6, 0], fortran: true));
        Assert.That(Npy.Read(big).ToArray<short>(), Is.EqualTo(new short[] { 1, 2, 3, 4, 5, 6 }));
        Assert.That(Npy.Read(columns).ToArray<short>(), Is.EqualTo(new short[] { 1, 2, 3, 4, 5, 6 }));
    }

    [Test]
    public void LaterVersions_AreRead()
    {
        using var folder = new TemporaryFolder();
        Assert.That(Npy.Read(folder.Write("v2.npy", File("{'shape': (2L,), 'fortran_order': False, 'descr': '|u1'}", [7, 8], major: 2))).ToArray<byte>(), Is.EqualTo(new byte[] { 7, 8 }));
        Assert.That(Npy.Read(folder.Write("v3.npy", File("{\"descr\": \"|u1\", \"fortran_order\": False, \"shape\": ()}", [7], major: 3))).Item(), Is.EqualTo(7));
    }

    [TestCase("|O", "(1,)", "Python objects")]
    [TestCase("<U5", "(1,)", "'<U5'")]
    [TestCase("|f4", "(1,)", "'|f4'")]
    [TestCase("<f4", "(3,)", "needs 12")]
    [TestCase("<f4", "(1)", "cannot be read")]
    [TestCase("<f4", "(-1,)", "cannot be read")]
    [TestCase("<f4", "(99999999999,)", "size 99999999999")]
    [TestCase("<f4", "(2147483647, 2147483647, 2147483647)", "more bytes than any file")]
    [TestCase("<f4", "(0, 2147483647, 2147483647, 2147483647)", "more bytes than any file")]
    [TestCase("<u4", "(1,)", "uint32")]
    public void BadArray_IsRefusedByName(string descr, string shape, string says)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.npy", File(descr, shape, new byte[4]));
        Assert.That(() => Npy.Read(path), Throws.TypeOf<FileFormatException>().With.Message.Contains(says).And.Message.StartsWith(path));
    }

    [TestCase("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "records")]
    [TestCase("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "repeated key 'descr'")]
    [TestCase("{'descr': '<f4', 'fortran_order': False}", "cannot be read")]
    [TestCase("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "cannot be read")]
    [TestCase("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} + evil()", "cannot be read")]
    [TestCase("", "cannot be read")]
    public void BadHeader_IsRefused(string header, string says)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.npy", File(header, new byte[4]));
        Assert.That(() => Npy.Read(path), Throws.TypeOf<FileFormatException>().With.Message.Contains(says));
    }

    [Test]
    public void NotAFile_IsOneTypedError()
    {
        using var folder = new TemporaryFolder();
        Assert.That(() => Npy.Read(folder.File("missing.npy")), Throws.TypeOf<FileFormatException>().With.Message.Contains("no such file"));
        Assert.That(() => Npy.Read(folder.File("")), Throws.TypeOf<FileFormatException>().With.Message.Contains("directory"));
        Assert.That(() => Npy.Read(folder.Write("empty.npy", [])), Throws.TypeOf<FileFormatException>().With.Message.Contains("0 bytes"));
        Assert.That(() => Npz.Open(folder.Write("empty.npz", [])), Throws.TypeOf<FileFormatException>());
        Assert.That(() => Npy.Read(""), Throws.TypeOf<FileFormatException>());
        Assert.That(() => Npy.Read("a\0b"), Throws.TypeOf<FileFormatException>());
    }

    [Test]
    public void UnwritableDType_LeavesNoFile()
    {
        using var folder = new TemporaryFolder();
        Assert.That(() => Npy.Write(folder.File("a.npy"), Various[0].To(DType.BFloat16)), Throws.TypeOf<DTypeException>());
        Assert.That(() => Npy.Write(folder.File("no/such/a.npy"), Various[0]), Throws.InstanceOf<LzuException>().With.Message.Contains("cannot be written"));
        Assert.That(folder.Names, Is.Empty);
    }

    internal static void AssertSame(Tensor got, Tensor expected)
    {
        Assert.That(got.DType, Is.EqualTo(expected.DType));
        Assert.That(got.Shape, Is.EqualTo(expected.Shape));
        Assert.That(Bits(got), Is.EqualTo(Bits(expected)));
    }

    internal static byte[] Bits(Tensor tensor)
    {
        var stream = new MemoryStream();
        TensorWriter.Write(tensor, stream);
        return stream.ToArray();
    }
}
