using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LzuCore.Kernels;
using LzuCore.Memory;
using Spectre.Console;

namespace LzuCore.Cli.Manners;

/// <summary>One run of one verb: the common options, the two streams, and the manners of using them.</summary>
internal sealed class Session : IDisposable
{
    private readonly TextWriter _out;
    private readonly TextWriter _error;
    private readonly Interruption _interruption;
    private readonly Device? _asked;
    private readonly int _threadsBefore = ParallelRows.Threads;
    private readonly bool _anyGpu;
    private Device? _device;
    private ProcessGroup? _processes;

    /// <summary>Reads the common options; sets the threads until disposed.</summary>
    /// <exception cref="UsageException">--device is not the name of a device.</exception>
    public Session(ParseResult parsed, Interruption interruption)
    {
        (_out, _error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        _interruption = interruption;
        Json = parsed.GetValue(CommonOptions.Json);
        Quiet = parsed.GetValue(CommonOptions.Quiet);
        Verbose = parsed.GetValue(CommonOptions.Verbose);
        Seed = (ulong)(parsed.GetValue(CommonOptions.Seed) ?? 0);
        var device = parsed.GetValue(CommonOptions.Device);
        _asked = device is null ? null : ParseDevice(device);
        _anyGpu = string.Equals(device?.Trim(), "cuda", StringComparison.OrdinalIgnoreCase);
        if (parsed.GetValue(CommonOptions.Threads) is { } threads) ParallelRows.Threads = (int)threads;
    }

    /// <summary>Whether stdout is one JSON document.</summary>
    public bool Json { get; }

    /// <summary>Whether stderr is for errors alone.</summary>
    public bool Quiet { get; }

    /// <summary>Whether more is said.</summary>
    public bool Verbose { get; }

    /// <summary>The seed of everything random.</summary>
    public ulong Seed { get; }

    /// <summary>Cancelled by Ctrl-C.</summary>
    public CancellationToken Cancellation => _interruption.Token;

    /// <summary>From now on the verb watches <see cref="Cancellation"/> and ends by itself; a second Ctrl-C does not wait for it.</summary>
    public void EndsByItself() => _interruption.Await();

    /// <summary>The device asked for, or the best there is; named on stderr the first time.</summary>
    /// <exception cref="DeviceException">The device is not there.</exception>
    public Device Device => _device ??= ChooseDevice();

    /// <summary>The processes that mpirun started together with this one, joined when first asked for: by verbs that share their work. From then on only the first one talks, and the name of a kind of GPU
    /// without a number means that of the process.</summary>
    /// <exception cref="DeviceException">mpirun started this process, and Open MPI's library is not there.</exception>
    public ProcessGroup Processes => _processes ??= ProcessGroup.Join();

    /// <summary>As <see cref="Processes"/>, for training on <see cref="Device"/>: sums go from GPU to GPU where that can be.</summary>
    public ProcessGroup TrainingProcesses
    {
        get
        {
#if CPU_ONLY
            return Processes;
#else
            return _processes = LzuCore.Gpu.NcclProcessGroup.Best(Processes, BackendRegistry.Get(Device), Say);
#endif
        }
    }

    /// <summary>Ends the work of all processes: waits for the others.</summary>
    public void Leave() => _processes?.Dispose();

    /// <summary>Ends all processes where others would wait for this one, which cannot go on; else returns.</summary>
    public void Abandon(int exitCode)
    {
        if (_processes is { World: > 1 }) _processes.Abort(exitCode);
    }

    /// <summary>Which of several processes this is, for errors; empty for one alone.</summary>
    public string Who => _processes is { World: > 1 } ? $"rank {_processes.Rank} of {_processes.World}: " : "";

    /// <summary>A line of talk on stderr.</summary>
    public void Say(string line)
    {
        if (!Quiet && IsFirst) _error.WriteLine(line);
    }

    /// <summary>A line of talk that only --verbose wants.</summary>
    public void Whisper(string line)
    {
        if (Verbose) Say(line);
    }

    /// <summary>A line of data on stdout; nothing under --json, whose document is the data.</summary>
    public void Print(string line = "")
    {
        if (!Json && IsFirst) _out.WriteLine(line);
    }

    /// <summary>The JSON document; nothing without --json.</summary>
    public void Document<T>(T document, JsonTypeInfo<T> type)
    {
        if (Json && IsFirst) _out.WriteLine(JsonSerializer.Serialize(document, type));
    }

    /// <summary>Does something for each item, with a progress bar where stderr is a terminal.</summary>
    public void ForEach<T>(string doing, IReadOnlyList<T> items, Action<T> body) => Track(doing, items.Count, report =>
    {
        for (var i = 0; i < items.Count; i++)
        {
            Cancellation.ThrowIfCancellationRequested();
            body(items[i]);
            report(i + 1, items.Count);
        }
        return items.Count;
    });

    /// <summary>Does something that reports how far it is, with a progress bar where stderr is a terminal.</summary>
    /// <param name="doing">What, in a word.</param>
    /// <param name="count">How many steps there are.</param>
    /// <param name="body">Gets what it reports to: steps done, and of how many.</param>
    public T Track<T>(string doing, int count, Func<Action<int, int>, T> body)
    {
        if (Quiet || count < 2 || !IsTerminal || !IsFirst) return body(static (_, _) => { });
        return Terminal.Progress().AutoClear(true).Start(progress =>
        {
            var task = progress.AddTask(Markup.Escape(doing), maxValue: count);
            return body((done, of) => (task.Value, task.MaxValue) = (done, of));
        });
    }

    /// <summary>Does something long that says how it goes: a bar with the text where stderr is a terminal, else a line now and then.</summary>
    /// <param name="count">How many steps there are.</param>
    /// <param name="body">Gets what it reports to: steps done, and how it goes.</param>
    public T Follow<T>(int count, Func<Action<int, Func<string>>, T> body)
    {
        if (Quiet || !IsFirst) return body(static (_, _) => { });
        if (IsTerminal) return Terminal.Progress().AutoClear(true).Columns(new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }).Start(progress =>
        {
            var task = progress.AddTask("", maxValue: count);
            return body((done, text) =>
            {
                task.Value = done;
                task.Description = Markup.Escape(text());
            });
        });
        var sinceLine = Stopwatch.StartNew();
        var lines = 0;
        return body((done, text) =>
        {
            if (lines > 0 && done < count && sinceLine.Elapsed < BetweenLines) return;
            Say(text());
            lines++;
            sinceLine.Restart();
        });
    }

    private static TimeSpan BetweenLines => TimeSpan.FromSeconds(10);

    private IAnsiConsole Terminal => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(_error),
        ColorSystem = NoColor ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
    });

    /// <summary>Gives the threads back.</summary>
    public void Dispose() => ParallelRows.Threads = _threadsBefore;

    private bool IsFirst => _processes is null or { IsFirst: true };

    private static bool NoColor => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    private bool IsTerminal => ReferenceEquals(_error, Console.Error) && !Console.IsErrorRedirected;

    private Device ChooseDevice()
    {
        if (_asked is { } device)
        {
            if (_anyGpu && _processes is { World: > 1 }) device = device with { Index = _processes.LocalRank };
            BackendRegistry.Get(device);
            return device;
        }
        Say($"device: cpu, {ParallelRows.Threads} {(ParallelRows.Threads == 1 ? "thread" : "threads")}");
        return Device.Cpu;
    }

    private static Device ParseDevice(string text)
    {
        try
        {
            return Device.Parse(text);
        }
        catch (DeviceException fault)
        {
            throw new UsageException("--" + fault.Message, fault);
        }
    }
}
