namespace LzuCore.Cli.Tests.Commands;

public sealed class ConvertTests
{
    private string _folder = "";

    private static string Golden(string file) => Path.Combine(Repository.Root, "tests", "goldens", "checkpoints", file);

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("lzu-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    private static List<string> Facts(string file) =>
        [.. Lzu.Run("inspect", file, "--json").Succeeded().Json.GetProperty("tensors").EnumerateArray().Select(t => t.GetRawText().Replace(" ", "").Replace("\n", "")).Order(StringComparer.Ordinal)];

    [TestCase("zip_mmdet_style.pth")]
    [TestCase("legacy_views_shared.pth")]
    [TestCase("zip_all_dtypes.pth")]
    [TestCase("bare_pickle_tensor.pkl")]
    public void Safetensors_HasTheSameNamesTypesAndBits(string file)
    {
        var to = Path.Combine(_folder, "öut.safetensors");
        var document = Lzu.Run("convert", Golden(file), to, "--json").Succeeded().Json;
        Assert.That(Facts(to), Is.EqualTo(Facts(Golden(file))));
        Assert.That(document.GetProperty("tensors").GetInt32(), Is.EqualTo(Facts(to).Count));
        Assert.That(document.GetProperty("bytes").GetInt64(), Is.EqualTo(new FileInfo(to).Length));
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.EqualTo(new[] { to }));
    }

    [Test]
    public void Npz_HasTheSameBits_AndComesBack()
    {
        var (npz, back) = (Path.Combine(_folder, "a.npz"), Path.Combine(_folder, "a.safetensors"));
        Lzu.Run("convert", Golden("zip_mmdet_style.pth"), npz).Succeeded();
        Lzu.Run("convert", npz, back).Succeeded();
        Assert.That(Facts(npz), Is.EqualTo(Facts(Golden("zip_mmdet_style.pth"))));
        Assert.That(Facts(back), Is.EqualTo(Facts(npz)));
    }

    [Test]
    public void Npz_WidensBfloat16_AndSaysSo()
    {
        var npz = Path.Combine(_folder, "a.npz");
        Assert.That(Lzu.Run("convert", Golden("ok_all_dtypes.safetensors"), npz).Succeeded().Error, Does.Contain("bfloat16"));
        Assert.That(Facts(npz).Single(f => f.Contains("\"bf16\"")), Does.Contain("\"float32\""));
        Assert.That(Facts(npz).Where(f => !f.Contains("\"bf16\"")), Is.EqualTo(Facts(Golden("ok_all_dtypes.safetensors")).Where(f => !f.Contains("\"bf16\""))));
    }

    [TestCase("out.pth", "not written")]
    [TestCase("out.bin", "must end in")]
    [TestCase("out", "must end in")]
    public void UnknownTarget_IsRefusedBeforeAnythingIsRead(string name, string says) => Lzu.Run("convert", "missing", Path.Combine(_folder, name)).Failed(2, says);

    [Test]
    public void BadSource_LeavesNothingBehind()
    {
        Lzu.Run("convert", Golden("bad_zip_crc.pth"), Path.Combine(_folder, "new", "a.safetensors")).Failed(2, "checksum");
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.Empty);
    }
}
