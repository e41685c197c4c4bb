namespace LzuCore.Cli.Tests.Commands;

public sealed class DoctorTests
{
    [Test]
    public void Json_ListsChecksWithNameOkDetail()
    {
        var document = Lzu.Run("doctor", "--json").Succeeded().Json;
        Assert.That(document.GetProperty("schema").GetString(), Is.EqualTo("lzu.doctor/1"));
        var checks = document.GetProperty("checks").EnumerateArray().ToList();
        Assert.That(checks.Select(c => c.GetProperty("name").GetString()), Does.Contain("threads").And.Contain("memory").And.Contain("device cpu"));
        Assert.That(checks.Count(c => c.GetProperty("detail").GetString()!.EndsWith("self-test passed")), Is.GreaterThan(15));
        Assert.That(checks.All(c => c.GetProperty("ok").GetBoolean() && c.GetProperty("detail").GetString()!.Length > 0));
    }
}
