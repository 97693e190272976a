namespace Staithe.Web;

/// <summary>What a browser calls itself, as far as its owner knows it by that again: Firefox on Linux, 192.0.2.7.</summary>
internal static class BrowserName
{
    // In this order, as each says that it is some of the others too.
    static readonly (string Word, string Name)[] Browsers = [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl")];
    static readonly (string Word, string Name)[] Systems = [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")];

    public static string Of(HttpContext http)
    {
        var agent = http.Request.Headers.UserAgent.ToString();
        var (browser, system) = (Find(Browsers, agent) ?? "A browser", Find(Systems, agent));
        return $"{browser}{(system is null ? "" : $" on {system}")}{(http.Connection.RemoteIpAddress is { } address ? $", {(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)}" : "")}";
    }

    static string? Find((string Word, string Name)[] known, string agent) => known.FirstOrDefault(one => agent.Contains(one.Word, StringComparison.Ordinal)).Name;
}
