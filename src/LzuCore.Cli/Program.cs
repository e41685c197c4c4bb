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
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        Console.OutputEncoding = Encoding.UTF8;
        return App.Run(args, Console.Out, Console.Error, interrupted.Token);

        // Kernels do not poll: what was half written is removed by the token's callbacks, then the process ends.
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            interrupted.Cancel();
            Console.Error.WriteLine("error: interrupted; nothing was left behind.");
            Environment.Exit(ExitCode.Interrupted);
        }
    }
}
