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

    /// <summary>A part of them.</summary>
    public static Task<ListPart<UserRow>> ListAsync(DbSession session, Identity who, ListRequest asked)
    {
        Asker.RequireAdmin(who);
        return UserTable.ListAsync(session, asked);
    }

    public static Task<UserRow> FindAsync(DbSession session, Identity who, string name)
    {
        Asker.RequireAdmin(who);
        return Users.FindAsync(session, name);
    }

    /// <summary>
    /// Makes an account; without a password for one that signs in elsewhere. A token makes accounts only if it is limited in nothing, and no
    /// admin's.
    /// </summary>
    public Task AddAsync(Identity who, Actor actor, string name, string? password, bool isAdmin, CancellationToken cancel)
    {
        Asker.RequireAdmin(who);
        if (isAdmin || !who.IsWhole)
            Asker.RequireAdminPassword(who);
        return users.AddAsync(actor, name, password, isAdmin, cancel);
    }

    /// <summary>Gives an account another password, and ends whatever was signed in with the old one.</summary>
    public Task SetPasswordAsync(Identity who, Actor actor, string name, string password, CancellationToken cancel)
    {
        Asker.RequireAdminPassword(who);
        return users.SetPasswordAsync(actor, name, password, cancel);
    }

    /// <summary>A password to tell somebody once.</summary>
    public static string NewPassword() => RandomNumberGenerator.GetString(Alphabet, PasswordLetters);

    /// <summary>Changes what is given and leaves what is null. What gives somebody more takes the password; what takes away does not.</summary>
    public Task SetAsync(Identity who, Actor actor, string name, bool? isAdmin, bool? disabled, CancellationToken cancel)
    {
        Asker.RequireAdmin(who);
        if (isAdmin == true || disabled == false)
            Asker.RequireAdminPassword(who);
        return users.SetAsync(actor, name, isAdmin, disabled, cancel);
    }

    /// <summary>Removes an account that owns nothing any more.</summary>
    public Task RemoveAsync(Identity who, Actor actor, string name, CancellationToken cancel)
    {
        Asker.RequireAdmin(who);
        return changes.RunAsync(session => Removal.RemoveUserAsync(session, actor, name, leavesAdmin: true), cancel);
    }
}
