using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>What a token says: who asked for it, and what was decided then.</summary>
/// <param name="Service">The registry that it is for, as its clients call it.</param>
/// <param name="ExpiresAt">Seconds since 1970.</param>
/// <param name="Repositories">A decision for each repository that was asked for, also where it is no.</param>
internal sealed record BearerToken(Identity Who, string Service, long ExpiresAt, IReadOnlyDictionary<string, Decision> Repositories)
{
    /// <summary>Up to which change of accounts and rights it is known to be still so (<see cref="TokenCheck.Stamp"/>); 0 for none.</summary>
    public long Stamp { get; init; }

    /// <summary>The decision on a repository; null when the token was not asked for it.</summary>
    public Decision? Find(RepositoryName name) => Repositories.GetValueOrDefault(name.Value);
}

/// <summary>
/// Makes and reads the tokens of the Docker Registry token specification: JWTs (RFC 7519) that carry the decision, so that a pull asks no
/// database while nothing changes (<see cref="TokenCheck"/>). One algorithm, ES256, and no header can choose another.
/// </summary>
internal sealed class BearerTokens(TokenKeys keys, TokenCheck check, TimeProvider clock)
{
    /// <summary>The longest that a token lasts.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <summary>What stands before a token in its header.</summary>
    public const string Scheme = "Bearer ";

    /// <summary>The longest token that is looked at.</summary>
    public const int MaxLength = 16 * 1024;

    const int ClockSkewSeconds = 30;
    const long CacheBytes = 8 * 1024 * 1024;

    const int Seen = 1024;

    readonly BoundedCache<BearerToken> verified = new(CacheBytes);
    readonly SeenHeader?[] seen = new SeenHeader?[Seen];

    /// <summary>What <see cref="IssueAsync"/> is to be told: read before anybody was asked who they are.</summary>
    public long Stamp => check.Stamp;

    /// <summary>
    /// Makes one that ends no later than what the asker has shown, and than the first of the rights in it. It may come out longer than
    /// <see cref="MaxLength"/>, and then is of no use.
    /// </summary>
    /// <param name="who">The asker.</param>
    /// <param name="service">The registry, as its clients call it.</param>
    /// <param name="repositories">What was decided.</param>
    /// <param name="stamp">The <see cref="Stamp"/> from before.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<(string Text, DateTimeOffset IssuedAt, int Seconds)> IssueAsync(
        Identity who,
        string service,
        IReadOnlyDictionary<string, Decision> repositories,
        long stamp,
        CancellationToken cancel)
    {
        var key = await keys.FindNewestAsync(cancel);
        var now = DateTimeOffset.FromUnixTimeSeconds(clock.GetUtcNow().ToUnixTimeSeconds());
        var (issuedAt, usual) = (now.ToUnixTimeSeconds(), now.Add(Lifetime).ToUnixTimeSeconds());
        // A token is taken until a little after its end, so the end has to be as much before that of what it was got with.
        var end = repositories.Values.Aggregate(who.EndsAt, (first, decision) => Decision.Earlier(first, decision.FirstEnd)) / 1000;
        var expiresAt = Math.Min(usual, end - ClockSkewSeconds ?? usual);
        var text = $"{Header(key.Id)}.{Base64Url.EncodeToString(Payload(who, service, issuedAt, expiresAt, repositories).Span)}";
        text = $"{text}.{Base64Url.EncodeToString(key.Sign(Encoding.ASCII.GetBytes(text)))}";
        var token = new BearerToken(who with { IsAdmin = false }, service, expiresAt, repositories) { Stamp = stamp };
        verified.TryAdd(text, token, Weight(text), verified.Version(text));
        return (text, now, (int)Math.Max(1, Math.Min(usual, end ?? usual) - issuedAt));
    }

    /// <summary>The token of an <c>Authorization</c> header, if it was read before and what it says is known to be still so.</summary>
    public BearerToken? FindVerified(string header)
    {
        // On a connection that stays open the server hands out the same object for the same header, which spares hashing its hundreds of letters.
        ref var slot = ref seen[RuntimeHelpers.GetHashCode(header) % Seen];
        if (Volatile.Read(ref slot) is { } same && ReferenceEquals(same.Header, header) && same.Token.Stamp == check.Stamp)
            return HasEnded(same.Token) ? null : same.Token;
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || verified.Find(header[Scheme.Length..].Trim()) is not { } found || found.Stamp != check.Stamp || HasEnded(found))
            return null;
        Volatile.Write(ref slot, new SeenHeader(header, found));
        return found;
    }

    /// <summary>Reads a token; null when it is not one of ours, has ended, or its owner may not sign in any more with what it was got with.</summary>
    public async Task<BearerToken?> ReadAsync(string text, CancellationToken cancel)
    {
        if (text.Length > MaxLength || (verified.Find(text) ?? await VerifyAsync(text, cancel)) is not { } known || HasEnded(known))
            return null;
        if (known.Stamp == check.Stamp)
            return known;
        var current = await check.RenewAsync(known, cancel);
        verified.Remove(text);
        if (current is not null)
            verified.TryAdd(text, current, Weight(text), verified.Version(text));
        return current;
    }

    // What it says, as it was when it was made.
    async Task<BearerToken?> VerifyAsync(string text, CancellationToken cancel)
    {
        var parts = text.Split('.');
        if (parts.Length != 3 || ReadKeyId(parts[0]) is not { } keyId || await keys.FindAsync(keyId, cancel) is not { } key)
            return null;
        if (Decode(parts[2]) is not { } signature || !key.Verify(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), signature))
            return null;
        // Ours from here on: what is wrong with it now is a bug.
        return ReadPayload(Decode(parts[1])!);
    }

    static long Weight(string text) => (2 * text.Length) + 512;

    bool HasEnded(BearerToken token) => clock.GetUtcNow().ToUnixTimeSeconds() > token.ExpiresAt + ClockSkewSeconds;

    sealed record SeenHeader(string Header, BearerToken Token);

    static string Header(string keyId) => Base64Url.EncodeToString(Encoding.ASCII.GetBytes($$"""{"alg":"ES256","typ":"JWT","kid":"{{keyId}}"}"""));

    // The header is compared with the only one that we write, not read: it cannot ask for anything.
    static string? ReadKeyId(string header)
    {
        const int idLength = 16;
        if (Decode(header) is not { } bytes)
            return null;
        var text = Encoding.ASCII.GetString(bytes);
        var at = text.IndexOf("\"kid\":\"", StringComparison.Ordinal) + 7;
        var id = at > 6 && text.Length >= at + idLength ? text.Substring(at, idLength) : "";
        return id.Length > 0 && Header(id) == header ? id : null;
    }

    static byte[]? Decode(string part)
    {
        try
        {
            return Base64Url.DecodeFromChars(part);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    static ReadOnlyMemory<byte> Payload(Identity who, string service, long issuedAt, long expiresAt, IReadOnlyDictionary<string, Decision> repositories)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("iss", service);
            json.WriteString("aud", service);
            json.WriteString("sub", who.Name);
            json.WriteNumber("iat", issuedAt);
            json.WriteNumber("nbf", issuedAt);
            json.WriteNumber("exp", expiresAt);
            json.WriteNumber("kind", (int)who.Kind);
            json.WriteNumber("id", who.Id);
            if (who.EndsAt is { } end)
                json.WriteNumber("end", end);
            if (who.Shown is { } shown)
            {
                json.WriteStartObject("shown");
                json.WriteNumber("kind", (int)shown.Kind);
                json.WriteNumber("id", shown.Id);
                json.WriteString("mark", shown.Mark);
                json.WriteEndObject();
            }
            if (who.Limit is { } limit)
            {
                json.WriteStartObject("limit");
                json.WriteNumber("token", limit.TokenId);
                json.WriteNumber("rights", (int)limit.Rights);
                if (limit.Target is not null)
                    json.WriteString("target", limit.Target);
                json.WriteEndObject();
            }
            json.WriteStartArray("access");
            foreach (var (name, decision) in repositories)
            {
                json.WriteStartObject();
                json.WriteString("type", TokenScope.Repository);
                json.WriteString("name", name);
                json.WriteStartArray("actions");
                foreach (var action in RepositoryActions.Of(decision))
                    json.WriteStringValue(action);
                json.WriteEndArray();
                json.WriteNumber("rights", (int)decision.Always);
                if (decision.OnTags.Count > 0)
                {
                    json.WriteStartArray("tags");
                    foreach (var some in decision.OnTags)
                    {
                        json.WriteStartObject();
                        json.WriteString("match", some.Tags.Text);
                        json.WriteNumber("rights", (int)some.Rights);
                        json.WriteEndObject();
                    }
                    json.WriteEndArray();
                }
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    static BearerToken ReadPayload(byte[] payload)
    {
        using var document = JsonDocument.Parse(payload);
        var root = document.RootElement;
        Limit? limit = root.TryGetProperty("limit", out var limited)
            ? new Limit(limited.GetProperty("token").GetInt64(), (Rights)limited.GetProperty("rights").GetInt32(), limited.TryGetProperty("target", out var target) ? target.GetString() : null)
            : null;
        // Admin is not in it: who manages the registry signs in for that.
        var who = new Identity((IdentityKind)root.GetProperty("kind").GetInt32(), root.GetProperty("id").GetInt64(), root.GetProperty("sub").GetString()!, IsAdmin: false, limit)
        {
            EndsAt = root.TryGetProperty("end", out var end) ? end.GetInt64() : null,
            Shown = root.TryGetProperty("shown", out var shown)
                ? new Credential((CredentialKind)shown.GetProperty("kind").GetInt32(), shown.GetProperty("id").GetInt64(), shown.GetProperty("mark").GetString()!)
                : null,
        };
        var repositories = root.GetProperty("access").EnumerateArray().ToDictionary(entry => entry.GetProperty("name").GetString()!, ReadDecision);
        return new BearerToken(who, root.GetProperty("aud").GetString()!, root.GetProperty("exp").GetInt64(), repositories);
    }

    static Decision ReadDecision(JsonElement entry) => new(
        (Rights)entry.GetProperty("rights").GetInt32(),
        entry.TryGetProperty("tags", out var tags)
            ? [.. tags.EnumerateArray().Select(some => new TagRights(TagPattern.Read(some.GetProperty("match").GetString())!, (Rights)some.GetProperty("rights").GetInt32()))]
            : []);
}

/// <summary>The actions of token scopes, which are coarser than our rights.</summary>
internal static class RepositoryActions
{
    /// <summary>The rights that a scope's actions ask for; <c>*</c> asks for all. Who asks to push asks for everything that a push may need.</summary>
    public static Rights Asked(IEnumerable<string> actions) => actions.Aggregate(Rights.None, (rights, action) => rights | action switch
    {
        "pull" => Rights.Pull,
        "push" => Rights.Push | Rights.Move,
        "delete" => Rights.Delete,
        "*" => Rights.Admin,
        _ => Rights.None,
    });

    /// <summary>What was granted, in the words of scopes.</summary>
    public static IEnumerable<string> Of(Decision decision)
    {
        if (decision.May(Rights.Pull))
            yield return "pull";
        if (decision.May(Rights.Push))
            yield return "push";
        if (decision.May(Rights.Delete))
            yield return "delete";
    }
}
