using System.Runtime.CompilerServices;
using LzuCore.Memory;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

namespace LzuCore.Tests.Memory;

[NonParallelizable]
public sealed class BufferPoolTests
{
    [Test]
    public void ForgottenTensors_ComeBackThroughTheirFinalizer()
    {
        var before = BufferPool.Shared.Statistics.LiveBytes;
        Forget();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.That(BufferPool.Shared.Statistics.LiveBytes, Is.LessThanOrEqualTo(before + 1_000_000));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget()
        {
            for (var i = 0; i < 10; i++) _ = Tensor.Ones([1000, 1000]);
        }
    }

    [Test]
    public void OpsUnderAScope_ReuseTheSameBuffers()
    {
        using var off = Grad.Off();
        var x = Tensor.Ones([256, 256]);
        long owned = 0;
        for (var i = 0; i < 50; i++)
        {
            using (new TensorScope()) _ = (x + x).Relu() + x;
            var now = BufferPool.Shared.Statistics;
            if (i == 5) owned = now.PooledBytes + now.LiveBytes;
        }
        var after = BufferPool.Shared.Statistics;
        Assert.That(after.PooledBytes + after.LiveBytes, Is.LessThanOrEqualTo(owned));
    }

    [Test]
    public unsafe void Buffers_AreAlignedForVectors()
    {
        for (var n = 1; n < 100; n += 7)
        {
            var tensor = Tensor.Zeros([n]);
            Assert.That((long)tensor.View.Pointer<float>() % 64, Is.Zero);
            GC.KeepAlive(tensor);
        }
    }
}
