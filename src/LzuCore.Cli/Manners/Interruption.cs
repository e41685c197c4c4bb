namespace LzuCore.Cli.Manners;

/// <summary>How Ctrl-C and SIGTERM end a verb: at once, or, for one that said so, when it has brought its work to a safe end.</summary>
/// <param name="token">Cancelled by the first signal.</param>
internal sealed class Interruption(CancellationToken token)
{
    private volatile bool _isAwaited;
    private readonly Lock _saying = new();
    private bool _isSaid;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => token;

    /// <summary>Whether the verb watches the token and ends by itself.</summary>
    public bool IsAwaited => _isAwaited;

    /// <summary>The verb will end by itself soon after the token is cancelled.</summary>
    public void Await() => _isAwaited = true;

    /// <summary>Tells the user, once: the signal's handler, again for each signal, and the verb's thread all learn of it. When this returns it has been told.</summary>
    public void Say(Action say)
    {
        lock (_saying)
        {
            if (!_isSaid) say();
            _isSaid = true;
        }
    }
}
