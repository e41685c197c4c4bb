using System.Text;
using LzuCore.Cli.Inputs;
using LzuCore.Testing;

namespace LzuCore.Cli.Tests.Inputs;

/// <summary>Damaged files of boxes are read or refused, never anything else.</summary>
public sealed class BoxesMutationTests
{
    private static readonly byte[][] Pieces = [.. new[] { "NaN", "1e999", "-1", "null", "\"", "\\u12", "{", "}", "[", "]", ",", ":", "[[[[[[[[", "\"id\": ", "{}", "99999999999999999999", "Infinity", "#" }.Select(Encoding.UTF8.GetBytes)];

    [TestCase("coco.json", """{"images": [{"id": 1, "file_name": "a.jpg", "width": 1920, "height": 1200}], "annotations": [{"id": 1, "image_id": 1, "category_id": 0, "bbox": [936.67, 92.35, 401.41, 116.19]}]}""")]
    [TestCase("list.json", "[[1, 2, 3, 4], [5.5, 6, 7, 8]]")]
    [TestCase("lines.txt", "1,2,3,4\n5 6 7 8 # car\n")]
    public void DamagedFile_IsReadOrRefused(string name, string text)
    {
        using var folder = new WorkFolder();
        TestContext.Out.WriteLine(Mutants.Survive(Encoding.UTF8.GetBytes(text), 1000, 1 << 20, bytes =>
        {
            File.WriteAllBytes(folder[name], bytes);
            AnnotatedBoxes.Read(folder[name]);
        }, Pieces));
    }
}
