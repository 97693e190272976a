using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>
/// Tells whether what a bearer token says is still so, once anything has changed that it depends on (<see cref="AccessEpoch"/>): whether its
/// owner's credential still holds, and which of its rights its owner still has. So a token ends with what it was got with, and a right with
/// its grant; while nothing changes, a token asks no database.
/// </summary>
/// <param name="isLink">Whether a name stands for a share link, which is looked at with each request anyway.</param>
internal sealed class TokenCheck(Db db, AccessEpoch epoch, AccessLookup access, ServerSecret secret, Func<RepositoryName, bool> isLink)
{
    /// <summary>What a token is remembered with: to be read before anything that it says.</summary>
    public long Stamp => epoch.Stamp;

    /// <summary>What the token says now; null when its owner may not sign in with that any more. It never says more than it did.</summary>
    public async Task<BearerToken?> RenewAsync(BearerToken token, CancellationToken cancel)
    {
        var stamp = epoch.Stamp;
        try
        {
            if (token.Who.Kind != IdentityKind.Anonymous
                && (token.Who.Shown is not { } shown || !await db.ReadAsync(session => shown.HoldsAsync(session, secret), cancel)))
                return null;
            var repositories = new Dictionary<string, Decision>();
            foreach (var (text, before) in token.Repositories)
            {
                var name = RepositoryName.Parse(text);
                repositories[text] = isLink(name) ? before : (await access.DecideAsync(token.Who, name, cancel)).Only(before.Any);
            }
            return token with { Repositories = repositories, Stamp = stamp };
        }
        catch (Exception e) when (db.IsAway(e))
        {
            return token; // pulls go on while the database is away; as the stamp stays what it was, the next request asks again
        }
    }
}
