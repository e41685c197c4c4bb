using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Testing;

namespace LzuCore.Tests.Ops;

/// <summary>float16 and bfloat16 are storage: an op on halves is the op on their values in float32, rounded once.</summary>
public sealed class HalvesTests
{
    private static IEnumerable<TestCaseData> Ops()
    {
        yield return Case("relu", x => x[0].Relu());
        yield return Case("add", x => x[0] + x[1]);
        yield return Case("matmul", x => x[0].Reshape(6, 20).MatMul(x[1].Reshape(20, 6)));
        yield return Case("softmax", x => x[0].Softmax(1));
        yield return Case("sum", x => x[0].Sum(2));
        yield return Case("max_pool2d", x => F.MaxPool2d(x[0], 2));
        yield return Case("interpolate", x => F.Interpolate(x[0], (7, 9), InterpolationMode.Bilinear, alignCorners: false));
        yield return Case("cat", x => F.Concat([x[0], x[1]], 1));
        static TestCaseData Case(string name, Func<Tensor[], Tensor> op) => new TestCaseData(op).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Ops))]
    public void AnOp_IsComputedInFloat32_AndRoundedOnce(Func<Tensor[], Tensor> op)
    {
        foreach (var dtype in new[] { DType.Float16, DType.BFloat16 })
        {
            Tensor[] halves = [.. new ulong[] { 1, 2 }.Select(seed => Tensor.Uniform([1, 6, 4, 5], RandomSource.FromSeed(seed), -2, 2).To(dtype))];
            var got = op(halves);
            var expected = op([.. halves.Select(h => h.To(DType.Float32))]).To(dtype);
            Assert.That(got.DType, Is.EqualTo(dtype));
            Assert.That(got.To(DType.Float32).ToArray<float>(), Is.EqualTo(expected.To(DType.Float32).ToArray<float>()), dtype.Name());
        }
    }

    [Test]
    public void Gradients_FlowThroughHalves_ToFloat32Parameters()
    {
        var x = Tensor.Uniform([1, 4, 6, 6], RandomSource.FromSeed(1), -1, 1);
        var w = Tensor.Uniform([3, 4, 3, 3], RandomSource.FromSeed(2), -1, 1).WithGrad();
        var b = Tensor.Uniform([3], RandomSource.FromSeed(3), -1, 1).WithGrad();
        Gradients Of(Tensor input) => Gradients.Of(F.BatchNorm(F.Conv2d(input, w, b, padding: 1).Relu(), Tensor.Zeros([3]), Tensor.Ones([3]), null, null, training: false).To(DType.Float32).Sum());
        Gradients got = Of(x.To(DType.BFloat16)), expected = Of(x);
        foreach (var parameter in new[] { w, b })
        {
            Assert.That(got[parameter].DType, Is.EqualTo(DType.Float32));
            Assert.That(AssertClose.Compare(got[parameter], expected[parameter], 2e-2), Is.Null);
        }
    }

    [Test]
    public void AHalfThatMeetsAnotherDType_IsRefused_ExceptWhereTheOtherIsAParameter()
    {
        var half = Tensor.Ones([1, 2, 3, 3]).To(DType.Float16);
        Assert.That(() => half + Tensor.Ones([1, 2, 3, 3]), Throws.TypeOf<DTypeException>());
        Assert.That(() => F.Conv2d(half, Tensor.Ones([1, 2, 1, 1], DType.Float64)), Throws.TypeOf<DTypeException>());
        Assert.That(F.Conv2d(half, Tensor.Ones([1, 2, 1, 1])).DType, Is.EqualTo(DType.Float16));
    }
}
