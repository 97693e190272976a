using Staithe.Managing;

namespace Staithe.Api;

/// <summary>What admins do with accounts.</summary>
internal sealed class UserHandlers(People people)
{
    public static Task<Page<User>> ListAsync(ApiCall call) => call.ListAsync((session, asked) => People.ListAsync(session, call.Who, asked), User.Of);

    public async Task<User> AddAsync(ApiCall call, NewUser order)
    {
        await people.AddAsync(call.Who, call.Actor, order.Name, order.Password, order.Admin, call.Cancel);
        call.Created($"/users/{order.Name}");
        return await FindAsync(call, order.Name);
    }

    public static Task<User> GetAsync(ApiCall call) => FindAsync(call, call.Path["user"]);

    public async Task<User> ChangeAsync(ApiCall call, UserChange change)
    {
        if (change.Admin is null && change.Disabled is null)
            throw ApiCall.Invalid("nothing is to be changed: give admin, disabled or both");
        await people.SetAsync(call.Who, call.Actor, call.Path["user"], change.Admin, change.Disabled, call.Cancel);
        return await FindAsync(call, call.Path["user"]);
    }

    public Task SetPasswordAsync(ApiCall call, NewPassword password) =>
        people.SetPasswordAsync(call.Who, call.Actor, call.Path["user"], password.Password, call.Cancel);

    public Task DeleteAsync(ApiCall call) => people.RemoveAsync(call.Who, call.Actor, call.Path["user"], call.Cancel);

    static async Task<User> FindAsync(ApiCall call, string name) => User.Of(await call.ReadAsync(session => People.FindAsync(session, call.Who, name)));
}
