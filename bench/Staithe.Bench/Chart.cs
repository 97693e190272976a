using System.Net;
using System.Text;

namespace Staithe.Bench;

/// <summary>
/// The CPU of the others with Staithe's as 1, as bars on a logarithmic scale. The picture brings its own ground, so that it can be read on
/// pages of any colour, and is dark for those who like it dark.
/// </summary>
internal static class Chart
{
    const int Width = 860;
    const int Left = 330;
    const int Right = 70;
    const int Top = 84;
    const int RowHeight = 34;
    const double Lowest = 0.4;

    static readonly double[] Ticks = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

    static readonly string[] Shown =
    [
        "manifest-tag@64", "manifest-digest@64", "manifest-head@64", "blob-64k@16", "blob-1m@16", "blob-100m@4",
        "push-64k@4", "push-10m@4", "push-256m@1", "push-1g@1", "tags-10000", "repositories-10000",
    ];

    public static string Render(IReadOnlyList<RowResult> results)
    {
        var rows = Shown.Select(id => results.FirstOrDefault(result => result.Row.FullId == id)).OfType<RowResult>().Select(Bars).ToList();
        var highest = Ticks.First(tick => tick >= rows.Max(row => Math.Max(row.Registry, row.Nginx)) || tick == Ticks[^1]);
        double X(double ratio) => Left + ((Width - Left - Right) * Math.Log(Math.Max(ratio, Lowest) / Lowest) / Math.Log(highest / Lowest));
        var bottom = Top + (rows.Count * RowHeight);

        var svg = new StringBuilder();
        svg.Append($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {bottom + 48}" role="img" aria-labelledby="title description" font-family="system-ui, sans-serif" font-size="13">
            <title id="title">CPU per unit of work, with Staithe as 1</title>
            <desc id="description">{Describe(rows)}</desc>
            <style>
              .ground {"{ fill: #ffffff; stroke: #d0d7de }"} .text {"{ fill: #1f2328 }"} .faint {"{ fill: #59636e }"} .grid {"{ stroke: #d8dee4 }"}
              .one {"{ stroke: #1f2328 }"} .registry {"{ fill: #2f6fbf }"} .nginx {"{ fill: #b35900 }"}
              @media (prefers-color-scheme: dark) {"{"}
                .ground {"{ fill: #161b22; stroke: #30363d }"} .text {"{ fill: #e6edf3 }"} .faint {"{ fill: #9198a1 }"} .grid {"{ stroke: #30363d }"}
                .one {"{ stroke: #e6edf3 }"} .registry {"{ fill: #6ca6f0 }"} .nginx {"{ fill: #e8954a }"}
              {"}"}
            </style>
            <rect class="ground" fill="#ffffff" x="0.5" y="0.5" width="{Width - 1}" height="{bottom + 47}" rx="6"/>
            <text class="text" x="16" y="28" font-size="16" font-weight="600">CPU per unit of work, with Staithe as 1</text>
            <rect class="registry" fill="#2f6fbf" x="16" y="42" width="12" height="12"/><text class="text" x="34" y="53">docker-registry</text>
            <rect class="nginx" fill="#b35900" x="150" y="42" width="12" height="12"/><text class="text" x="168" y="53">nginx, where files are enough</text>

            """);
        foreach (var tick in Ticks.Where(tick => tick <= highest))
        {
            svg.Append($"""<line class="{(tick == 1 ? "one" : "grid")}" stroke="#888" x1="{X(tick):F1}" y1="{Top - 6}" x2="{X(tick):F1}" y2="{bottom}"/>""");
            svg.Append($"""<text class="faint" x="{X(tick):F1}" y="{bottom + 18}" text-anchor="middle">{tick}×</text>""").Append('\n');
        }
        svg.Append($"""<text class="faint" x="{X(1):F1}" y="{bottom + 36}" text-anchor="middle">as much as Staithe</text>""").Append('\n');
        for (var i = 0; i < rows.Count; i++)
        {
            var (title, registry, nginx) = rows[i];
            var y = Top + (i * RowHeight);
            svg.Append($"""<text class="text" x="{Left - 62}" y="{y + 19}" text-anchor="end">{WebUtility.HtmlEncode(title)}</text>""").Append('\n');
            var height = nginx > 0 ? 11 : 22;
            AppendBar(svg, "registry", "#2f6fbf", registry, y + 3, height, X);
            if (nginx > 0)
                AppendBar(svg, "nginx", "#b35900", nginx, y + 15, height, X);
        }
        return svg.Append("</svg>\n").ToString();
    }

    static void AppendBar(StringBuilder svg, string name, string colour, double ratio, int y, int height, Func<double, double> x)
    {
        var (from, to) = (Math.Min(x(1), x(ratio)), Math.Max(x(1), x(ratio)));
        svg.Append($"""<rect class="{name}" fill="{colour}" x="{from:F1}" y="{y}" width="{Math.Max(1, to - from):F1}" height="{height}"/>""");
        var (at, anchor) = ratio >= 1 ? (to + 5, "start") : (from - 5, "end");
        svg.Append($"""<text class="text" x="{at:F1}" y="{y + (height / 2) + 4}" font-size="11" text-anchor="{anchor}">{Figures.Times(ratio)}</text>""").Append('\n');
    }

    static (string Title, double Registry, double Nginx) Bars(RowResult result)
    {
        var staithe = result.Of(ServerKind.Staithe)!;
        return (result.Row.Title, (result.Of(ServerKind.DockerRegistry)?.Cpu ?? 0) / staithe.Cpu, (result.Of(ServerKind.Nginx)?.Cpu ?? 0) / staithe.Cpu);
    }

    static string Describe(IEnumerable<(string Title, double Registry, double Nginx)> rows) => WebUtility.HtmlEncode(string.Join("; ", rows.Select(row =>
        $"{row.Title}: docker-registry {Figures.Times(row.Registry)}{(row.Nginx > 0 ? $", nginx {Figures.Times(row.Nginx)}" : "")}")) + ".");
}
