using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Federation;

/// <summary>An attempt to sign in elsewhere, as the browser keeps it until it comes back.</summary>
/// <param name="Provider">Where.</param>
/// <param name="State">Comes back with the browser, and shows that it is the one that went.</param>
/// <param name="Nonce">Comes back in the token, and shows that it was made for this attempt.</param>
/// <param name="Verifier">Shows, when the code is redeemed, who had asked for it (RFC 7636).</param>
/// <param name="Return">The path here to go to in the end.</param>
/// <param name="LinkTo">The user to link to, who is signed in already; null to sign in.</param>
/// <param name="ExpiresAt">Until when: seconds since 1970.</param>
internal sealed record LoginTicket(string Provider, string State, string Nonce, string Verifier, string Return, long? LinkTo, long ExpiresAt);

/// <summary>
/// Makes tickets, sealed so that a browser can neither read nor change one, and takes each back once, whichever server of the registry the browser comes to.
/// </summary>
internal sealed class LoginTickets(Db db, ServerSecret secret, TimeProvider clock)
{
    /// <summary>How long somebody may take to sign in there.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    const string Purpose = "login elsewhere";
    const string LinkPurpose = "link elsewhere";
    const int MaxUsed = 50_000; // rows, give or take those of a few moments
    const int TakesBetweenTrims = 64;
    const int MaxReturnLength = 1000;
    const int MaxSealedLength = 4000; // a cookie's bound

    int takes;

    public LoginTicket Create(string provider, string? returnTo, long? linkTo) => new(provider, Random(), Random(), Random(), LocalPath(returnTo), linkTo, EndsAt());

    public string Seal(LoginTicket ticket) => Base64Url.EncodeToString(secret.Seal(JsonSerializer.SerializeToUtf8Bytes(ticket), Purpose));

    /// <summary>The ticket of a browser that has come back; null when it is none, is another's, has ended, or has been here before.</summary>
    public async Task<LoginTicket?> TakeAsync(string? text, string provider, string? state, CancellationToken cancel)
    {
        if (Unseal(text, Purpose) is not { } bytes || JsonSerializer.Deserialize<LoginTicket>(bytes) is not { } ticket)
            return null;
        if (ticket.ExpiresAt <= Now() || ticket.Provider != provider || state is null || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(ticket.State), Encoding.UTF8.GetBytes(state)))
            return null;
        return await db.WriteAsync(SpaceUse.Small, session => UseAsync(session, ticket), cancel) ? ticket : null;
    }

    /// <summary>A user's own wish to be linked, to be brought back by the same user's browser: another page cannot wish it for them.</summary>
    public string SealLink(long userId) => Base64Url.EncodeToString(secret.Seal(JsonSerializer.SerializeToUtf8Bytes(new Link(userId, EndsAt())), LinkPurpose));

    /// <summary>Whether the wish is this user's.</summary>
    public bool IsLinkOf(string text, long userId) => Unseal(text, LinkPurpose) is { } bytes && JsonSerializer.Deserialize<Link>(bytes) is { } link && link.UserId == userId && link.ExpiresAt > Now();

    /// <summary>A path of this server; what leads elsewhere becomes the first page.</summary>
    public static string LocalPath(string? path) =>
        path is { Length: > 0 and <= MaxReturnLength } && path[0] == '/' && (path.Length == 1 || path[1] is not ('/' or '\\')) && path.All(c => c is > ' ' and < '\x7f' and not '\\') ? path : "/";

    byte[]? Unseal(string? text, string purpose)
    {
        if (text is not { Length: > 0 and <= MaxSealedLength })
            return null;
        try
        {
            return secret.Unseal(Base64Url.DecodeFromChars(text), purpose);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    async Task<bool> UseAsync(DbSession session, LoginTicket ticket)
    {
        if (Interlocked.Increment(ref takes) % TakesBetweenTrims == 1)
        {
            await session.ExecuteAsync(DropEndedSql, Now());
            // Should somebody have filled the table, a code is still redeemed only once where it was made.
            if (await session.FindNumberAsync(CountSql) is { } rows && rows > MaxUsed)
                await session.ExecuteAsync(DropFirstSql, rows - MaxUsed);
        }
        return await session.ExecuteAsync(UseSql, secret.Hash(ticket.State), ticket.ExpiresAt) > 0;
    }

    long Now() => clock.GetUtcNow().ToUnixTimeSeconds();

    long EndsAt() => Now() + (long)Lifetime.TotalSeconds;

    static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    static readonly Sql UseSql = new("insert into used_logins (state, expires_at) values ($1, $2) on conflict do nothing");
    static readonly Sql DropEndedSql = new("delete from used_logins where expires_at <= $1");
    static readonly Sql CountSql = new("select count(*) from used_logins");
    static readonly Sql DropFirstSql = new("delete from used_logins where state in (select state from used_logins order by expires_at limit $1)");

    sealed record Link(long UserId, long ExpiresAt);
}
