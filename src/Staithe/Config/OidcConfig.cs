using System.Text.Json;
using Staithe.Oci;

namespace Staithe.Config;

/// <summary>An issuer where people sign in (OpenID Connect), and what its word is worth here.</summary>
internal sealed record OidcConfig
{
    const int MaxNameLength = 32;

    // What an object of the setting may hold, in the order of the manual.
    static readonly string[] Members = ["name", "label", "issuer", "clientId", "clientSecret", "clientSecretFile", "scopes", "userClaim", "groupsClaim", "groups", "newUsers"];

    /// <summary>What it is called in addresses: letters, digits and <c>-</c>.</summary>
    public required string Name { get; init; }

    /// <summary>What people read on the button.</summary>
    public required string Label { get; init; }

    /// <summary>The issuer, letter by letter as its tokens name it.</summary>
    public required string Issuer { get; init; }

    /// <summary>What the issuer calls this registry.</summary>
    public required string ClientId { get; init; }

    /// <summary>What the registry shows the issuer of itself; null for a client without a secret.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>What is asked for; <c>openid</c> is among it.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = ["openid", "profile"];

    /// <summary>The claim that becomes the name of a new account.</summary>
    public string UserClaim { get; init; } = "preferred_username";

    /// <summary>The claim that lists a person's groups.</summary>
    public string GroupsClaim { get; init; } = "groups";

    /// <summary>Which groups make members of which teams.</summary>
    public IReadOnlyList<GroupMap> Groups { get; init; } = [];

    /// <summary>Whether somebody who has no account here gets one.</summary>
    public bool NewUsers { get; init; }

    /// <summary>Without the secret, which a record would print.</summary>
    public override string ToString() => $"{Name} ({Issuer})";

    /// <summary>Reads one object.</summary>
    /// <exception cref="FormatException">A member is wrong or missing; the message does not quote what could be the secret.</exception>
    public static OidcConfig Parse(SettingText text)
    {
        using var document = Read(text.Text);
        var root = document.RootElement;
        var (name, issuer, clientId) = (Required(root, "name"), Required(root, "issuer"), Required(root, "clientId"));
        if (name.Length > MaxNameLength || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            throw new FormatException($"name: expected up to {MaxNameLength} lower-case letters, digits and -, since it stands in addresses");
        var scopes = List(root, "scopes");
        return new OidcConfig
        {
            Name = name,
            Label = Text(root, "label") ?? name,
            Issuer = Of("issuer", () => IssuerUrl.Check(issuer)),
            ClientId = clientId,
            ClientSecret = Secret(root, text),
            Scopes = scopes is null ? ["openid", "profile"] : ["openid", .. scopes.Where(scope => scope != "openid")],
            UserClaim = Text(root, "userClaim") ?? "preferred_username",
            GroupsClaim = Text(root, "groupsClaim") ?? "groups",
            Groups = [.. (List(root, "groups") ?? []).Select(group => Of("groups", () => GroupMap.Parse(group)))],
            NewUsers = Flag(root, "newUsers"),
        };
    }

    static JsonDocument Read(string json)
    {
        try
        {
            var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new FormatException("expected an object { … }");
            return document.RootElement.EnumerateObject().Select(member => member.Name).FirstOrDefault(member => !Members.Contains(member)) is { } unknown
                ? throw new FormatException($"has no member {OciException.Quote(unknown)}{NearestName.Hint(unknown, Members)}")
                : document;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException) // the latter for half of a surrogate pair
        {
            throw new FormatException("is not a JSON object whose members are each there once");
        }
    }

    static string? Secret(JsonElement root, SettingText text) => (Text(root, "clientSecret"), Text(root, "clientSecretFile")) switch
    {
        ({ }, { }) => throw new FormatException("clientSecretFile: clientSecret is given already: leave one of the two away"),
        (null, { } file) => Of("clientSecretFile", () => Settings.ReadSecret(text with { Text = file })) is { Length: > 0 } secret ? secret : throw new FormatException("clientSecretFile: the file is empty"),
        (var secret, _) => secret,
    };

    static string Required(JsonElement root, string member) => Text(root, member) ?? throw new FormatException($"{member} is missing");

    static string? Text(JsonElement root, string member) => root.TryGetProperty(member, out var value)
        ? value.ValueKind == JsonValueKind.String && Read(value) is { Length: > 0 } text && !text.Any(char.IsControl) ? text : throw new FormatException($"{member}: expected a string that is not empty")
        : null;

    static bool Flag(JsonElement root, string member) => root.TryGetProperty(member, out var value) && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw new FormatException($"{member}: expected true or false"),
    };

    static List<string>? List(JsonElement root, string member)
    {
        if (!root.TryGetProperty(member, out var value))
            return null;
        if (value.ValueKind != JsonValueKind.Array)
            throw new FormatException($"{member}: expected an array of strings");
        return [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String && Read(item) is { Length: > 0 } text && !text.Any(char.IsControl) ? text : throw new FormatException($"{member}: expected an array of strings"))];
    }

    static string? Read(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // half of a surrogate pair
        }
    }

    static T Of<T>(string member, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (FormatException fault)
        {
            throw new FormatException($"{member}: {fault.Message}");
        }
    }
}
