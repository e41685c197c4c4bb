namespace LzuCore.Cli.Manners;

/// <summary>How Ctrl-C and SIGTERM end a verb: at once, or, for one that said so, when it has brought its work to a safe end.</summary>
/// <param name="token">Cancelled by the first signal.</param>
internal sealed class Interruption(CancellationToken token)
{
    private volatile bool _isAwaited;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => token;

    /// <summary>Whether the verb watches the token and ends by itself.</summary>
    public bool IsAwaited => _isAwaited;

    /// <summary>The verb will end by itself soon after the token is cancelled.</summary>
    public void Await() => _isAwaited = true;
}
