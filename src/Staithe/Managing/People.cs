using System.Security.Cryptography;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;

namespace Staithe.Managing;

/// <summary>What admins of the registry do with accounts.</summary>
internal sealed class People(Users users, ContentChanges changes)
{
    const string Alphabet = "abcdefghijkmnpqrstuvwxyz23456789"; // what is read aloud and typed once
    const int PasswordLetters = 20;

    /// <summary>A page of those in whose name a text is, in the order of their names.</summary>
    public static Task<List<UserRow>> ListAsync(DbSession session, Identity who, string text, string after, int limit)
    {
        Asker.RequireAdmin(who);
        return UserTable.ListLikeAsync(session, text, after, limit);
    }

    public static Task<UserRow> FindAsync(DbSession session, Identity who, string name)
    {
        Asker.RequireAdmin(who);
        return Users.FindAsync(session, name);
    }

    /// <summary>Makes an account; its password, which is told this once, or null for one that signs in elsewhere.</summary>
    public async Task<string?> AddAsync(Identity who, Actor actor, string name, bool withPassword, bool isAdmin, CancellationToken cancel)
    {
        Asker.RequireAdmin(who);
        var password = withPassword ? NewPassword() : null;
        await users.AddAsync(actor, name, password, isAdmin, cancel);
        return password;
    }

    /// <summary>Gives an account another password, which is told this once, and ends whatever was signed in with the old one.</summary>
    public async Task<string> ResetAsync(Identity who, Actor actor, string name, CancellationToken cancel)
    {
        Asker.RequireAdmin(who);
        var password = NewPassword();
        await users.SetPasswordAsync(actor, name, password, cancel);
        return password;
    }

    /// <summary>Changes what is given and leaves what is null.</summary>
    public Task SetAsync(Identity who, Actor actor, string name, bool? isAdmin, bool? disabled, CancellationToken cancel)
    {
        Asker.RequireAdmin(who);
        return users.SetAsync(actor, name, isAdmin, disabled, cancel);
    }

    /// <summary>Removes an account that owns nothing any more.</summary>
    public Task RemoveAsync(Identity who, Actor actor, string name, CancellationToken cancel)
    {
        Asker.RequireAdmin(who);
        return changes.RunAsync(session => Removal.RemoveUserAsync(session, actor, name, leavesAdmin: true), cancel);
    }

    static string NewPassword() => RandomNumberGenerator.GetString(Alphabet, PasswordLetters);
}
