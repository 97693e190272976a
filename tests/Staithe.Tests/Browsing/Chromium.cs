using Microsoft.Playwright;

namespace Staithe.Tests.Browsing;

/// <summary>One browser for all pages, and what it finds wrong with them.</summary>
public sealed class Chromium : IAsyncLifetime
{
    /// <summary>What a reader may have to fetch for a page, all told.</summary>
    const long MaxBytes = 60_000;

    const int Narrow = 390, Wide = 1280, Height = 900;

    // The rules of WCAG 2.2 A and AA, and no opinions beyond them. In the dark nothing is different but the colours.
    const string Run = """
        async isDark => (await axe.run(document, { runOnly: isDark ? { type: 'rule', values: ['color-contrast'] } : ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'], resultTypes: ['violations'] }))
          .violations.map(violation => `${violation.id}: ${violation.nodes.slice(0, 3).map(node => node.target.join(' ')).join(', ')}`)
        """;

    // What the key should reach, in the order of the page; of what is folded away only what opens it.
    const string Reachable = """
        () => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
          .filter(one => !one.disabled && one.type !== 'hidden' && one.checkVisibility({ visibilityProperty: true }))
          .map((one, index) => (one.dataset.reach = index, `${one.localName} ${(one.getAttribute('aria-label') ?? one.textContent ?? '').trim().slice(0, 40)}`))
        """;

    // Written down as it happens, so that the key need not wait for questions.
    const string Watch = """
        () => {
          window.reached = []
          document.addEventListener('focusin', ({ target: at }) => {
            const box = at.getBoundingClientRect(), style = getComputedStyle(at)
            const seen = box.bottom > 0 && box.top < innerHeight && (style.outlineStyle !== 'none' || style.boxShadow !== 'none')
            window.reached.push([at.dataset.reach ?? '', seen ? '' : 'unseen'])
          })
        }
        """;

    // What has to be pushed aside to be read. Text as it is, such as a manifest, may.
    const string Aside = """
        () => [...document.querySelectorAll('main, main *')]
          .filter(one => one.localName !== 'pre' && one.scrollWidth > one.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX)
            || one.matches('.command pre') && one.scrollWidth > one.clientWidth + 1)
          .map(one => `${one.getAttribute('aria-label') ?? one.localName} is ${one.scrollWidth} wide in ${one.clientWidth}`)
        """;

    static readonly string? Screenshots = Environment.GetEnvironmentVariable("TEST_SCREENSHOTS");

    IPlaywright playwright = null!;
    IBrowser browser = null!;
    string axe = "";

    public async ValueTask InitializeAsync()
    {
        axe = await File.ReadAllTextAsync(FindAxe());
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        await browser.DisposeAsync();
        playwright.Dispose();
    }

    /// <summary>A browser with nothing in it, as somebody who comes for the first time has it.</summary>
    /// <param name="url">The registry.</param>
    /// <param name="hasScript">Whether pages may run any.</param>
    /// <param name="cookies">Who is signed in.</param>
    internal async Task<IBrowserContext> OpenAsync(Uri url, bool hasScript, IEnumerable<Cookie>? cookies = null)
    {
        var context = await browser.NewContextAsync(new() { BaseURL = url.OriginalString, JavaScriptEnabled = hasScript, ColorScheme = ColorScheme.Light, ViewportSize = new() { Width = Wide, Height = Height }, ReducedMotion = ReducedMotion.Reduce });
        if (cookies is not null)
            await context.AddCookiesAsync(cookies);
        return context;
    }

    /// <summary>Opens a page and tells all that is wrong with it.</summary>
    /// <param name="context">In which browser.</param>
    /// <param name="path">Where it is.</param>
    /// <param name="status">The status that it should have.</param>
    /// <param name="name">What its pictures are called, where somebody wants to see them.</param>
    /// <param name="hasScript">Whether scripts run in the browser.</param>
    internal async Task<List<string>> InspectAsync(IBrowserContext context, string path, int status, string name, bool hasScript)
    {
        var problems = new List<string>();
        var page = await context.NewPageAsync();
        try
        {
            var (finished, bytes) = (new List<IRequest>(), 0L);
            page.Console += (_, message) =>
            {
                if (message.Type is "error" or "warning" && !(status >= 400 && message.Text.StartsWith($"Failed to load resource: the server responded with a status of {status}", StringComparison.Ordinal)))
                    problems.Add($"console: {message.Text}");
            };
            page.PageError += (_, error) => problems.Add($"script: {error}");
            page.Request += (_, request) =>
            {
                if (new Uri(request.Url) is { Scheme: not "data" } to && to.Authority != new Uri(page.Url == "about:blank" ? request.Url : page.Url).Authority)
                    problems.Add($"asks a third party: {request.Url}");
            };
            page.RequestFinished += (_, request) => finished.Add(request);
            var answer = await page.GotoAsync(path, new() { WaitUntil = WaitUntilState.Load });
            if (answer?.Status != status)
                problems.Add($"answers {answer?.Status}");
            foreach (var request in finished.ToList())
            {
                var sizes = await request.SizesAsync();
                bytes += sizes.ResponseBodySize + sizes.ResponseHeadersSize;
            }
            if (bytes is 0 or > MaxBytes)
                problems.Add($"weighs {bytes} bytes");
            if (hasScript)
                await page.EvaluateAsync(axe);
            foreach (var width in (int[])[Wide, Narrow])
            {
                await page.SetViewportSizeAsync(width, Height);
                foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
                {
                    await page.EmulateMediaAsync(new() { ColorScheme = scheme });
                    var where = $"{(hasScript ? "" : "without script, ")}{scheme}, {width}";
                    if (hasScript)
                        problems.AddRange((await page.EvaluateAsync<string[]>(Run, scheme == ColorScheme.Dark)).Select(problem => $"{where}: {problem}"));
                    if (Screenshots is not null)
                        await page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"{name.Replace(' ', '-').Replace(",", "", StringComparison.Ordinal)}.{width}.{scheme}{(hasScript ? "" : ".noscript")}.png".ToLowerInvariant()), FullPage = true });
                }
                var aside = await page.EvaluateAsync<string[]>(Aside);
                problems.AddRange(aside.Select(one => $"{(hasScript ? "" : "without script, ")}{width}: {one}"));
                if (await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth") is var across && across > width)
                    problems.Add($"{(hasScript ? "" : "without script, ")}{width}: is {across} wide");
            }
            if (hasScript)
                await FollowKeyAsync(page, problems);
        }
        finally
        {
            await page.CloseAsync();
        }
        return problems;
    }

    // The tab key goes through everything and comes around again.
    static async Task FollowKeyAsync(IPage page, List<string> problems)
    {
        const int Most = 60;
        await page.SetViewportSizeAsync(Wide, Height);
        var all = await page.EvaluateAsync<string[]>(Reachable);
        var reached = new HashSet<string>();
        await page.EvaluateAsync(Watch);
        for (var i = 0; i < Math.Min(all.Length, Most) + 2; i++)
            await page.Keyboard.PressAsync("Tab");
        foreach (var (at, unseen) in (await page.EvaluateAsync<string[][]>("() => window.reached")).Select(pair => (pair[0], pair[1])))
        {
            reached.Add(at);
            if (unseen.Length > 0)
                problems.Add($"the key reaches what nobody sees: {(int.TryParse(at, out var index) ? all[index] : at)}");
        }
        if (all.Length <= Most)
            problems.AddRange(all.Where((_, index) => !reached.Contains($"{index}")).Select(one => $"the key does not reach {one}"));
        else if (reached.Count < Most)
            problems.Add($"the key reaches {reached.Count} places of {all.Length}");
    }

    static string FindAxe()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            if (Path.Combine(directory, "tests", "pages", "node_modules", "axe-core", "axe.min.js") is var file && File.Exists(file))
                return file;
        }
        throw new FileNotFoundException("axe-core is not here: npm --prefix tests/pages ci");
    }
}
