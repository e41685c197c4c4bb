using LzuCore.Memory;
using LzuCore.Testing;

namespace LzuCore.Tests.Ops;

/// <summary>Every case on the CPU: equals its expectation and its reference, or is refused with the promised message.</summary>
public sealed class OpForwardTests
{
    private static IEnumerable<TestCaseData> Cases => AllOpCases.All.Where(c => !c.BenchmarkOnly).Select(c => new TestCaseData(c).SetArgDisplayNames(c.ToString()));

    [TestCaseSource(nameof(Cases))]
    public void Forward_EqualsExpectation(OpCase c)
    {
        if (c.Because is { } because)
        {
            var error = Assert.Catch<LzuException>(() => c.Apply(c.Inputs));
            Assert.That(error!.Message, Does.Contain(because));
            return;
        }
        var output = c.Apply(c.Inputs);
        if (c.Expected is { } expected) Assert.That(AssertClose.Compare(output, [.. expected.Select(v => (double)v)], c.Tolerance), Is.Null);
        if (c.Reference is { } reference) Assert.That(AssertClose.Compare(output, reference(c.Inputs), c.Tolerance), Is.Null);
    }
}
