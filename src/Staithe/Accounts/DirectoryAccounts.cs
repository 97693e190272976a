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
    /// nobody has ever signed in. An account that somebody came to by another way, such as an issuer elsewhere, is never the
    /// directory's.
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="actor">Whose sign-in it is.</param>
    /// <param name="source">The directory.</param>
    /// <param name="subject">The entry.</param>
    /// <param name="called">What the directory calls its owner, and what the account is called by that.</param>
    /// <param name="mayMake">Whether an account may be made.</param>
    /// <exception cref="AccountException">The name is somebody else's, or cannot be one, or accounts are not made for whoever
    /// comes; as its owner may read it.</exception>
    public static async Task<UserRow> AddAsync(
        DbSession session,
        Actor actor,
        string source,
        string subject,
        (string There, string Here) called,
        bool mayMake)
    {
        if (!SpaceName.TryParse(called.Here, out var name))
            throw Refused(AccountProblem.Invalid, called.There, $"which cannot be a name here ({SpaceName.Rule})");
        if (await UserTable.FindAsync(session, name.Value) is { } known)
        {
            if (known.Password is not null || known.SignedInAt is not null || await IsLinkedAsync(session, known.Id))
                throw Refused(AccountProblem.Taken, called.There, $"and the account {name} is not the one of this entry of the directory");
            await LinkAsync(session, actor, source, subject, known);
            return known;
        }
        if (!mayMake)
        {
            var why = $"and there is no account {name} here, nor is one made for everybody whom the directory knows";
            throw Refused(AccountProblem.Forbidden, called.There, why);
        }
        UserRow user;
        try
        {
            user = await Users.AddAsync(session, actor, name, null, isAdmin: false);
        }
        catch (AccountException refused)
        {
            throw Refused(refused.Problem, called.There, $"and {refused.Message.Split(':')[0]}");
        }
        await LinkAsync(session, actor, source, subject, user);
        return user;
    }

    static AccountException Refused(AccountProblem problem, string there, string why) =>
        new(problem, $"your password is right, but the directory calls you \"{OciException.Quote(there)}\", {why}: "
            + "ask an admin of this registry for an account");

    static async Task LinkAsync(DbSession session, Actor actor, string source, string subject, UserRow user)
    {
        await session.ExecuteAsync(LinkSql, source, subject, user.Id);
        await AuditTable.AddAsync(session, actor, new Deed("user.link", user.Name, user.Name, $"signs in with {source}"));
    }

    static readonly Sql LinkSql = new("insert into directory_accounts (source, subject, user_id) values ($1, $2, $3)");
    static readonly Sql IsLinkedSql = new("select user_id from directory_accounts where user_id = $1 limit 1");
}
