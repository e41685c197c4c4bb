using LzuCore.Memory;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;

namespace LzuCore.Tests.Ops;

/// <summary>Deformable convolutions against recorded values and gradients of mmcv (<c>ops_conv.npz</c>; cfg = stride, padding, dilation, deform groups, groups, has mask).</summary>
public sealed class ConvGoldenTests
{
    private NpzArchive _goldens = null!;

    [OneTimeSetUp]
    public void Open() => _goldens = Goldens.Open("ops_conv.npz");

    [OneTimeTearDown]
    public void Close() => _goldens.Dispose();

    [Test]
    public void DeformConv2d([Range(0, 4)] int k)
    {
        var cfg = Read("cfg").ToArray<long>();
        Tensor x = Read("x").WithGrad(), w = Read("weight").WithGrad(), b = Read("bias").WithGrad(), offset = Read("offset").WithGrad();
        var mask = cfg[5] != 0 ? Read("mask").WithGrad() : null;
        var y = F.DeformConv2d(x, w, b, offset, mask, (int)cfg[0], (int)cfg[1], (int)cfg[2], (int)cfg[4], (int)cfg[3]);
        Assert.That(AssertClose.Compare(y, Read("y"), 1e-5), Is.Null);
        var gradients = Gradients.Of(y, Read("dy"));
        foreach (var (name, input) in new[] { ("x", x), ("weight", w), ("bias", b), ("offset", offset), ("mask", mask) })
            if (input is not null) Assert.That(AssertClose.Compare(gradients[input], Read("d_" + name), 2e-5), Is.Null, name);

        Tensor Read(string name) => _goldens.Read($"deform_{k}__{name}");
    }
}
