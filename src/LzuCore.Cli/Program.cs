using System.Runtime.InteropServices;
using System.Text;
using LzuCore.Cli.Manners;

namespace LzuCore.Cli;

/// <summary>The composition root: registers backends, listens for interruptions, hands the rest to <see cref="App"/>.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        using var interrupted = new CancellationTokenSource();
        var interruption = new Interruption(interrupted.Token);
        var stopping = new Lock();
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        Console.OutputEncoding = Encoding.UTF8;
        return App.Run(args, Console.Out, Console.Error, interruption);

        // Kernels do not poll: what was half written is removed by the token's callbacks, then the process ends; a second signal waits for them.
        // A verb that ends by itself is given the time, once.
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            using var alone = stopping.EnterScope();
            var first = !interrupted.IsCancellationRequested;
            interrupted.Cancel();
            if (first && interruption.IsAwaited)
            {
                Console.Error.WriteLine("stopping after this step; interrupt again to stop at once.");
                return;
            }
            interruption.Say(() => Console.Error.WriteLine(interruption.IsAwaited ? "error: interrupted." : "error: interrupted; nothing was left behind."));
            Environment.Exit(ExitCode.Interrupted);
        }
    }
}
