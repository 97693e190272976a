using Staithe.Access;
using Staithe.Accounts;

namespace Staithe.Api;

/// <summary>What admins do with accounts.</summary>
internal sealed class UserHandlers(Users users, ContentChanges changes)
{
    public static async Task<Page<User>> ListAsync(ApiCall call)
    {
        call.RequireAdmin();
        return await call.PageAsync((session, limit) => UserTable.ListAsync(session, call.After, limit), User.Of, row => row.Name);
    }

    public async Task<User> AddAsync(ApiCall call, NewUser order)
    {
        call.RequireAdmin();
        await users.AddAsync(call.Actor, order.Name, order.Password, order.Admin, call.Cancel);
        call.Created($"/users/{order.Name}");
        return await FindAsync(call, order.Name);
    }

    public static async Task<User> GetAsync(ApiCall call)
    {
        call.RequireAdmin();
        return await FindAsync(call, call.Path["user"]);
    }

    public async Task<User> ChangeAsync(ApiCall call, UserChange change)
    {
        call.RequireAdmin();
        if (change.Admin is null && change.Disabled is null)
            throw ApiCall.Invalid("nothing is to be changed: give admin, disabled or both");
        await users.SetAsync(call.Actor, call.Path["user"], change.Admin, change.Disabled, call.Cancel);
        return await FindAsync(call, call.Path["user"]);
    }

    public async Task SetPasswordAsync(ApiCall call, NewPassword password)
    {
        call.RequireAdmin();
        await users.SetPasswordAsync(call.Actor, call.Path["user"], password.Password, call.Cancel);
    }

    public Task DeleteAsync(ApiCall call)
    {
        call.RequireAdmin();
        return changes.RunAsync(session => Removal.RemoveUserAsync(session, call.Actor, call.Path["user"], leavesAdmin: true), call.Cancel);
    }

    static async Task<User> FindAsync(ApiCall call, string name) => User.Of(await call.ReadAsync(session => Users.FindAsync(session, name)));
}
