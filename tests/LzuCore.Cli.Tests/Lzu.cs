using System.Text.Json;

namespace LzuCore.Cli.Tests;

/// <summary>Runs <c>lzu</c> in process and keeps what it wrote.</summary>
internal sealed record Lzu(int Code, string Out, string Error)
{
    public static Lzu Run(params string[] args) => Run(CancellationToken.None, args);

    public static Lzu Run(CancellationToken cancellation, params string[] args)
    {
        using StringWriter stdout = new(), stderr = new();
        return new Lzu(App.Run(args, stdout, stderr, cancellation), stdout.ToString(), stderr.ToString());
    }

    /// <summary>Stdout as the one JSON document it has to be.</summary>
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    /// <summary>The run ended with one line of error and nothing on stdout.</summary>
    public Lzu Failed(int code, params string[] mentions)
    {
        var lines = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(Code, Is.EqualTo(code), Error);
        Assert.That(lines.Count(l => l.StartsWith("error: ")), Is.EqualTo(1), Error);
        Assert.That(lines[^1], Does.StartWith("error: "), Error);
        Assert.That(Error, Does.Not.Contain("   at "), "a stack trace");
        Assert.That(Out, Is.Empty);
        foreach (var mention in mentions) Assert.That(lines[^1], Does.Contain(mention));
        return this;
    }

    /// <summary>The run ended well.</summary>
    public Lzu Succeeded()
    {
        Assert.That(Code, Is.Zero, Error + Out);
        return this;
    }
}
