using LzuCore.Memory;

namespace LzuCore.Tests.Memory;

public sealed class NearestNameTests
{
    private static readonly string[] Names = ["zoom", "detect", "conformance", "--scale", "--saliency"];

    [TestCase("zom", "zoom")]
    [TestCase("zomo", "zoom")]
    [TestCase("dtect", "detect")]
    [TestCase("conf", "conformance")]
    [TestCase("--sclae", "--scale")]
    [TestCase("--salency", "--saliency")]
    [TestCase("xyzzy", null)]
    public void Of_FindsWhatWasMeant(string typed, string? meant) => Assert.That(NearestName.Of(typed, Names), Is.EqualTo(meant));
}
