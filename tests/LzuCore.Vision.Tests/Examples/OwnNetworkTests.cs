namespace LzuCore.Vision.Tests.Examples;

/// <summary>The example of docs/models.md compiles, runs, learns, and is what the document shows.</summary>
public sealed class OwnNetworkTests
{
    [Test]
    public void Example_Learns_AndFindsWhatItWasTrainedOn()
    {
        var folder = Directory.CreateTempSubdirectory("lzu example ").FullName;
        try
        {
            var weights = Path.Combine(folder, "own.safetensors");
            var (first, last) = OwnNetwork.Program.Train(weights, steps: 60);
            TestContext.Out.WriteLine($"{first} to {last}");
            Assert.That(last, Is.LessThan(0.2 * first));
            var (images, truth) = OwnNetwork.Program.Squares(1000);
            var expected = truth.ToArray<float>().Chunk(96).Select(v => Array.IndexOf(v, 1f)).Select(cell => (8.0 * (cell % 12) + 4, 8.0 * (cell / 12) + 4));
            Assert.That(OwnNetwork.Program.Find(weights, images), Is.EqualTo(expected));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void Document_ShowsTheExample()
    {
        var document = File.ReadAllText(Path.Combine(ModelGoldens.Root, "docs", "models.md")).ReplaceLineEndings("\n");
        var example = File.ReadAllText(Path.Combine(ModelGoldens.Root, "tests", "LzuCore.Vision.Tests", "Examples", "OwnNetwork.cs")).ReplaceLineEndings("\n");
        Assert.That(document, Does.Contain("```csharp\n" + example + "```\n"));
    }
}
