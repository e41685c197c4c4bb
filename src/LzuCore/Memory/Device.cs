namespace LzuCore.Memory;

/// <summary>Where a buffer lives: <c>cpu</c>, <c>cuda:0</c>, <c>ilgpu</c> (ILGPU's CPU accelerator, for tests).</summary>
/// <param name="Kind">The backend's name.</param>
/// <param name="Index">Which of several devices of that kind.</param>
public readonly record struct Device(string Kind, int Index = 0)
{
    /// <summary>The host.</summary>
    public static Device Cpu { get; } = new("cpu");

    /// <summary>Reads <c>cpu</c>, <c>cuda</c>, <c>cuda:1</c>, <c>ilgpu</c>.</summary>
    /// <exception cref="DeviceException">The text is not a device.</exception>
    public static Device Parse(string text)
    {
        var parts = text.Trim().ToLowerInvariant().Split(':');
        var index = 0;
        if (parts.Length is 1 or 2 && parts[0] is "cpu" or "cuda" or "ilgpu" && (parts.Length == 1 || (int.TryParse(parts[1], out index) && index >= 0)))
            return new Device(parts[0], index);
        throw new DeviceException($"device must be cpu, cuda, cuda:N or ilgpu, got '{text}'.");
    }

    /// <summary>The spelling that <see cref="Parse"/> reads.</summary>
    public override string ToString() => Kind == "cuda" ? $"cuda:{Index}" : Kind;
}
