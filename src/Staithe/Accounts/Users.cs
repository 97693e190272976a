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
        return epoch.ChangeAsync(
            async session =>
            {
                var user = await FindAsync(session, name);
                await UserTable.SetPasswordAsync(session, user.Id, hash);
                await AccessTokenTable.DeleteSignedInAsync(session, user.Id);
                await AuditTable.AddAsync(session, actor, new Deed("user.password", name, name));
                return user.Id;
            },
            cancel);
    }

    /// <summary>Whether the account may sign in at all: as the operator at a shell says, who may leave the registry without an admin.</summary>
    public Task SetDisabledAsync(Actor actor, string name, bool disabled, CancellationToken cancel = default) => SetAsync(actor, name, null, disabled, keepsAdmin: false, cancel);

    /// <summary>Whether the account may manage the registry as a whole, as the operator says. It gives no right on anybody's content.</summary>
    public Task SetAdminAsync(Actor actor, string name, bool isAdmin, CancellationToken cancel = default) => SetAsync(actor, name, isAdmin, null, keepsAdmin: false, cancel);

    /// <summary>
    /// Changes what is given and leaves what is null. Unlike the operator, whoever asks over the network cannot leave the registry without an admin.
    /// </summary>
    /// <exception cref="AccountException">There is no such user, or it is the last admin.</exception>
    public Task SetAsync(Actor actor, string name, bool? isAdmin, bool? disabled, CancellationToken cancel = default) => SetAsync(actor, name, isAdmin, disabled, keepsAdmin: true, cancel);

    /// <summary>Makes an account and the space that belongs to it, inside a change.</summary>
    /// <exception cref="AccountException">The name, or one that looks like it, is or was somebody's.</exception>
    public static async Task<UserRow> AddAsync(DbSession session, Actor actor, SpaceName name, string? hash, bool isAdmin, string? detail = null)
    {
        await Spaces.CheckFreeAsync(session, name);
        var userId = await UserTable.CreateAsync(session, name, hash, isAdmin);
        await Spaces.CreateAsync(session, name, userId, Visibility.Private);
        await AuditTable.AddAsync(session, actor, new Deed("user.add", name.Value, name.Value, isAdmin ? "an admin" : detail));
        return await FindAsync(session, name.Value);
    }

    /// <exception cref="AccountException">There is none of that name.</exception>
    public static async Task<UserRow> FindAsync(DbSession session, string name) =>
        await UserTable.FindAsync(session, name) ?? throw new AccountException(AccountProblem.Unknown, $"there is no user {Oci.OciException.Quote(name)}");

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

    /// <exception cref="AccountException">It cannot be a user's name.</exception>
    public static SpaceName CheckName(string text) => SpaceName.TryParse(text, out var name)
        ? name
        : throw new AccountException(AccountProblem.Invalid, $"\"{Oci.OciException.Quote(text)}\" cannot be a user's name: {SpaceName.Rule}");

    Task<long> AddAsync(Actor actor, string text, string? password, bool isAdmin, bool mustBeFirst, CancellationToken cancel)
    {
        var name = CheckName(text);
        if (password is not null)
            CheckPassword(password);
        var hash = password is null ? null : PasswordHash.Create(password);
        return epoch.ChangeAsync(
            async session =>
            {
                if (mustBeFirst && await UserTable.AnyAsync(session))
                    throw new AccountException(AccountProblem.Taken, "there is an account already: ask its owner, or run \"staithe user add\" on the server");
                return (await AddAsync(session, actor, name, hash, isAdmin)).Id;
            },
            cancel);
    }

    Task<long> SetAsync(Actor actor, string name, bool? isAdmin, bool? disabled, bool keepsAdmin, CancellationToken cancel) => epoch.ChangeAsync(
        async session =>
        {
            var user = await FindAsync(session, name);
            if (keepsAdmin && user is { IsAdmin: true, DisabledAt: null } && (isAdmin == false || disabled == true) && !await UserTable.HasOtherAdminAsync(session, user.Id))
                throw new AccountException(AccountProblem.Taken, $"{name} is the last admin: make another user an admin first");
            if (isAdmin is { } admin && admin != user.IsAdmin)
            {
                await UserTable.SetAdminAsync(session, user.Id, admin);
                await AuditTable.AddAsync(session, actor, new Deed("user.admin", name, name, admin ? "is one" : "is none"));
            }
            if (disabled is { } off && off != user.DisabledAt is not null)
            {
                await UserTable.SetDisabledAsync(session, user.Id, off);
                await AuditTable.AddAsync(session, actor, new Deed(off ? "user.disable" : "user.enable", name, name));
            }
            return user.Id;
        },
        cancel);
}
