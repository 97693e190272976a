using System.Text;
using Staithe.Audit;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>What is done with accounts of people: each a transaction, with its line in the audit.</summary>
internal sealed class Users(AccessEpoch epoch)
{
    /// <summary>Makes an account and the space that belongs to it.</summary>
    /// <exception cref="AccountException">The name or the password cannot be had.</exception>
    public Task<long> AddAsync(Actor actor, string name, string? password, bool isAdmin, CancellationToken cancel = default) =>
        AddAsync(actor, name, password, isAdmin, mustBeFirst: false, cancel);

    /// <summary>Makes the first account of all, an admin's.</summary>
    /// <exception cref="AccountException">There is an account already, or as for <see cref="AddAsync(Actor, string, string, bool, CancellationToken)"/>.</exception>
    public Task<long> AddFirstAsync(Actor actor, string name, string password, CancellationToken cancel = default) =>
        AddAsync(actor, name, password, isAdmin: true, mustBeFirst: true, cancel);

    /// <summary>Whether there is any account yet.</summary>
    public Task<bool> AnyAsync(CancellationToken cancel = default) => epoch.ReadAsync(UserTable.AnyAsync, cancel);

    /// <summary>Sets a password and ends whatever was signed in with the old one.</summary>
    public Task SetPasswordAsync(Actor actor, string name, string password, CancellationToken cancel = default)
    {
        CheckPassword(password);
        var hash = PasswordHash.Create(password);
        return ChangeAsync(actor, name, "user.password", null, async (session, user) =>
        {
            await UserTable.SetPasswordAsync(session, user.Id, hash);
            await AccessTokenTable.DeleteRefreshAsync(session, user.Id);
        }, cancel);
    }

    /// <summary>Whether the account may sign in at all.</summary>
    public Task SetDisabledAsync(Actor actor, string name, bool disabled, CancellationToken cancel = default) =>
        ChangeAsync(actor, name, disabled ? "user.disable" : "user.enable", null, (session, user) => UserTable.SetDisabledAsync(session, user.Id, disabled), cancel);

    /// <summary>Whether the account may manage the registry as a whole. It gives no right on anybody's content.</summary>
    public Task SetAdminAsync(Actor actor, string name, bool isAdmin, CancellationToken cancel = default) =>
        ChangeAsync(actor, name, "user.admin", isAdmin ? "is one" : "is none", (session, user) => UserTable.SetAdminAsync(session, user.Id, isAdmin), cancel);

    /// <exception cref="AccountException">It is too short or too long.</exception>
    public static void CheckPassword(string password)
    {
        if (password.Length < PasswordHash.MinLength || password.Length > PasswordHash.MaxLength)
            throw new AccountException(AccountProblem.Invalid, $"a password has {PasswordHash.MinLength} to {PasswordHash.MaxLength} characters; this one has {password.Length}");
        if (password.Any(char.IsControl))
            throw new AccountException(AccountProblem.Invalid, "a password has no control characters");
        if (password.EnumerateRunes().Any(rune => rune == Rune.ReplacementChar))
            throw new AccountException(AccountProblem.Invalid, "the password is not text in UTF-8");
    }

    Task<long> AddAsync(Actor actor, string text, string? password, bool isAdmin, bool mustBeFirst, CancellationToken cancel)
    {
        if (!SpaceName.TryParse(text, out var name))
            throw new AccountException(AccountProblem.Invalid, $"\"{Oci.OciException.Quote(text)}\" cannot be a user's name: {SpaceName.Rule}");
        if (password is not null)
            CheckPassword(password);
        var hash = password is null ? null : PasswordHash.Create(password);
        return epoch.ChangeAsync(
            async session =>
            {
                if (mustBeFirst && await UserTable.AnyAsync(session))
                    throw new AccountException(AccountProblem.Taken, "there is an account already: ask its owner, or run \"staithe user add\" on the server");
                if (await SpaceTable.FindTakenAsync(session, name) is { } taken)
                    throw new AccountException(AccountProblem.Taken, taken == name.Value ? $"the name {name} is taken" : $"the name {name} looks too much like {taken}, which is taken");
                var userId = await UserTable.CreateAsync(session, name, hash, isAdmin);
                if (await SpaceTable.CreateAsync(session, name, userId, Visibility.Private) is null)
                    throw new AccountException(AccountProblem.Taken, $"the name {name} is taken");
                await AuditTable.AddAsync(session, actor, new Deed("user.add", name.Value, name.Value, isAdmin ? "an admin" : null));
                return userId;
            },
            cancel);
    }

    Task<long> ChangeAsync(Actor actor, string name, string action, string? detail, Func<DbSession, UserRow, Task> change, CancellationToken cancel) => epoch.ChangeAsync(
        async session =>
        {
            var user = await UserTable.FindAsync(session, name) ?? throw new AccountException(AccountProblem.Unknown, $"there is no user {Oci.OciException.Quote(name)}");
            await change(session, user);
            await AuditTable.AddAsync(session, actor, new Deed(action, name, name, detail));
            return user.Id;
        },
        cancel);
}
