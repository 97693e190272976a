using Staithe.Audit;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Accounts;

/// <summary>
/// Accounts of people whose password a directory keeps. An account belongs to one entry of the directory, found again by what does not
/// change in it: who gets a name that somebody else had before does not get the account.
/// </summary>
internal static class DirectoryAccounts
{
    /// <summary>The account of an entry, or null.</summary>
    public static Task<UserRow?> FindAsync(DbSession session, string source, string subject) => UserTable.FindByDirectoryAsync(session, source, subject);

    /// <summary>Whether the account belongs to an entry of a directory.</summary>
    public static async Task<bool> IsLinkedAsync(DbSession session, long userId) => await session.FindNumberAsync(IsLinkedSql, userId) is not null;

    /// <summary>
    /// Makes the account of an entry, or gives it the one of that name that was made for it: one without a password, with which
    /// nobody has ever signed in. An account that somebody came to by another way, such as an issuer elsewhere, is never the directory's.
    /// </summary>
    /// <exception cref="AccountException">The name is somebody else's, or cannot be one, or accounts are not made for whoever comes.</exception>
    public static async Task<UserRow> AddAsync(DbSession session, Actor actor, string source, string subject, string text, bool mayMake)
    {
        if (!SpaceName.TryParse(text, out var name))
            throw new AccountException(AccountProblem.Invalid, $"\"{OciException.Quote(text)}\" cannot be a user's name: {SpaceName.Rule}");
        if (await UserTable.FindAsync(session, name.Value) is { } known)
        {
            if (known.Password is not null || known.SignedInAt is not null || await IsLinkedAsync(session, known.Id))
                throw new AccountException(AccountProblem.Taken, $"the account {name} is not the one of this entry of the directory");
            await LinkAsync(session, actor, source, subject, known);
            return known;
        }
        if (!mayMake)
            throw new AccountException(AccountProblem.Forbidden, $"there is no account {name}, and none is made for whoever the directory knows");
        var user = await Users.AddAsync(session, actor, name, null, isAdmin: false);
        await LinkAsync(session, actor, source, subject, user);
        return user;
    }

    static async Task LinkAsync(DbSession session, Actor actor, string source, string subject, UserRow user)
    {
        await session.ExecuteAsync(LinkSql, source, subject, user.Id);
        await AuditTable.AddAsync(session, actor, new Deed("user.link", user.Name, user.Name, $"signs in with {source}"));
    }

    static readonly Sql LinkSql = new("insert into directory_accounts (source, subject, user_id) values ($1, $2, $3)");
    static readonly Sql IsLinkedSql = new("select user_id from directory_accounts where user_id = $1 limit 1");
}
