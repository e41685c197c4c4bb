using System.CommandLine;
using LzuCore.Memory;
using LzuCore.Peers;
using LzuCore.Tensors;
using LzuCore.Tensors.Autograd;

var filter = new Argument<string[]>("WORK") { Description = "parts of the names of the works wanted (default: all)", Arity = ArgumentArity.ZeroOrMore };
var threads = new Option<int>("--threads") { Description = "of every engine", DefaultValueFactory = _ => 1 };
var rounds = new Option<int>("--rounds") { Description = "every engine runs once a round", DefaultValueFactory = _ => 9 };
var to = new Option<string?>("--out") { Description = "folder for peers.md, peers.json and peers.png (default: standard output alone)" };
var without = new Option<string[]>("--without") { Description = "engines to leave out: 'ONNX Runtime', libtorch (which stops some virtual machines whose processor does not tell its caches)", DefaultValueFactory = _ => [] };
var command = new RootCommand("runs this project, ONNX Runtime and, built with -p:Libtorch=true, libtorch on the same work in turn, in one process: results first, then times") { filter, threads, rounds, to, without };
command.SetAction(parsed =>
{
    if (parsed.GetValue(rounds) is < 1 or > 1000) return Refuse($"--rounds must be 1 to 1000, got {parsed.GetValue(rounds)}");
    if ((parsed.GetValue(without) ?? []).FirstOrDefault(e => e is not ("ONNX Runtime" or "libtorch")) is { } unknown) return Refuse($"there is no engine '{unknown}'; --without takes 'ONNX Runtime' or libtorch");
    if (parsed.GetValue(threads) is < 1 or > 1024) return Refuse($"--threads must be 1 to 1024, got {parsed.GetValue(threads)}");
    ParallelRows.Threads = parsed.GetValue(threads);
    var rows = new List<ContestRow>();
    var all = Works.All().Select(w => (w.Name, Hold: (Func<int, string[], IReadOnlyList<ContestRow>>)((rounds, without) => Hold(w.Make(), rounds, without)))).Concat(Trainings.All()).ToList();
    var works = Wanted(all, parsed.GetValue(filter) ?? [], w => w.Name);
    if (works.Count == 0) return 2;
    try
    {
        foreach (var (name, hold) in works)
        {
            rows.AddRange(hold(parsed.GetValue(rounds), parsed.GetValue(without) ?? []));
            Report.Print(rows.Where(r => r.Work == name));
        }
    }
    catch (LzuException e)
    {
        Console.Error.WriteLine(e.Message);
        return 1;
    }
    if (parsed.GetValue(to) is { } folder) Report.Write(folder, rows);
    return 0;
});
var more = new Option<int[]>("--threads") { Description = "numbers of threads beside one", DefaultValueFactory = _ => [Environment.ProcessorCount], AllowMultipleArgumentsPerToken = true };
var busy = new Option<int[]>("--busy") { Description = "numbers of processes that keep a core busy meanwhile, each measured", DefaultValueFactory = _ => [0, 1], AllowMultipleArgumentsPerToken = true };
var scaling = new Command("scaling", "runs this project's works on one thread and on more in turn, alone and beside busy processes: wall times, and whether bits are equal") { filter, more, busy, rounds, to };
scaling.SetAction(parsed =>
{
    if (parsed.GetValue(rounds) is < 1 or > 1000) return Refuse($"--rounds must be 1 to 1000, got {parsed.GetValue(rounds)}");
    if (parsed.GetValue(more)!.Any(t => t is < 1 or > 1024)) return Refuse($"--threads must be 1 to 1024, got {string.Join(" ", parsed.GetValue(more)!)}");
    if (parsed.GetValue(busy)!.Any(b => b is < 0 or > 1024)) return Refuse($"--busy must be 0 to 1024, got {string.Join(" ", parsed.GetValue(busy)!)}");
    var works = Wanted([.. Works.All()], parsed.GetValue(filter) ?? [], w => w.Name);
    if (works.Count == 0) return 2;
    var rows = new List<ScalingRow>();
    foreach (var (_, make) in works)
        foreach (var row in Scaling.Of(make(), parsed.GetValue(more)!, parsed.GetValue(busy)!, parsed.GetValue(rounds)))
        {
            rows.Add(row);
            Scaling.Print(row);
        }
    if (parsed.GetValue(to) is { } folder) Scaling.Write(folder, rows);
    return rows.All(r => r.Same) ? 0 : 1;
});
var burn = new Command("burn", "keeps a core busy until its input ends") { Hidden = true };
burn.SetAction(_ => Scaling.Burn());
command.Subcommands.Add(scaling);
command.Subcommands.Add(burn);
var line = command.Parse(args);
return line.Errors is [var error, ..] ? Refuse(error.Message.TrimEnd('.')) : line.Invoke();

static List<T> Wanted<T>(List<T> all, string[] parts, Func<T, string> name)
{
    List<T> wanted = [.. all.Where(w => parts.Length == 0 || parts.Any(part => name(w).Contains(part, StringComparison.OrdinalIgnoreCase)))];
    if (wanted.Count == 0) Refuse($"no work's name contains {string.Join(" or ", parts)}; there are {string.Join("; ", all.Select(name))}");
    return wanted;
}

static int Refuse(string what)
{
    Console.Error.WriteLine($"peers: {what}.");
    return 2;
}

static IReadOnlyList<ContestRow> Hold(Work work, int rounds, string[] without)
{
    using var off = Grad.Off();
    double flops;
    using (var trace = OpTrace.Begin())
    using (new TensorScope())
    {
        work.Compute(work.Inputs);
        flops = trace.Entries.Sum(e => (double)e.Flops);
    }
    List<Contender> contenders =
    [
        new("LzuCore", () => Ours(_ => { }), () =>
        {
            IReadOnlyList<float[]> results = [];
            Ours(outputs => results = [.. outputs.Select(t => t.ToArray<float>())]);
            return results;
        }),
    ];
    using var onnx = without.Contains("ONNX Runtime") ? null : new OnnxRuntimePeer(work.PeerInputs, () => work.PeerCompute(work.PeerInputs));
    if (onnx is not null) contenders.Add(onnx.Contender);
#if LIBTORCH
    using var torch = without.Contains("libtorch") ? null : TorchPeer.Where(work);
    if (torch is not null) contenders.Add(torch.Contender);
#endif
    return Contest.Hold(work.Name, flops, contenders, rounds);

    void Ours(Action<Tensor[]> read)
    {
        using var scope = new TensorScope();
        read(work.Compute(work.Inputs));
    }
}
