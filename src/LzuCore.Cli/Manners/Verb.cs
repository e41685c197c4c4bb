using System.CommandLine;

namespace LzuCore.Cli.Manners;

/// <summary>One verb of the command line: its arguments, and what it does with them. Faults become one line and an exit code here, and nowhere else.</summary>
internal abstract class Verb(string name, string description)
{
    /// <summary>The verb's arguments and options; called once.</summary>
    protected abstract void Declare(Command command);

    /// <summary>Does the work and returns the exit code.</summary>
    protected abstract int Run(ParseResult parsed, Session session);

    /// <summary>The command with its error handling.</summary>
    public Command Build(Interruption interruption)
    {
        var command = new Command(name, description);
        Declare(command);
        if (command.Subcommands.Count > 0) return command;
        command.SetAction(parsed => Guarded(parsed, interruption));
        return command;
    }

    private int Guarded(ParseResult parsed, Interruption interruption)
    {
        Session? session = null;
        try
        {
            session = new Session(parsed, interruption);
            interruption.Token.ThrowIfCancellationRequested();
            var code = Run(parsed, session);
            session.Leave();
            return code;
        }
        catch (Exception fault)
        {
            if (fault is OperationCanceledException) interruption.Say(Print);
            else Print();
            session?.Abandon(Faults.CodeOf(fault));
            return Faults.CodeOf(fault);

            void Print() => Faults.Print(fault, parsed.InvocationConfiguration.Error, parsed.GetValue(CommonOptions.Verbose), session?.Who);
        }
        finally
        {
            session?.Dispose();
        }
    }
}
