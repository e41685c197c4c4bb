using System.Diagnostics;
using LzuCore.Memory;
using LzuCore.Nn;
using LzuCore.Nn.Distributed;
using LzuCore.Nn.Optim;
using LzuCore.Nn.Serialization;
using LzuCore.Ops;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;
using LzuCore.Vision.Data.Loading;

namespace LzuCore.Vision.Training;

/// <summary>A stream of batches from a place on, such as <see cref="DataLoader{TSample, TItem}.From"/>.</summary>
public delegate IEnumerable<Batch<TItem>> BatchStream<TItem>(LoaderPosition start, CancellationToken cancellation);

/// <summary>Trains: takes batches, walks back through their loss, steps the optimiser; evaluates, logs and writes checkpoints on the way.</summary>
/// <remarks>
/// <para>A training that was stopped after any step and resumed ends with the same bits as one that was not, for any number of threads and of loader's workers.</para>
/// <para>A loss or gradient that is not finite ends it before the step: parameters, buffers and the last checkpoint stay as they were, and the error names the op where it began.</para>
/// </remarks>
/// <typeparam name="TItem">A sample, prepared on a loader's thread.</typeparam>
public sealed class Trainer<TItem>
{
    // What a killed process may have left half of.
    private static readonly string[] Written = [TrainingCheckpoint.FileName, WeightsFile("last"), WeightsFile("best"), .. RunLog.Tables];

    private readonly TrainingTask<TItem> _task;
    private readonly BatchStream<TItem> _batches;
    private readonly Optimizer _optimizer;
    private readonly Schedule _schedule;
    private readonly TrainerOptions _options;
    private readonly WeightAverage? _average;
    private readonly Pace _pace = new();

    /// <summary>A training that has not begun.</summary>
    /// <param name="task">What is trained.</param>
    /// <param name="batches">Its batches, endless.</param>
    /// <param name="optimizer">Over the task's parameters. Its learning rate is set from the schedule.</param>
    /// <param name="schedule">The learning rate of each step, from step 0.</param>
    /// <param name="options">How long, and what it leaves on the disk.</param>
    /// <exception cref="ArgumentValueException">An option is out of range.</exception>
    public Trainer(TrainingTask<TItem> task, BatchStream<TItem> batches, Optimizer optimizer, Schedule schedule, TrainerOptions options)
    {
        options.Check();
        (_task, _batches, _optimizer, _schedule, _options) = (task, batches, optimizer, schedule, options);
        task.Processes = options.Processes;
        _average = options.AverageDecay is { } decay ? new WeightAverage(task.Model, decay) : null;
    }

    /// <summary>How far it is.</summary>
    public TrainingProgress Progress { get; private set; } = TrainingProgress.Start;

    /// <summary>Told after each step.</summary>
    public event Action<TrainingStep>? Stepped;

    /// <summary>Told after each evaluation.</summary>
    public event Action<TrainingEvaluation>? Evaluated;

    /// <summary>Told during an evaluation: pictures done, and of how many.</summary>
    public event Action<int, int>? Evaluating;

    /// <summary>Goes on from a checkpoint. Nothing is changed when it does not fit.</summary>
    /// <exception cref="FileFormatException">The file is missing, damaged, no checkpoint of a training, or of another one.</exception>
    public void Resume(string path) => Progress = TrainingCheckpoint.Load(path, _task.Model, _optimizer, _average, _options.Fingerprint);

    /// <summary>Makes the steps that are left.</summary>
    /// <param name="cancellation">Asks it to stop: the running step is finished, a checkpoint written, and the result says so.</param>
    /// <exception cref="NonFiniteException">A loss or gradient became NaN or infinite.</exception>
    public TrainingResult Run(CancellationToken cancellation = default)
    {
        TrainingStep? last = null;
        TrainingEvaluation? evaluation = null;
        var interrupted = false;
        var sinceCheckpoint = Stopwatch.StartNew();
        var processes = _options.Processes;
        processes.RequireSame("the configuration", _options.Fingerprint);
        processes.RequireSame("where the training goes on", $"{Progress}");
        var backward = _options.Backward ?? new DataParallel(_task.Model, processes).Backward;
        // Several processes stop after the same step, or some would wait for the others.
        var own = processes.World == 1 ? cancellation : CancellationToken.None;
        if (_options.Folder is { } place && processes.IsFirst)
            foreach (var name in Written) AtomicFile.RemoveLeftovers(Path.Combine(place, name));
        using var log = _options.Folder is { } folder && processes.IsFirst ? new RunLog(folder, Progress) : null;
        using var batches = _batches(Progress.Next, own).GetEnumerator();
        _task.Model.Train();
        try
        {
            while (true)
            {
                if (IsEvaluationDue)
                {
                    evaluation = Evaluate(own);
                    log?.Add(evaluation);
                }
                if (Progress.Step >= _options.Steps) break;
                if (last is not null && (_options.CheckpointEvery > 0 && Progress.Step % _options.CheckpointEvery == 0 || sinceCheckpoint.Elapsed > _options.CheckpointInterval))
                {
                    Save();
                    sinceCheckpoint.Restart();
                }
                own.ThrowIfCancellationRequested();
                if (interrupted = processes.World > 1 && processes.Sum(cancellation.IsCancellationRequested ? 1.0 : 0.0) > 0) break;
                _pace.Begin();
                last = Step(Take(batches), backward);
                log?.Add(last);
                Stepped?.Invoke(last);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            interrupted = true;
        }
        Save();
        return new TrainingResult(interrupted, Progress, last, evaluation);
    }

    // The batches of one step. Outside of the step's scope: a loader without workers prepares items on this thread.
    private List<Batch<TItem>> Take(IEnumerator<Batch<TItem>> batches)
    {
        var taken = new List<Batch<TItem>>();
        while (taken.Count < _options.Accumulation)
        {
            if (!batches.MoveNext()) throw new ArgumentValueException($"trainer: batches ended at step {Progress.Step} of {_options.Steps}. Give an endless stream, such as DataLoader.From.");
            taken.Add(batches.Current);
        }
        return taken;
    }

    private TrainingStep Step(List<Batch<TItem>> batches, Func<Tensor, Gradients> backward)
    {
        using var scope = new TensorScope();
        var before = BuffersOf(_task.Model);
        var rate = _optimizer.LearningRate = _schedule(Progress.Step);
        LossValue[] losses = [];
        double norm;
        Gradients gradients;
        try
        {
            (losses, gradients) = LossAndGradients(batches, backward);
            (gradients, norm) = GradientClipping.ByNorm(gradients, _options.ClipNorm ?? double.PositiveInfinity);
            if (losses.Any(l => !double.IsFinite(l.Value))) throw new NonFiniteException("the loss is not finite.");
        }
        catch (NonFiniteException fault)
        {
            _task.Model.LoadStateDict(before, strict: false);
            throw Explained(fault, losses, batches, before);
        }
        _optimizer.Step(gradients);
        _average?.Update(Progress.Step);
        Progress = Progress with { Step = Progress.Step + 1, Next = batches[^1].Next };
        _pace.End(batches.Sum(b => b.Items.Count) * _options.Processes.World);
        return new TrainingStep(Progress.Step, _options.Steps, batches[^1].Position.Epoch, losses, rate, norm, _pace.PicturesPerSecond, _pace.For(_options.Steps - Progress.Step));
    }

    // The mean of the batches' losses, and its gradients.
    private (LossValue[] Losses, Gradients Gradients) LossAndGradients(List<Batch<TItem>> batches, Func<Tensor, Gradients> backward)
    {
        var sum = new GradientSum();
        var losses = new LossValue[0];
        for (var i = 0; i < batches.Count; i++)
        {
            using var scope = new TensorScope();
            SetDropoutMasks(((ulong)Progress.Step * (ulong)batches.Count + (ulong)i) * (ulong)_options.Processes.World + (ulong)_options.Processes.Rank);
            var terms = _task.Loss(batches[i], new TrainingMoment(Progress.Step, _options.Steps, batches[i].Position.Epoch));
            if (terms.Count == 0) throw new ArgumentValueException("trainer: the task gave no losses. Return at least one term.");
            if (i == 0) losses = [.. terms.Select(t => new LossValue(t.Name, 0))];
            for (var k = 0; k < losses.Length; k++) losses[k] = losses[k] with { Value = losses[k].Value + terms[k].Value.Item() / batches.Count };
            var total = terms.Skip(1).Aggregate(terms[0].Value, (a, b) => a + b.Value);
            sum.Add(backward(batches.Count == 1 ? total : total / batches.Count));
            scope.Keep(sum.Total);
        }
        for (var k = 0; k < losses.Length; k++) losses[k] = losses[k] with { Value = _options.Processes.Mean(losses[k].Value) };
        return (losses, sum.Total);
    }

    // Masks are a function of the step, so that a resumed training draws the same ones.
    private void SetDropoutMasks(ulong batch)
    {
        const int callsABatch = 1 << 20;
        foreach (var layer in _task.Model.Modules.OfType<Dropout>()) layer.Step = batch * callsABatch;
        foreach (var layer in _task.Model.Modules.OfType<Dropout2d>()) layer.Step = batch * callsABatch;
    }

    // The same step again, every op's result and gradient looked at: the first bad one is what the error tells.
    private NonFiniteException Explained(NonFiniteException fault, LossValue[] losses, List<Batch<TItem>> batches, StateDict buffers)
    {
        var bad = losses.Where(l => !double.IsFinite(l.Value)).Select(l => $"loss {l.Name} is {l.Value}").FirstOrDefault() ?? "a gradient is not finite";
        var where = FirstBadValue(batches) ?? $"every op's result is finite, so it is their sum that overflows: {fault.Message}";
        _task.Model.LoadStateDict(buffers, strict: false);
        return new NonFiniteException($"step {Progress.Step}: {bad}; nothing was changed. First bad value: {where}");
    }

    private string? FirstBadValue(List<Batch<TItem>> batches)
    {
        foreach (var (key, value) in _task.Model.StateDict())
            if (value.DType.IsFloating() && value.Backend.Kernel<Kernels.IReduceKernel>().CountNonFinite(value.View) is > 0 and var count)
                return $"{key} {value.Shape} itself holds {count} values that are NaN or infinite. Begin from sound weights, or with a lower learning rate.";
        using var checking = Grad.DetectAnomalies();
        try
        {
            LossAndGradients(batches, static loss => Gradients.Of(loss));
            return null;
        }
        catch (NonFiniteException first)
        {
            return first.Message;
        }
    }

    private bool IsEvaluationDue => _options.EvaluateEvery > 0 && Progress.Step > Progress.Evaluated
        && (Progress.Step % _options.EvaluateEvery == 0 || Progress.Step >= _options.Steps);

    private TrainingEvaluation Evaluate(CancellationToken cancellation)
    {
        IReadOnlyList<Score> scores;
        try
        {
            scores = WithAverage(() => _task.Evaluate(Evaluating, cancellation));
        }
        finally
        {
            _task.Model.Train();
        }
        var isBest = scores.Count > 0 && (scores[0].Value > Progress.Best || double.IsNaN(Progress.Best) && !double.IsNaN(scores[0].Value));
        if (isBest) WriteWeights("best");
        Progress = Progress with { Evaluated = Progress.Step, Best = isBest ? scores[0].Value : Progress.Best, BestStep = isBest ? Progress.Step : Progress.BestStep };
        var evaluation = new TrainingEvaluation(Progress.Step, scores, isBest);
        Evaluated?.Invoke(evaluation);
        return evaluation;
    }

    private void Save()
    {
        if (_options.Folder is not { } folder || !_options.Processes.IsFirst) return;
        WriteWeights("last");
        TrainingCheckpoint.Save(Path.Combine(folder, TrainingCheckpoint.FileName), Progress, _task.Model, _optimizer, _average, _options.Fingerprint);
    }

    private void WriteWeights(string name)
    {
        if (_options.Folder is not { } folder || !_options.Processes.IsFirst) return;
        WithAverage(() =>
        {
            TrainingCheckpoint.SaveWeights(Path.Combine(folder, WeightsFile(name)), _task.Model, Progress.Step);
            return true;
        });
    }

    private static string WeightsFile(string name) => name + ".safetensors";

    private T WithAverage<T>(Func<T> body) => _average is null ? body() : _average.Within(body);

    private static StateDict BuffersOf(Module model) => new(model.Buffers.Select(b => KeyValuePair.Create(b.Key, b.Value)));
}
