using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Staithe.Clients;
using Staithe.Config;
using Staithe.Oci;
using Staithe.Oci.Client;
using Staithe.Recipes;
using Staithe.Search;

namespace Staithe.Commands;

/// <summary><c>staithe find</c>: searches a registry as its page of results does, with what one may see there.</summary>
internal static class FindCommand
{
    const int UsualLimit = 25, MaxLimit = 1000;
    const int MaxText = 160;
    static readonly string[] Orders = ["best", "updated"];

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new Command("find", "Find images on a Staithe registry: by words, ports, labels, packages, files and more.");
        var words = new Argument<string[]>("WORDS") { Description = "Words, and FIELD:VALUE as below; none for everything, the newest first.", Arity = ArgumentArity.ZeroOrMore };
        var registry = new Option<string>("--registry") { HelpName = "URL", Description = $"The registry. [default: {RegistryUrl.Usual}]" };
        var limit = new Option<string>("--limit") { HelpName = "N", Description = $"The most repositories to print, up to {MaxLimit}. [default: {UsualLimit}]" };
        var sort = new Option<string>("--sort") { HelpName = "ORDER", Description = $"What comes first: {string.Join(" or ", Orders)}. [default: best]" };
        var json = new Option<bool>("--json") { Arity = ArgumentArity.Zero, Description = "Print what the registry answers, as JSON." };
        command.Arguments.Add(words);
        foreach (var option in (Option[])[registry, limit, sort, json])
        {
            if (option != json)
                option.Validators.Add(Usage.RefuseOptionAsValue);
            command.Options.Add(option);
        }
        command.SetAction((parsed, cancel) => RunAsync(
            terminal,
            new Wanted(parsed.GetValue(words) ?? [], parsed.GetValue(registry), parsed.GetValue(limit), parsed.GetValue(sort) ?? "best", parsed.GetValue(json)),
            [.. command.Options.Select(option => option.Name)],
            cancel));
        return command.WithHelp(
            $"""
            What can be asked, besides words, which must all be there, if only as beginnings:
            {string.Join('\n', SearchQuery.Fields.Select(field => $"  {field.Example,-52} {field.Meaning}"))}

            A * at the end of a value finds what begins so. A - before a word or a field leaves out what has it. A value with
            spaces stands in quotes, and so does what means something to the shell, such as < and *.

            Examples:
              staithe find nginx
              staithe find 'package:openssl<3.0.20'
                  Images that hold an openssl older than that, by the rules of dpkg, apk, rpm, npm or whoever made it.
              staithe find file:/etc/nginx/nginx.conf -arch:arm64 --registry https://registry.example
              staithe find 'digest:sha256:4f1d…' --json | jq -r '.items[].matches[].image'
                  Which images hold this layer?

            What is private is found by those who may pull it, after a login ("{RegistryUrl.UsualClients.Login()}"
            or "{RegistryUrl.UsualClients.Login(client: "docker")}"): the credentials are found in $REGISTRY_AUTH_FILE, podman's auth.json and ~/.docker/config.json.
            """);
    }

    static Task<int> RunAsync(Terminal terminal, Wanted wanted, string[] options, CancellationToken cancel)
    {
        var call = new RegistryCall(terminal);
        return call.RunAsync(
            () => FindAsync(terminal, call, wanted, options, cancel),
            refused => refused.Error == OciError.Unauthorized ? $" (sign in anew with \"{call.Login}\")" : "",
            cancel);
    }

    static async Task FindAsync(Terminal terminal, RegistryCall call, Wanted wanted, string[] options, CancellationToken cancel)
    {
        if (wanted.Words.FirstOrDefault(word => word.StartsWith("--", StringComparison.Ordinal)) is { } unknown)
            throw RegistryCall.Refused($"{OciException.Quote(unknown)}: no such option of staithe find{NearestName.Hint(unknown, options)}");
        var limit = UsualLimit;
        if (wanted.Limit is { } text && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > MaxLimit))
            throw RegistryCall.Refused($"--limit {OciException.Quote(text)}: expected a number from 1 to {MaxLimit}");
        if (!Orders.Contains(wanted.Order))
            throw RegistryCall.Refused($"--sort {OciException.Quote(wanted.Order)}: expected {string.Join(" or ", Orders)}{NearestName.Hint(wanted.Order, Orders)}");
        // One argument is a search as it stands. Of several, one with blanks is a value that the shell's quotes held together.
        var query = wanted.Words is [var whole] ? whole : string.Join(' ', wanted.Words.Select(word => word.Any(char.IsWhiteSpace) && !word.Contains('"', StringComparison.Ordinal) ? $"\"{word}\"" : word));
        if (query.Length > SearchQuery.MaxLength)
            throw RegistryCall.Refused($"that is {Count.Of(query.Length, "character")} long: expected at most {SearchQuery.MaxLength}");
        var url = call.Url = RegistryUrl.Read(wanted.Registry ?? RegistryUrl.Usual);
        var credential = Credential.Find(terminal.Environment, url.Authority, null);
        using var client = new OciClient(url, credential);
        using var answer = await client.FindJsonAsync($"/api/v1/search?q={Uri.EscapeDataString(query)}&limit={limit.ToString(CultureInfo.InvariantCulture)}&sort={wanted.Order}", cancel)
            ?? throw new OciException(OciError.Unsupported, $"{call.Name} does not search as Staithe does: \"{ClientCommands.For(url).Line("podman", "search", $"{url.Authority}/WORD")}\" may find something there");
        await (wanted.IsJson ? WriteJsonAsync(terminal, answer) : WriteAsync(terminal, answer.RootElement, call, credential is not null, wanted.Words));
    }

    // Everything but plain characters is escaped: this may go to a terminal.
    static async Task WriteJsonAsync(Terminal terminal, JsonDocument answer)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true }))
            answer.WriteTo(json);
        await terminal.Output.WriteLineAsync(Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length));
    }

    static async Task WriteAsync(Terminal terminal, JsonElement answer, RegistryCall call, bool isSomebody, string[] words)
    {
        var hits = answer.Member("items").Items().ToList();
        var meant = answer.Member("meant").Items().Any();
        if (hits.Count == 0)
        {
            await terminal.Error.WriteLineAsync($"staithe: nothing is found at {call.Name} that {(isSomebody ? "you may see" : $"anybody may see; sign in with \"{call.Login}\" to find what is private too")}");
            return;
        }
        if (meant)
            await terminal.Error.WriteLineAsync($"staithe: nothing is called so at {call.Name}; these may be meant");
        var names = hits.Select(hit => Shown(hit.Member("name"))).ToList();
        var width = Math.Min(48, names.Max(name => name.Length));
        foreach (var (hit, name) in hits.Zip(names))
        {
            var description = Shown(hit.Member("description")) is { Length: > 0 } text ? text : Shown(hit.Member("title"));
            var facts = string.Join(", ", Facts(hit));
            await terminal.Output.WriteLineAsync($"{name.PadRight(width)}  {(description.Length > 0 ? $"{description} " : "")}({facts})");
            foreach (var match in hit.Member("matches").Items())
                await terminal.Output.WriteLineAsync($"  {Shown(match.Member("image"))}  {Shown(match.Member("what"))}");
        }
        var total = answer.Member("total").Number() ?? hits.Count;
        var isMore = answer.Member("more") is { ValueKind: JsonValueKind.True };
        if (total > hits.Count && !meant)
            await terminal.Error.WriteLineAsync($"staithe: these are {hits.Count.ToString(CultureInfo.InvariantCulture)} of {(isMore ? "more than " : "")}{total.ToString(CultureInfo.InvariantCulture)}; --limit N prints more{(words.Length == 0 ? "" : ", further words fewer")}");
        if (answer.Member("partial") is { ValueKind: JsonValueKind.True })
            await terminal.Error.WriteLineAsync("staithe: so much is inside of images that fits that not all of it was looked at: say more of the name");
    }

    static IEnumerable<string> Facts(JsonElement hit)
    {
        if (hit.Member("official") is { ValueKind: JsonValueKind.True })
            yield return "official";
        if (Shown(hit.Member("visibility")) is { Length: > 0 } visibility and not "public")
            yield return visibility;
        if (hit.Member("size").Number() is > 0 and var size)
            yield return size >= 1_000_000 ? string.Create(CultureInfo.InvariantCulture, $"{size / 1e6:0.#} MB") : string.Create(CultureInfo.InvariantCulture, $"{size / 1e3:0.#} kB");
        if (hit.Member("stars").Number() is > 0 and var stars)
            yield return Count.Of(stars, "star");
        yield return $"changed {hit.Member("updatedAt").Time()?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "at some time"}";
    }

    // What a registry sends may be anything; here it is one line that hides nothing.
    static string Shown(JsonElement? element) => Visible.Line(element.Text() ?? "", MaxText);

    sealed record Wanted(string[] Words, string? Registry, string? Limit, string Order, bool IsJson);
}
