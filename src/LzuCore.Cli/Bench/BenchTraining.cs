using LzuCore.Cli.Manners;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Optim;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Experiments;
using LzuCore.Vision.Models;
using LzuCore.Vision.Scenes;
using LzuCore.Vision.Tasks.Detection;
using LzuCore.Vision.Training;

namespace LzuCore.Cli.Bench;

/// <summary>A network in training on one batch.</summary>
/// <param name="Model">What is trained.</param>
/// <param name="Loss">Forward pass and loss, recorded. Equal weights give an equal loss.</param>
/// <param name="Optimizer">Over all its weights.</param>
/// <param name="Input">The pictures that the network sees; null where it makes them in every step.</param>
/// <param name="Clip">Gradients are scaled down to this norm; infinite leaves them, and none is computed.</param>
internal sealed record BenchTraining(Module Model, Func<Tensor> Loss, Optimizer Optimizer, Tensor? Input = null, double Clip = double.PositiveInfinity)
{
    private const string DeskName = "desk";

    /// <summary>RetinaNet as published ones were trained (<see cref="ResNetFreeze.Mmdet"/>): stem and first stage stay as they are.</summary>
    public const string FrozenName = "retinanet_frozen";

    /// <summary>What can be trained.</summary>
    public static string[] Names => [DeskName, "retinanet", FrozenName, "retinanet_torchvision", "pspnet", "fcos3d"];

    /// <summary>The input when none is asked for.</summary>
    public static Size2 SizeOf(string name) => name == DeskName ? new(80, 128) : new(300, 480);

    /// <summary>Pictures a step when none are asked for.</summary>
    public static int BatchOf(string name) => name == DeskName ? 8 : 2;

    /// <summary>A training by name.</summary>
    /// <exception cref="UsageException">It cannot be made so.</exception>
    public static BenchTraining Of(string name, Size2 size, int batch, DType dtype, Device device)
    {
        if (name == DeskName) return Desk(size, batch, dtype, device);
        var input = Tensor.Uniform([batch, 3, size.Height, size.Width], RandomSource.FromKey("bench/input"), -2, 2).To(dtype).To(device).Persist();
        var model = name == FrozenName ? Frozen(device) : BenchNetwork.Of(name, device).Model;
        model.Train();
        // Norms keep their statistics, as published recipes have it but for PSPNet, whose coarsest pooling leaves one value a picture: the statistics of one or two are no function to differentiate.
        foreach (var norm in model.Modules.OfType<BatchNorm2d>()) norm.Eval();
        var loss = model switch
        {
            RetinaNet detector => LossOf(detector, input),
            Fcos3d detector => LossOf(detector, input),
            _ => LossOf((PspNet)model, input, size),
        };
        return new(model, loss, new Sgd(model.Parameters, 1e-4, momentum: 0.9, weightDecay: 1e-4), input);
    }

    private static RetinaNet Frozen(Device device)
    {
        var model = new RetinaNet(new RetinaNetOptions { Freeze = ResNetFreeze.Mmdet });
        DeterministicWeights.Fill(model, 1, device);
        return model;
    }

    // The step of `lzu reproduce table1`, uniform sampling: pictures of streets as bytes, their own boxes, the recipe's optimiser.
    private static BenchTraining Desk(Size2 size, int batch, DType dtype, Device device)
    {
        if (dtype != DType.Float32 || device != Device.Cpu) throw new UsageException($"bench train: desk computes in float32 on the CPU, got {dtype.Name()} on {device}.");
        var original = new Size2(4 * size.Height, 4 * size.Width);
        if (original.Height > SceneOptions.MostSide || original.Width > SceneOptions.MostSide) throw new UsageException($"bench train: desk sees streets at a quarter of their size: --size must have sides of {SceneOptions.MostSide / 4} at most, got {size}.");
        var scenes = new SceneDataset(new SceneOptions { Size = original }, seed: 1, batch);
        var experiment = new DetectionExperiment(SceneClasses.Objects, new FixedSampling(original, size, null), scenes);
        int[] all = [.. Enumerable.Range(0, batch)];
        var (data, reader) = (experiment.Pictures(scenes), new PictureReader());
        var pictures = new Batch<DeskPicture<DenseTruth>>(default, default, all, [.. all.Select(i => data.Load(i, reader))]);
        experiment.Model.Train();
        return new(experiment.Model, () => experiment.Loss(pictures, new TrainingMoment(0, 1, 0)).Select(t => t.Value).Aggregate((a, b) => a + b), new AdamW(experiment.Model.Parameters, 2e-3), Clip: 5);
    }

    // Made-up targets, drawn once: matching anchors is the task's work, not the network's. Losses in float32, whatever the activations are stored as.
    private static Func<Tensor> LossOf(RetinaNet model, Tensor input)
    {
        var shapes = Once(() => model.Call(input));
        Tensor[] targets = [.. shapes.Logits.Select((l, i) => Rare(l, i))], deltas = [.. shapes.Deltas.Select((d, i) => Far(d, i))];
        return () =>
        {
            var output = model.Call(input);
            return Sum([.. output.Logits.Select((l, i) => Focal(l, targets[i])), .. output.Deltas.Select((d, i) => F.L1(d.To(DType.Float32), deltas[i]))]);
        };
    }

    private static Func<Tensor> LossOf(Fcos3d model, Tensor input)
    {
        var shapes = Once(() => model.Call(input));
        Tensor[] targets = [.. shapes.Classes.Select((l, i) => Rare(l, i))], values = [.. Others(shapes).Select((d, i) => Signed(d, i))];
        return () =>
        {
            var output = model.Call(input);
            return Sum([.. output.Classes.Select((l, i) => Focal(l, targets[i])), .. Others(output).Select((d, i) => F.SmoothL1(d.To(DType.Float32), values[i]))]);
        };

        static Tensor[] Others(Fcos3dOutput output) => [.. output.Boxes, .. output.Directions, .. output.Attributes, .. output.Centerness];
    }

    private static Func<Tensor> LossOf(PspNet model, Tensor input, Size2 size)
    {
        var labels = Tensor.Uniform([input.Shape[0], size.Height, size.Width], RandomSource.FromSeed(1), 0, model.Options.Classes).To(DType.UInt8).To(input.Device).Persist();
        return () =>
        {
            // The same mask each time.
            foreach (var layer in model.Modules.OfType<Dropout2d>()) layer.Step = 0;
            var output = model.Call(input);
            return new Vision.Tasks.Segmentation.SegmentationLoss().Compute(new(output.Logits.To(DType.Float32), output.Auxiliary?.To(DType.Float32)), labels).Total;
        };
    }

    private static T Once<T>(Func<T> shapes)
    {
        using var off = Grad.Off();
        return shapes();
    }

    private static Tensor Rare(Tensor like, int seed) => Tensor.Uniform(like.Shape, RandomSource.FromSeed((ulong)seed), 0, 1).Greater(0.999).To(DType.Float32).To(like.Device).Persist();

    private static Tensor Signed(Tensor like, int seed) => Tensor.Uniform(like.Shape, RandomSource.FromSeed(10 + (ulong)seed), -1, 1).To(like.Device).Persist();

    // Beyond what the network gives, so that rounding does not decide the sign of an L1 loss's gradient.
    private static Tensor Far(Tensor like, int seed) => (Signed(like, seed) + 3).Persist();

    private static Tensor Focal(Tensor logits, Tensor targets) => F.SigmoidFocalLoss(logits.To(DType.Float32), targets, reduction: Reduction.Mean);

    private static Tensor Sum(IEnumerable<Tensor> losses) => losses.Aggregate((a, b) => a + b);
}
