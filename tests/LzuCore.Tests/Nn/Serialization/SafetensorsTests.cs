using System.Text;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;

namespace LzuCore.Tests.Nn.Serialization;

public sealed class SafetensorsTests
{
    private static byte[] File(string header, params byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((long)json.Length), .. json, .. data];
    }

    private static readonly KeyValuePair<string, Tensor>[] Various =
    [
        new("z", Tensor.From([1f, float.NaN, -0f], [3])),
        new("a.weight", Tensor.Generate([2, 3, 4, 5], i => i)),
        new("naïve \"✓\"", Tensor.From([1.5], []).To(DType.BFloat16)),
        new("flags", Tensor.From([true, false, true], [3])),
        new("half", Tensor.From([(Half)1], [1])),
        new("none", Tensor.From(Array.Empty<long>(), [0, 4])),
        new("turned", Tensor.From([1d, 2, 3, 4, 5, 6], [2, 3]).Permute(1, 0)),
    ];

    [Test]
    public void WrittenAndRead_IsBitEqual()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("a.safetensors");
        Safetensors.Write(path, Various, [new("format", "pt")]);
        using var read = Safetensors.Read(path);
        Assert.That(read.Tensors.Select(t => t.Name), Is.EquivalentTo(Various.Select(v => v.Key)));
        Assert.That(read.Metadata, Is.EqualTo(new Dictionary<string, string> { ["format"] = "pt" }));
        var state = read.ToStateDict();
        foreach (var (name, tensor) in Various) NpyTests.AssertSame(state[name], tensor);
        Assert.That(folder.Names, Is.EqualTo(new[] { "a.safetensors" }));
    }

    [Test]
    public void EqualContent_MakesEqualFiles_WhateverTheOrder()
    {
        using var folder = new TemporaryFolder();
        Safetensors.Write(folder.File("a"), Various);
        Safetensors.Write(folder.File("b"), Various.Reverse());
        Assert.That(System.IO.File.ReadAllBytes(folder.File("b")), Is.EqualTo(System.IO.File.ReadAllBytes(folder.File("a"))));
    }

    [Test]
    public void Copying_KeepsDTypesThatNoTensorHas()
    {
        using var folder = new TemporaryFolder();
        var from = folder.Write("a.safetensors", File("""{"e":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},"u":{"dtype":"U16","shape":[1],"data_offsets":[2,4]}}""", 1, 2, 3, 4));
        using var a = Checkpoint.Open(from);
        Safetensors.Copy(folder.File("b.safetensors"), a.Tensors);
        using var b = Checkpoint.Open(folder.File("b.safetensors"));
        Assert.That(b.Tensors.Select(t => (t.Name, t.DTypeName, t.Sha256())), Is.EquivalentTo(a.Tensors.Select(t => (t.Name, t.DTypeName, t.Sha256()))));
        Assert.That(() => b.ToStateDict(), Throws.TypeOf<FileFormatException>().With.Message.Contains("nothing here computes with"));
    }

    [Test]
    public void UnalignedTensor_HasTheRightValues()
    {
        using var folder = new TemporaryFolder();
        using var read = Checkpoint.Open(folder.Write("a", File("""{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"f":{"dtype":"F32","shape":[],"data_offsets":[1,5]}}""", [9, .. BitConverter.GetBytes(2.5f)])));
        Assert.That(read.ToStateDict()["f"].Item(), Is.EqualTo(2.5));
    }

    [TestCase("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", "twice")]
    [TestCase("""{"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", "repeated field 'dtype'")]
    [TestCase("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"x":1}}""", "unknown or repeated field 'x'")]
    [TestCase("""{"__metadata__":{"a":"1","a":"2"},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", "metadata has 'a' twice")]
    [TestCase("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", "overlap")]
    [TestCase("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", "hole")]
    [TestCase("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", "appended")]
    [TestCase("""{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}""", "whole number")]
    [TestCase("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}x""", "behind its end")]
    [TestCase("""{"a\ud800":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", "not the JSON")]
    [TestCase("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},}""", "not the JSON")]
    [TestCase("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}""", "not the JSON")]
    [TestCase("""{"a":{"dtype":"U8","shape":{},"data_offsets":[0,4]}}""", "where a list must be")]
    public void BadHeader_IsRefused(string header, string says)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.safetensors", File(header, 1, 2, 3, 4));
        Assert.That(() => Safetensors.Read(path), Throws.TypeOf<FileFormatException>().With.Message.Contains(says));
    }

    [Test]
    public void FailedWrite_LeavesTheOldFile()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.safetensors", [1]);
        Assert.That(() => Safetensors.Write(path, [Various[0], Various[0]]), Throws.TypeOf<ArgumentValueException>());
        Assert.That(() => Safetensors.Write(folder.File(""), Various), Throws.InstanceOf<LzuException>());
        using (var odd = Checkpoint.Open(folder.Write("odd.safetensors", File("""{"c":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 1, 2, 3, 4))))
        {
            System.IO.File.WriteAllBytes(folder.File("odd.safetensors"), [1]);
            Assert.That(() => Safetensors.Copy(path, odd.Tensors), Throws.TypeOf<FileFormatException>());
        }
        Assert.That(System.IO.File.ReadAllBytes(path), Is.EqualTo(new byte[] { 1 }));
        Assert.That(folder.Names, Is.EqualTo(new[] { "a.safetensors", "odd.safetensors" }));
    }

    [Test]
    public void StateDict_GoesThroughAFile()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("weights.safetensors");
        Safetensors.Write(path, new StateDict(Various));
        using var read = Safetensors.Read(path);
        Assert.That(read.ToStateDict().Count, Is.EqualTo(Various.Length));
    }
}
