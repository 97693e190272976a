using System.Globalization;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Search;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>
/// <c>/v1/search</c>, as <c>podman search</c> and <c>docker search</c> ask for it. podman never says who it is here, and asks for
/// <c>/v2/_catalog</c>, with its credentials, when this answers anything but 200; so a stranger for whom nothing is found is told 404.
/// docker has no second question, and is told that there is nothing.
/// </summary>
internal sealed class SearchHandler(Finder finder, Gate gate, ErrorRendering errors)
{
    const int UsualCount = 25, MaxCount = 100, MaxPage = 40;

    /// <summary>Whether the path is this endpoint's.</summary>
    public static bool Takes(string path) => path is "/v1/search" or "/v1/_ping";

    public Task HandleAsync(HttpContext http, string path, RequestFacts facts) => errors.RunAsync(http, async () =>
    {
        await WorkerThread.SwitchAsync();
        if (path == "/v1/_ping")
            await WholeBody.SendAsync(http, "application/json", "true"u8.ToArray());
        else if (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method))
            await SearchAsync(http, facts);
        else
            throw new OciException(OciError.Unsupported, "searching is a GET");
    });

    async Task SearchAsync(HttpContext http, RequestFacts facts)
    {
        var who = (await gate.MeetAsync(http)).Who;
        facts.Caller = who.Name;
        var text = http.Request.Query["q"] is [{ } asked] ? asked : "";
        var (count, page) = (Number(http, "n", UsualCount, MaxCount), Number(http, "page", 1, MaxPage));
        var found = await finder.RunAsync(who, SearchQuery.Parse(text), SearchOrder.Best, (page - 1) * count, count, http.RequestAborted, withFacets: false);
        var isDocker = http.Request.Headers.ContainsKey("X-Docker-Token");
        if ((found.Total == 0 || found.Meant.Count > 0) && !isDocker && http.Request.Headers.Authorization.Count == 0)
            throw new OciException(OciError.NameUnknown, "nothing public is found by that; /v2/_catalog lists what you may pull when you sign in");
        await WholeBody.SendAsync(http, "application/json", JsonBody.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("query", text);
            json.WriteNumber("num_results", found.Total);
            json.WriteNumber("num_pages", (found.Total + count - 1) / count);
            json.WriteNumber("page", page);
            json.WriteNumber("page_size", count);
            json.WriteStartArray("results");
            foreach (var hit in found.Hits)
            {
                json.WriteStartObject();
                json.WriteString("name", isDocker ? $"{http.Request.Host}/{hit.Name}" : hit.Name); // docker shows it as it is, podman puts the host before it
                json.WriteString("description", Describe(hit));
                json.WriteNumber("star_count", hit.Stars);
                json.WriteBoolean("is_official", hit.IsOfficial);
                json.WriteBoolean("is_automated", false);
                json.WriteBoolean("is_trusted", false);
                json.WriteBoolean("is_public", hit.Visibility == "public");
                json.WriteNumber("pull_count", hit.Pulls);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }));
    }

    // What was found inside of images goes first: the description is the one column of text that clients show.
    static string Describe(SearchRow hit)
    {
        var text = hit.Description.Length > 0 ? hit.Description : hit.Title;
        return hit.Matches is [var match, ..] ? $"{match.What} in {(match.Image.Contains('@', StringComparison.Ordinal) ? match.Digest : match.Image[(match.Image.LastIndexOf(':') + 1)..])}{(text.Length > 0 ? $"; {text}" : "")}" : text;
    }

    static int Number(HttpContext http, string name, int usual, int most) =>
        http.Request.Query[name] is [{ } text] && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? Math.Min(number, most) : usual;
}
