using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Optim;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Warping;

namespace OwnNetwork;

// Any network from an image to feature levels. Names in the lines that make the parts are the checkpoint's keys.
public sealed class Backbone : Module<Tensor, Tensor[]>
{
    private readonly Conv2d _conv1, _conv2;
    private readonly BatchNorm2d _bn1, _bn2;

    public Backbone()
    {
        _conv1 = Child("conv1", new Conv2d(3, 16, kernel: 3, stride: 2, padding: 1, bias: false));
        _bn1 = Child("bn1", new BatchNorm2d(16));
        _conv2 = Child("conv2", new Conv2d(16, 32, kernel: 3, stride: 2, padding: 1, bias: false));
        _bn2 = Child("bn2", new BatchNorm2d(32));
    }

    public static int[] Strides => [2, 4];

    public override Tensor[] Forward(Tensor image)
    {
        var fine = _bn1.Call(_conv1.Call(image)).Relu();                            // [N, 16, H/2, W/2]
        var coarse = _bn2.Call(_conv2.Call(fine)).Relu();                           // [N, 32, H/4, W/4]
        return [fine, coarse];
    }
}

// Zoom, backbone, unzoom, head. The head sees features where the objects are, and knows nothing of the zoom.
public sealed class Finder : Module<Tensor, Tensor>
{
    private readonly ZoomUnzoom _features;
    private readonly Conv2d _head;

    public Finder(ISaliency? saliency)
    {
        _features = Child("backbone", new ZoomUnzoom(new Backbone(), Backbone.Strides, zoomed: (32, 48), saliency));
        _head = Child("head", new Conv2d(32, 1, kernel: 1));
    }

    public override Tensor Forward(Tensor image) => _head.Call(_features.Call(image)[1]);
}

public static class Program
{
    // Where objects usually are: a band below the horizon. `lzu saliency` makes such a map from a data set, and Npy.Read reads it.
    private static FixedSaliency Band => new(Tensor.Generate([31, 51], i => i / 51 is > 10 and < 22 ? 1.0 : 0.2));

    // Trains a few steps on bright squares in noise; returns the first loss and the last.
    public static (float First, float Last) Train(string weights, int steps)
    {
        var model = new Finder(Band);
        var optimizer = new Sgd(model.Parameters, learningRate: 0.1, momentum: 0.9);
        var losses = new List<float>();
        for (var step = 0; step < steps; step++)
        {
            using var scope = new TensorScope();                                    // a step's temporaries go back to the pool
            var (images, truth) = Squares(step);
            var loss = F.BinaryCrossEntropyWithLogits(model.Call(images), truth);
            optimizer.Step(Gradients.Of(loss));
            losses.Add(loss.ToArray<float>()[0]);
        }
        Safetensors.Write(weights, model.StateDict());
        return (losses[0], losses[^1]);
    }

    // Loads the weights and asks where the square is: the likeliest cell, in pixels of the original picture.
    public static (double X, double Y)[] Find(string weights, Tensor images)
    {
        var model = new Finder(Band);
        using (var file = Checkpoint.Open(weights)) model.LoadStateDict(file.ToStateDict());
        model.Eval();
        using var off = Grad.Off();
        var logits = model.Call(images);                                            // [N, 1, 8, 12], a cell for 8x8 pixels of the picture
        var values = logits.ToArray<float>();
        return [.. values.Chunk(8 * 12).Select(v => Array.IndexOf(v, v.Max())).Select(cell => (8.0 * (cell % 12) + 4, 8.0 * (cell / 12) + 4))];
    }

    // Four pictures of 64x96, each with a bright square of 8x8 in one of the cells near the band, and the cells' truth.
    public static (Tensor Images, Tensor Truth) Squares(int seed)
    {
        var stream = RandomSource.FromSeed((ulong)seed);
        int Cell(long picture) => 12 * (3 + (int)(2 * stream.Uniform((ulong)picture))) + (int)(12 * stream.Uniform((ulong)picture + 100));
        var images = Tensor.Generate([4, 3, 64, 96], i =>
        {
            var (picture, y, x) = (i / (3 * 64 * 96), i / 96 % 64, i % 96);
            return (y / 8 * 12 + x / 8 == Cell(picture) ? 1 : 0) + 0.2 * stream.Uniform((ulong)i + 1000);
        });
        return (images, Tensor.Generate([4, 1, 8, 12], i => i % 96 == Cell(i / 96) ? 1 : 0));
    }
}
