using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Staithe.Clients;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Recipes;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>
/// Recipes under addresses of their own, for curl, <c>podman kube play</c> and <c>podman quadlet install</c>:
/// <c>/run/NAME:TAG/kube.yaml</c> and its like. Who may pull the manifest may read how to run it; nobody else learns that it is there.
/// </summary>
/// <param name="lookup">What recipes are made of.</param>
/// <param name="gate">Lets a request on that may pull the image.</param>
/// <param name="guard">Turns what is thrown into the answer.</param>
internal sealed partial class RecipeFiles(RecipeLookup lookup, Gate gate, Func<HttpContext, Func<Task>, Task> guard)
{
    const string Prefix = "/run/";
    const string KubeFile = "kube.yaml";
    const string ComposeFile = "compose.yaml";
    const string Script = "run.sh";
    const string Facts = "recipe.json";
    const string Unit = ".container";
    const string Latest = "latest";

    static readonly string[] Options = ["pin", "port", "name", "env", "platform", "as", "flavour"];

    /// <summary>Whether the path is one of these.</summary>
    public static bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal);

    public Task HandleAsync(HttpContext http, string path, RequestFacts facts) => guard(http, async () =>
    {
        try
        {
            await AnswerAsync(http, path, facts);
        }
        catch (OciException refused) when (refused.Error == OciError.Unauthorized && SignInHandler.IsAskedByBrowser(http.Request))
        {
            http.Response.StatusCode = StatusCodes.Status303SeeOther;
            http.Response.Headers.Location = SignInHandler.PathFor(http, path + http.Request.QueryString);
            http.Response.Headers.CacheControl = "no-store";
        }
    });

    async Task AnswerAsync(HttpContext http, string path, RequestFacts facts)
    {
        await WorkerThread.SwitchAsync();
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
            throw new OciException(OciError.Unsupported, "a recipe can be read, and nothing else") { Headers = new Dictionary<string, string> { ["Allow"] = "GET, HEAD" } };
        var (name, reference, file) = Parse(path);
        facts.Repository = name.Value;
        if (file is null)
        {
            await SendListAsync(http, (await gate.AdmitToReadAsync(http, new OciRoute.Manifest(name, reference))).Route.Name, reference);
            return;
        }
        var (kind, options, platform) = ReadQuery(http.Request, file);
        name = (await gate.AdmitToReadAsync(http, new OciRoute.Manifest(name, reference))).Route.Name;
        if (!Authority().IsMatch(http.Request.Host.Value ?? ""))
            throw new OciException(OciError.ParameterInvalid, "the Host header is no host and port, which a recipe would have to name");
        var image = await lookup.GetAsync(ClientCommands.For(http.Request), name, reference, platform, http.RequestAborted);
        var recipe = Recipe.From(image, options);
        var body = kind is { } one ? Encoding.UTF8.GetBytes(recipe.Write(one)) : RecipeJson.Write(recipe, await lookup.ListPublishedAsync(recipe, http.RequestAborted));
        await SendAsync(http, ContentType(file), body);
    }

    // NAME:TAG/FILE, NAME@DIGEST/FILE, or NAME/FILE for the tag latest; without a file, which there are. Nothing legal in a path needs percent-encoding, but
    // some clients encode colons.
    static (RepositoryName Name, Reference Reference, string? File) Parse(string path)
    {
        var text = Uri.UnescapeDataString(path[Prefix.Length..]).TrimEnd('/');
        var slash = text.LastIndexOf('/');
        var (image, file) = slash < 0 ? ("", text) : (text[..slash], text[(slash + 1)..]);
        if (!IsFile(file))
        {
            // NAME:TAG and NAME@DIGEST end so, and what has no ending is the end of a NAME.
            if (slash < 0 || !(file.AsSpan().ContainsAny(':', '@') || (!file.Contains('.', StringComparison.Ordinal) && !image.AsSpan().ContainsAny(':', '@'))))
                throw new OciException(OciError.EndpointUnknown, $"there is no recipe \"{OciException.Quote(file)}\": ask for {Script}, {ComposeFile}, {KubeFile}, NAME{Unit} or {Facts} behind NAME:TAG/ or NAME@DIGEST/");
            (image, file) = (text, null);
        }
        if (image.IndexOf('@', StringComparison.Ordinal) is > 0 and var at)
            return (RepositoryName.Parse(image[..at]), Reference.To(Digest.ParseSupported(image[(at + 1)..])), file);
        var colon = image.IndexOf(':', StringComparison.Ordinal);
        var tag = colon < 0 ? Latest : image[(colon + 1)..];
        var name = RepositoryName.Parse(colon < 0 ? image : image[..colon]);
        return TagName.TryParse(tag, out var found)
            ? (name, Reference.To(found), file)
            : throw new OciException(OciError.ManifestUnknown, $"\"{OciException.Quote(tag)}\" is no tag, so there is no image under it");
    }

    static bool IsFile(string file) =>
        file is KubeFile or ComposeFile or Script or Facts || (file.EndsWith(Unit, StringComparison.Ordinal) && UnitName().IsMatch(file[..^Unit.Length]));

    // People get the page that shows them all.
    async Task SendListAsync(HttpContext http, RepositoryName name, Reference reference)
    {
        var image = $"{name}{(reference.Tag is null ? '@' : ':')}{reference}";
        var found = await lookup.GetAsync(ClientCommands.For(http.Request), name, reference, null, http.RequestAborted);
        http.Response.Headers.Vary = "Accept";
        if (http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            http.Response.StatusCode = StatusCodes.Status303SeeOther;
            http.Response.Headers.Location = $"/r/{image}?view=run";
            return;
        }
        var unit = $"{Recipe.From(found, RecipeOptions.None).Name}{Unit}";
        string[] files = [Script, $"{Script}?as=docker", ComposeFile, KubeFile, $"{KubeFile}?flavour=kubernetes", unit, Facts];
        await SendAsync(http, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(string.Concat(files.Select(file => $"{Prefix}{image}/{file}\n"))));
    }

    static (RecipeKind? Kind, RecipeOptions Options, Platform? Platform) ReadQuery(HttpRequest request, string file)
    {
        var query = request.Query;
        if (query.Keys.FirstOrDefault(key => !Options.Contains(key)) is { } unknown)
            throw new OciException(OciError.ParameterInvalid, $"there is no option \"{OciException.Quote(unknown)}\"; there are {string.Join(", ", Options)}");
        var (engine, flavour) = (Single(request, "as"), Single(request, "flavour"));
        if (engine is not (null or "podman" or "docker") || (engine is not null && file != Script))
            throw RecipeOptions.Wrong("as", engine, $"podman or docker, for {Script}");
        if (flavour is not (null or "podman" or "kubernetes") || (flavour is not null && file != KubeFile))
            throw RecipeOptions.Wrong("flavour", flavour, $"podman or kubernetes, for {KubeFile}");
        Platform? platform = null;
        if (Single(request, "platform") is { } text && !Platform.TryParse(text, out platform))
            throw RecipeOptions.Wrong("platform", text, "OS/ARCHITECTURE, such as linux/arm64");
        var name = Single(request, "name");
        if (name is null && file.EndsWith(Unit, StringComparison.Ordinal) && RecipeOptions.IsName(file[..^Unit.Length]))
            name = file[..^Unit.Length]; // the unit is called so, and so is what it runs
        RecipeKind? kind = file switch
        {
            Facts => null,
            KubeFile => flavour == "kubernetes" ? RecipeKind.Kubernetes : RecipeKind.Kube,
            ComposeFile => RecipeKind.Compose,
            Script => engine == "docker" ? RecipeKind.Docker : RecipeKind.Podman,
            _ => RecipeKind.Quadlet,
        };
        var options = RecipeOptions.Read(Single(request, "pin"), name, [.. query["port"].OfType<string>()], [.. query["env"].OfType<string>()]);
        return (kind, options with { AreInQuery = query.Count > 0 }, platform);
    }

    static string? Single(HttpRequest request, string option) => request.Query[option] switch
    {
        [] => null,
        [{ } value] => value,
        _ => throw new OciException(OciError.ParameterInvalid, $"{option} is given more than once"),
    };

    static string ContentType(string file) => file switch
    {
        KubeFile or ComposeFile => "application/yaml",
        Script => "text/x-shellscript; charset=utf-8",
        Facts => "application/json",
        _ => "text/plain; charset=utf-8",
    };

    static Task SendAsync(HttpContext http, string contentType, byte[] body)
    {
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 16))}\"";
        var headers = http.Response.Headers;
        headers.ETag = tag;
        headers.CacheControl = "private, no-cache"; // a tag moves, rights change
        if (http.Request.Headers.IfNoneMatch.SelectMany(value => value?.Split(',') ?? []).Any(value => value.Trim() is "*" || value.Trim().Replace("W/", "", StringComparison.Ordinal) == tag))
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        return WholeBody.SendAsync(http, contentType, body);
    }

    [GeneratedRegex(@"\A([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?\z")]
    private static partial Regex Authority();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\z")]
    private static partial Regex UnitName();
}
