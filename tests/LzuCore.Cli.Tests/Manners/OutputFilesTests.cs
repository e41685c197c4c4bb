using LzuCore.Cli.Manners;

namespace LzuCore.Cli.Tests.Manners;

public sealed class OutputFilesTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("lzu").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    private string In(string name) => Path.Combine(_folder, name);

    private string[] Left => Directory.GetFileSystemEntries(_folder, "*", SearchOption.AllDirectories);

    [Test]
    public void Commit_PutsEveryFileInItsPlace()
    {
        using (var outputs = new OutputFiles(default))
        {
            outputs.Add(In("a/b/one.txt"), p => File.WriteAllText(p, "1"));
            outputs.Add(In("a/two.txt"), p => File.WriteAllText(p, "2"));
            Assert.That(File.Exists(In("a/two.txt")), Is.False, "before the commit");
            outputs.Commit();
        }
        Assert.That(File.ReadAllText(In("a/b/one.txt")) + File.ReadAllText(In("a/two.txt")), Is.EqualTo("12"));
        Assert.That(Left, Has.Length.EqualTo(4));
    }

    [Test]
    public void WithoutCommit_NeitherFilesNorFoldersAreLeft()
    {
        using (var outputs = new OutputFiles(default)) outputs.Add(In("a/b/one.txt"), p => File.WriteAllText(p, "1"));
        Assert.That(Left, Is.Empty);
    }

    [Test]
    public void FailedWrite_LeavesNothing()
    {
        Assert.That(() =>
        {
            using var outputs = new OutputFiles(default);
            outputs.Add(In("x/one.txt"), p =>
            {
                File.WriteAllText(p, "half");
                throw new InvalidDataException("broken");
            });
        }, Throws.TypeOf<InvalidDataException>());
        Assert.That(Left, Is.Empty);
    }

    [Test]
    public void Cancelled_LeavesNothingAndAcceptsNothingMore()
    {
        using var source = new CancellationTokenSource();
        using var outputs = new OutputFiles(source.Token);
        outputs.Add(In("x/one.txt"), p => File.WriteAllText(p, "1"));
        source.Cancel();
        Assert.That(Left, Is.Empty);
        Assert.That(outputs.Commit, Throws.TypeOf<OperationCanceledException>());
        Assert.That(() => outputs.Add(In("x/two.txt"), p => File.WriteAllText(p, "2")), Throws.TypeOf<OperationCanceledException>());
        Assert.That(Left, Is.Empty);
    }

    [Test]
    public void CancelledWhileAFileIsWritten_LeavesNothing()
    {
        using var source = new CancellationTokenSource();
        using var outputs = new OutputFiles(source.Token);
        Task cancelled = Task.CompletedTask;
        outputs.Add(In("x/one.txt"), p =>
        {
            cancelled = Task.Run(source.Cancel);
            SpinWait.SpinUntil(() => source.IsCancellationRequested);
            Thread.Sleep(20);
            File.WriteAllText(p, "1");
        });
        cancelled.Wait();
        Assert.That(Left, Is.Empty);
    }

    [Test]
    public void OutputFolderThatIsAFile_IsAUsageError()
    {
        File.WriteAllText(In("file"), "");
        using var outputs = new OutputFiles(default);
        Assert.That(() => outputs.Add(In("file/one.txt"), _ => { }), Throws.TypeOf<UsageException>());
    }
}
