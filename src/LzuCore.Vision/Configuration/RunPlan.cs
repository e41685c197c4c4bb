using LzuCore.Kernels;
using LzuCore.Memory;
using LzuCore.Vision.Data;
using LzuCore.Vision.Data.Augment;
using LzuCore.Vision.Data.Loading;
using LzuCore.Vision.Training;
using LzuCore.Vision.Training.Networks;

namespace LzuCore.Vision.Configuration;

/// <summary>What a kind of training makes a run of: the configuration's sections, and where it runs.</summary>
/// <param name="Config">The configuration.</param>
/// <param name="Device">Where to compute.</param>
/// <param name="Processes">The processes that share it.</param>
internal sealed record RunPlan(TrainConfig Config, Device Device, ProcessGroup Processes)
{
    public ConfigSection Root => Config.Root;

    public ConfigSection Model => Root.Section("model");

    public ConfigSection Data => Root.Section("data");

    public ConfigSection Zoom => Root.Section("zoom");

    public ConfigSection Training => Root.Section("training");

    /// <summary>Of first weights where they depend on it, of the order of pictures, and of everything drawn.</summary>
    public ulong Seed => Root.Seed("seed");

    /// <summary>Threads that load pictures.</summary>
    public int Workers => Training.Whole("workers");

    /// <summary>Whether there is something to evaluate on.</summary>
    public bool HasValidation => Data.Has(Config.Kind.ValidationKey);

    /// <summary>Batches for training.</summary>
    public LoaderOptions Batches => new()
    {
        BatchSize = Training.Whole("batch"),
        Shuffle = true,
        GroupByAspect = true,
        Seed = Seed,
        Workers = Workers,
        Rank = Processes.Rank,
        World = Processes.World,
    };

    /// <summary>A run over a data set of pictures, augmented as the configuration says.</summary>
    /// <param name="task">What is trained.</param>
    /// <param name="data">The training set.</param>
    /// <param name="style">Whose photometric distortion.</param>
    /// <param name="prepare">A sample as the network takes it; called by the loader's threads.</param>
    public TrainingRun Over<TSample>(TrainingTask<TrainingPicture<TSample>> task, IDataset<TSample> data, PhotometricStyle style, Func<TSample, TrainingPicture<TSample>> prepare)
    {
        var augment = AugmentSection.Of<TSample>(Root.Section("augment"), style);
        return TrainingRun.Of(this, task, new DataLoader<TSample, TrainingPicture<TSample>>(data, (sample, draws) => prepare(augment.Apply(sample, draws)), Batches));
    }
}
