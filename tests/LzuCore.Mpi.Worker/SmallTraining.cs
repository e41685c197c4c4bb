using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Distributed;
using LzuCore.Nn.Optim;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Models;
using LzuCore.Vision.Tasks.Segmentation;

namespace LzuCore.Mpi.Worker;

/// <summary>How the small network is trained.</summary>
/// <param name="Batch">Samples a step, of this process.</param>
/// <param name="Steps">Optimiser's steps.</param>
/// <param name="Width">Channels of the hidden layers: 16 is for tests, 128 has about a million parameters.</param>
/// <param name="Norms">Whether there are batch norms, synchronised.</param>
/// <param name="Counted">Whether the loss divides by the pixels that count, over all processes; else by all pixels.</param>
/// <param name="Parallel">How gradients are summed.</param>
public sealed record SmallTrainingOptions(int Batch, int Steps = 20, int Width = 16, bool Norms = false, bool Counted = false, DataParallelOptions? Parallel = null);

/// <summary>A small network that labels pixels of made-up pictures, trained over the loader: the whole way of a training in parts that are quick.</summary>
public sealed class SmallTraining
{
    private const int Classes = 5, Side = 12, Samples = 64;

    private readonly ProcessGroup _group;
    private readonly SmallTrainingOptions _options;

    public SmallTraining(ProcessGroup group, SmallTrainingOptions options)
    {
        (_group, _options) = (group, options);
        Model = new Network(options.Width, options.Norms);
        if (options.Norms) DataParallel.SynchronizeNorms(Model, group);
    }

    public Network Model { get; }

    /// <summary>Trains; gives each step's loss, the mean over processes.</summary>
    /// <param name="after">Told after each step.</param>
    public List<double> Run(Action<int>? after = null)
    {
        var parallel = new DataParallel(Model, _group, _options.Parallel);
        var optimizer = new Sgd(Model.Parameters, 0.05, momentum: 0.9, weightDecay: 1e-4);
        var loader = DataLoader.Of(new Pictures(), new LoaderOptions { BatchSize = _options.Batch, Shuffle = true, Seed = 3, Rank = _group.Rank, World = _group.World, Workers = 0 });
        var criterion = new SegmentationLoss { MeanOver = _options.Counted ? MeanOver.Counted : MeanOver.All, Across = _group };
        var losses = new List<double>();
        foreach (var batch in loader.From(default).Take(_options.Steps))
        {
            using (new TensorScope())
            {
                var images = F.Concat([.. batch.Items.Select(i => i.Image)], 0);
                var labels = F.Concat([.. batch.Items.Select(i => i.Labels)], 0);
                var loss = criterion.Compute(new SegmentationOutput(Model.Call(images), null), labels).Total;
                optimizer.Step(parallel.Backward(loss));
                losses.Add(_group.Mean(loss.Item()));
            }
            after?.Invoke(losses.Count - 1);
        }
        parallel.RequireSameParameters();
        return losses;
    }

    public sealed class Network : Layer
    {
        private readonly Conv2d _first, _second, _third, _last;
        private readonly BatchNorm2d? _firstNorm, _secondNorm;

        public Network(int width, bool norms)
        {
            _first = Child("first", new Conv2d(3, width, 3, padding: 1));
            if (norms) _firstNorm = Child("first_norm", new BatchNorm2d(width));
            _second = Child("second", new Conv2d(width, 2 * width, 3, padding: 1));
            if (norms) _secondNorm = Child("second_norm", new BatchNorm2d(2 * width));
            _third = Child("third", new Conv2d(2 * width, 2 * width, 3, padding: 1));
            _last = Child("last", new Conv2d(2 * width, Classes, 1));
        }

        public override Tensor Forward(Tensor input)
        {
            var x = ConvNormAct.Apply(input, _first, _firstNorm, Activation.Relu);
            x = ConvNormAct.Apply(x, _second, _secondNorm, Activation.Relu);
            return _last.Call(ConvNormAct.Apply(x, _third, null, Activation.Relu));
        }
    }

    private sealed record Sample(Tensor Image, Tensor Labels);

    // Labels follow from the picture; a share of pixels that differs from sample to sample does not count.
    private sealed class Pictures : IDataset<Sample>
    {
        public int Count => Samples;

        public string IdOf(int index) => $"{index}";

        public string FileOf(int index) => $"made up {index}";

        public Size2 SizeOf(int index) => new(Side, Side);

        public Sample Load(int index, PictureReader pictures)
        {
            using var off = Grad.Off();
            var image = Tensor.Uniform([1, 3, Side, Side], RandomSource.FromSeed((ulong)index), -1, 1);
            var values = image.ToArray<float>();
            var labels = new byte[Side * Side];
            for (var i = 0; i < labels.Length; i++) labels[i] = i % 17 < index % 8 ? (byte)255 : (byte)Math.Clamp((int)((values[i] + 1) * 2.5), 0, Classes - 1);
            return new Sample(image, Tensor.From(labels, [1, Side, Side]));
        }
    }
}
