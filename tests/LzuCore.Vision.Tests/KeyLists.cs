using LzuCore.Nn;

namespace LzuCore.Vision.Tests;

/// <summary>Lists of checkpoint keys with their shapes, as the libraries' state dicts have them.</summary>
public static class KeyLists
{
    public static void AssertSame(Module model, string list)
    {
        var expected = File.ReadAllLines(Path.Combine(ModelGoldens.Root, "tests", "goldens", "keys", list)).Where(l => l.Length > 0 && l[0] != '#').Order(StringComparer.Ordinal).ToArray();
        var got = model.Keys.Select(k => $"{k.Key} {k.Shape}").Order(StringComparer.Ordinal).ToArray();
        Assert.That(got.Except(expected), Is.Empty, "keys of the model that no checkpoint has");
        Assert.That(expected.Except(got), Is.Empty, "keys of checkpoints that the model lacks");
        Assert.That(got, Has.Length.EqualTo(expected.Length));
    }
}
