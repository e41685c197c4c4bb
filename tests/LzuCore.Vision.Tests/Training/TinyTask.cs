using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Optim;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Augment;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Training;

namespace LzuCore.Vision.Tests.Training;

/// <summary>A picture of noise and the number that a network has to tell from it: its brightness.</summary>
internal sealed record TinyItem(Tensor Picture, double Brightness);

/// <summary>Convolution, batch norm, dropout, linear: everything whose state a resume has to bring back, in a few milliseconds a step.</summary>
internal sealed class TinyTask : TrainingTask<TinyItem>
{
    private readonly Net _net;

    /// <summary>Adds something to the loss, such as what is not finite.</summary>
    public Func<int, Tensor, Tensor> Disturb { get; init; } = static (_, loss) => loss;

    /// <summary>Told of each evaluation.</summary>
    public Action? OnEvaluate { get; init; }

    public TinyTask(int channels = 8) => _net = new Net(channels);

    public override Module Model => _net;

    public override IReadOnlyList<LossTerm> Loss(Batch<TinyItem> batch, TrainingMoment moment)
    {
        var output = _net.Call(F.Concat([.. batch.Items.Select(i => i.Picture)], 0));
        var wanted = Tensor.From(batch.Items.Select(i => (float)i.Brightness).ToArray(), [batch.Items.Count, 1]);
        return [new("brightness", Disturb(moment.Step, F.SmoothL1(output, wanted))), new("size", output.Square().Mean() * 1e-3)];
    }

    public override IReadOnlyList<Score> Evaluate(Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        OnEvaluate?.Invoke();
        cancellation.ThrowIfCancellationRequested();
        _net.Eval();
        using var off = LzuCore.Tensors.Autograd.Grad.Off();
        using var scope = new TensorScope();
        var item = Data.Load(1000, new());
        return [new("closeness", -Math.Abs(_net.Call(item.Picture).Item() - item.Brightness))];
    }

    /// <summary>Pictures by number.</summary>
    public static IDataset<TinyItem> Data { get; } = new Noise();

    /// <summary>A loader that draws something for each picture and takes longer for some.</summary>
    public static DataLoader<TinyItem, TinyItem> Loader(int workers) => new(Data, (item, draws) =>
    {
        if (draws.Coin(0.2)) Thread.Sleep(1);
        return item with { Picture = item.Picture * draws.Between(0.9, 1.1) };
    }, new LoaderOptions { BatchSize = 2, Shuffle = true, Workers = workers, Seed = 3 });

    public static Trainer<TinyItem> Trainer(TinyTask task, TrainerOptions options, int workers = 0, string method = "sgd")
    {
        var schedule = Schedules.OneCycle(0.05, options.Steps);
        Optimizer optimizer = method == "sgd"
            ? new Sgd(task.Model.Parameters, 0, momentum: 0.9, weightDecay: 1e-4)
            : new AdamW([new ParameterGroup([.. task.Model.Parameters.Where(p => p.Shape.Rank > 1)]), new ParameterGroup([.. task.Model.Parameters.Where(p => p.Shape.Rank == 1)], 2, 0)], 0);
        return new Trainer<TinyItem>(task, Loader(workers).From, optimizer, schedule, options);
    }

    private sealed class Net : Layer
    {
        private readonly Conv2d _conv;
        private readonly BatchNorm2d _norm;
        private readonly Dropout _dropout;
        private readonly Linear _linear;

        public Net(int channels)
        {
            _conv = Child("conv", new Conv2d(3, channels, 3, padding: 1));
            _norm = Child("norm", new BatchNorm2d(channels));
            _dropout = Child("dropout", new Dropout(0.1, seed: 5));
            _linear = Child("linear", new Linear(channels, 1));
        }

        public override Tensor Forward(Tensor input) => _linear.Call(_dropout.Call(_norm.Call(_conv.Call(input)).Relu().Mean([2, 3])));
    }

    private sealed class Noise : IDataset<TinyItem>
    {
        public int Count => 9;

        public string IdOf(int index) => $"{index}";

        public string FileOf(int index) => $"{index}.jpg";

        public Size2 SizeOf(int index) => new(8, 8);

        public TinyItem Load(int index, PictureReader pictures)
        {
            var brightness = index % 7 / 7.0;
            return new TinyItem(Tensor.Uniform([1, 3, 8, 8], RandomSource.FromSeed((ulong)index), -1, 1) + brightness, brightness);
        }
    }
}
