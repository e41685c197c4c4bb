using System.Globalization;
using System.Text;
using LzuCore.Vision.Imaging;

namespace LzuCore.Cli.Pages;

/// <summary>One HTML file that explains the zoom in five steps. Pictures are inside it, nothing is fetched; light and dark follow the reader's setting.</summary>
internal sealed class DemoPage
{
    private const int PictureWidth = 1200;
    private readonly StringBuilder _html = new();

    /// <summary>Begins the page.</summary>
    public DemoPage(string title, string lead) => _html.Append($$$"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{{Text(title)}}}</title>
        <style>
        :root{color-scheme:light dark;--ink:#1c2128;--soft:#5b6573;--page:#fbfaf7;--card:#ffffff;--line:#dfe2e6;--mark:#0b6bcb}
        @media (prefers-color-scheme:dark){:root{--ink:#e7eaee;--soft:#9aa5b1;--page:#14171b;--card:#1d2127;--line:#323944;--mark:#6cb6ff}}
        *{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:17px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
        main{max-width:1080px;margin:0 auto;padding:48px 20px 80px}h1{font-size:2.1rem;line-height:1.2;margin:0 0 12px}h2{font-size:1.35rem;margin:56px 0 8px}
        h2 b{display:inline-block;min-width:1.9em;color:var(--mark)}p{max-width:70ch;margin:8px 0 16px}.lead{font-size:1.12rem;color:var(--soft)}
        figure{margin:0 0 8px;background:var(--card);border:1px solid var(--line);border-radius:10px;overflow:hidden}img{display:block;width:100%;height:auto}
        figcaption{padding:8px 14px;font-size:.88rem;color:var(--soft)}.pair{display:grid;grid-template-columns:1fr 1fr;gap:14px}@media (max-width:760px){.pair{grid-template-columns:1fr}}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;background:var(--card);border:1px solid var(--line);border-radius:10px;font-size:.95rem}
        th,td{padding:8px 12px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}th:first-child,td:first-child{text-align:left}tr:last-child td{border-bottom:0}
        code{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:1px 6px;font-size:.9em}footer{margin-top:56px;color:var(--soft);font-size:.9rem}
        </style></head><body><main>
        <h1>{{{Text(title)}}}</h1><p class="lead">{{{Text(lead)}}}</p>

        """);

    /// <summary>A numbered heading with what there is to see.</summary>
    public void Step(int number, string title, string text) => _html.AppendLine(CultureInfo.InvariantCulture, $"<h2><b>{number}</b>{Text(title)}</h2><p>{Text(text)}</p>");

    /// <summary>A heading without a number.</summary>
    public void Section(string title, string text) => _html.AppendLine(CultureInfo.InvariantCulture, $"<h2>{Text(title)}</h2><p>{Text(text)}</p>");

    /// <summary>A picture, or two beside each other.</summary>
    public void Pictures(params ReadOnlySpan<(Image Picture, string Caption)> pictures)
    {
        if (pictures.Length > 1) _html.AppendLine("<div class=\"pair\">");
        foreach (var (picture, caption) in pictures)
        {
            var shown = picture.Width <= PictureWidth ? picture : picture.To(new(picture.Height * PictureWidth / picture.Width, PictureWidth));
            var data = Convert.ToBase64String(ImageCodec.Encode(shown, "picture.jpg", 88));
            _html.AppendLine(CultureInfo.InvariantCulture, $"<figure><img alt=\"{Text(caption)}\" width=\"{shown.Width}\" height=\"{shown.Height}\" src=\"data:image/jpeg;base64,{data}\"><figcaption>{Text(caption)}</figcaption></figure>");
        }
        if (pictures.Length > 1) _html.AppendLine("</div>");
    }

    /// <summary>A table; the first column is text, the rest numbers.</summary>
    public void Table(string[] head, IEnumerable<string[]> rows)
    {
        _html.Append("<div class=\"scroll\"><table><thead><tr>").AppendJoin("", head.Select(h => $"<th>{Text(h)}</th>")).AppendLine("</tr></thead><tbody>");
        foreach (var row in rows) _html.Append("<tr>").AppendJoin("", row.Select(c => $"<td>{Text(c)}</td>")).AppendLine("</tr>");
        _html.AppendLine("</tbody></table></div>");
    }

    /// <summary>The finished page.</summary>
    public string End(string footer) => _html.Append(CultureInfo.InvariantCulture, $"<footer>{Text(footer)}</footer>\n</main></body></html>\n").ToString();

    private static string Text(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);
}
