using System.Globalization;
using LzuCore.Memory;
using LzuCore.Nn.Serialization;

namespace LzuCore.Vision.Training;

/// <summary>What a training leaves to read: <c>train.csv</c> (a row a step), <c>metrics.csv</c> (a row an evaluation), and TensorBoard's events. Rows are with the system before the next
/// step begins, so a killed process loses none; a resumed training drops those that come after its checkpoint and makes them again.</summary>
internal sealed class RunLog : IDisposable
{
    private const string StepsTable = "train.csv", MetricsTable = "metrics.csv";

    private readonly CsvTable _steps, _metrics;
    private readonly TensorBoardFile _events;

    /// <summary>The tables' names.</summary>
    public static IReadOnlyList<string> Tables => [StepsTable, MetricsTable];

    /// <summary>Opens the logs of a folder.</summary>
    /// <param name="folder">Where they are, or will be.</param>
    /// <param name="from">How far the training is: everything later is dropped.</param>
    public RunLog(string folder, TrainingProgress from)
    {
        Directory.CreateDirectory(folder);
        _steps = new CsvTable(Path.Combine(folder, StepsTable), from.Step);
        _metrics = new CsvTable(Path.Combine(folder, MetricsTable), from.Evaluated);
        _events = new TensorBoardFile(folder, from.Step);
    }

    /// <summary>Adds a step.</summary>
    public void Add(TrainingStep step)
    {
        _steps.Add(step.Step, [("epoch", step.Epoch), ("loss", step.Loss), .. step.Losses.Select(l => ($"loss_{l.Name}", l.Value)),
            ("learning_rate", step.LearningRate), ("gradient_norm", step.GradientNorm), ("images_per_second", step.PicturesPerSecond)]);
        _events.Add(step.Step, [("loss/total", step.Loss), .. step.Losses.Select(l => ($"loss/{l.Name}", l.Value)),
            ("train/learning_rate", step.LearningRate), ("train/gradient_norm", step.GradientNorm), ("train/images_per_second", step.PicturesPerSecond)]);
    }

    /// <summary>Adds an evaluation.</summary>
    public void Add(TrainingEvaluation evaluation)
    {
        _metrics.Add(evaluation.Step, [.. evaluation.Scores.Select(s => (s.Name, s.Value))]);
        _events.Add(evaluation.Step, [.. evaluation.Scores.Select(s => ($"metrics/{s.Name}", s.Value))]);
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        _steps.Dispose();
        _metrics.Dispose();
        _events.Dispose();
    }

    // A table whose first column is the step. The header is written with the first row, when the columns are known.
    private sealed class CsvTable : IDisposable
    {
        private readonly string _path;
        private readonly int _last;
        private StreamWriter? _writer;

        public CsvTable(string path, int last)
        {
            (_path, _last) = (path, last);
            if (last == 0 && File.Exists(path)) File.Delete(path);
        }

        public void Add(int step, IReadOnlyList<(string Name, double Value)> values)
        {
            _writer ??= Open(string.Join(',', values.Select(v => Quoted(v.Name)).Prepend("step")));
            _writer.Write(string.Join(',', values.Select(v => double.IsNaN(v.Value) ? "" : v.Value.ToString("R", CultureInfo.InvariantCulture)).Prepend(step.ToString(CultureInfo.InvariantCulture))));
            _writer.Write('\n');
            _writer.Flush();
        }

        public void Dispose() => _writer?.Dispose();

        private StreamWriter Open(string header)
        {
            if (File.Exists(_path)) KeepUpTo(header);
            else AtomicFile.Write(_path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(header + "\n")));
            return new StreamWriter(new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.Read));
        }

        private void KeepUpTo(string header) => AtomicFile.Write(_path, stream =>
        {
            using var to = new StreamWriter(stream, leaveOpen: true);
            to.Write(header + "\n");
            using var from = new StreamReader(new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            if (from.ReadLine() is { } before && before != header) throw new FileFormatException($"{_path}: its columns are not those of this training ({header}). Move the file away, or train into another folder.");
            while (from.ReadLine() is { } line)
                if (int.TryParse(line.AsSpan(0, Math.Max(0, line.IndexOf(','))), NumberStyles.None, CultureInfo.InvariantCulture, out var step) && step <= _last) to.Write(line + "\n");
        });

        private static string Quoted(string name) => name.AsSpan().IndexOfAny(",\"\n\r") < 0 ? name : $"\"{name.Replace("\"", "\"\"").Replace('\n', ' ').Replace('\r', ' ')}\"";
    }
}
