using LzuCore.Memory;

namespace LzuCore.Cli.Manners;

/// <summary>The command line or a file it names is not what the verb needs: exit code 2.</summary>
internal sealed class UsageException(string message, Exception? inner = null) : LzuException(message, inner);
