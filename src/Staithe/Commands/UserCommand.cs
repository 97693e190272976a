using System.CommandLine;
using System.Globalization;
using System.Text;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Database;

namespace Staithe.Commands;

/// <summary><c>staithe user</c>: accounts, from a shell of the server, whether it is running or not.</summary>
internal static class UserCommand
{
    const int PageSize = 1000;

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal) =>
        new Command("user", "Make, list and change the accounts of people.")
        {
            CreateAdd(terminal), CreateList(terminal), CreatePassword(terminal), CreateRemove(terminal),
            CreateChange(terminal, "disable", "Keep an account from signing in; what it holds stays as it is.", (users, name) => users.SetDisabledAsync(Actor.Shell, name, disabled: true), "may no longer sign in; its tokens end within a second"),
            CreateChange(terminal, "enable", "Let a disabled account sign in again.", (users, name) => users.SetDisabledAsync(Actor.Shell, name, disabled: false), "may sign in"),
            CreateChange(terminal, "promote", "Make an account an admin of the registry, which is no right on anybody's images.", (users, name) => users.SetAdminAsync(Actor.Shell, name, isAdmin: true), "is an admin"),
            CreateChange(terminal, "demote", "Make an admin an ordinary account again.", (users, name) => users.SetAdminAsync(Actor.Shell, name, isAdmin: false), "is no admin"),
        }.WithHelp(
            """
            Works beside a running server, which notices within a second, and without one. Finds the registry as
            "staithe serve" does: give it the same options, environment and file.
            """);

    static Command CreateAdd(Terminal terminal)
    {
        var command = new Command("add", "Make an account, and the space of the same name for its images.");
        var (name, password) = (AddName(command), AddPassword(command));
        var admin = new Option<bool>("--admin") { Arity = ArgumentArity.Zero, Description = "Make it an admin: it may manage the accounts, but see nobody's private images." };
        command.Options.Add(admin);
        var options = ConfigOptions.AddTo(command, [Settings.Data, Settings.Database]);
        command.SetAction((parsed, _) => RunAsync(terminal, options.Read(parsed), async (db, users) =>
        {
            var wanted = parsed.GetRequiredValue(name);
            await users.AddAsync(Actor.Shell, wanted, ReadPassword(terminal, parsed.GetValue(password), wanted), parsed.GetValue(admin));
            return $"{wanted} may sign in and push to {wanted}/…";
        }));
        return command.WithHelp(
            """
            Examples:
              staithe user add alice --admin
                  Asks for the password.
              printf %s "$PASSWORD" | staithe user add alice --password-stdin --data /srv/registry
            """);
    }

    static Command CreateList(Terminal terminal)
    {
        var command = new Command("list", "List the accounts.");
        var options = ConfigOptions.AddTo(command, [Settings.Data, Settings.Database]);
        command.SetAction((parsed, cancel) => RunAsync(terminal, options.Read(parsed), async (db, users) =>
        {
            var isEmpty = true;
            for (string? after = ""; after is not null;)
            {
                var asked = new ListRequest(After: after, Limit: PageSize);
                var part = await db.ReadAsync(session => UserTable.ListAsync(session, asked), cancel);
                foreach (var user in part.Items)
                    await terminal.Output.WriteLineAsync($"{user.Name,-24} {(user.DisabledAt is not null ? "disabled" : user.IsAdmin ? "admin" : "user"),-9} made {Day(user.CreatedAt)}{(user.SignedInAt is { } at ? $", signed in {Day(at)}" : "")}");
                isEmpty &= part.Items.Count == 0;
                after = part.Next;
            }
            return isEmpty ? "no accounts" : null;
        }));
        return command.WithHelp("The password of an account is not kept, only a hash of it; so it cannot be shown.");
    }

    static Command CreatePassword(Terminal terminal)
    {
        var command = new Command("password", "Give an account another password. What signed in with the old one has to sign in again.");
        var (name, password) = (AddName(command), AddPassword(command));
        var options = ConfigOptions.AddTo(command, [Settings.Data, Settings.Database]);
        command.SetAction((parsed, _) => RunAsync(terminal, options.Read(parsed), async (db, users) =>
        {
            var wanted = parsed.GetRequiredValue(name);
            await users.SetPasswordAsync(Actor.Shell, wanted, ReadPassword(terminal, parsed.GetValue(password), wanted));
            return $"{wanted} has another password";
        }));
        return command.WithHelp("Tokens that the user made for programs stay as they are.");
    }

    static Command CreateRemove(Terminal terminal)
    {
        var command = new Command("remove", "Remove an account that owns no images any more: its tokens and rights end, its name stays taken.");
        var name = AddName(command);
        var options = ConfigOptions.AddTo(command, [Settings.Data, Settings.Database]);
        command.SetAction((parsed, cancel) => RunAsync(terminal, options.Read(parsed), async (db, _) =>
        {
            var wanted = parsed.GetRequiredValue(name);
            var epoch = new AccessEpoch(db);
            await epoch.ChangeAsync(session => Removal.RemoveUserAsync(session, Actor.Shell, wanted, leavesAdmin: false), cancel);
            return $"{wanted} is removed; its tokens end within a second";
        }));
        return command.WithHelp("\"staithe user disable\" keeps somebody from signing in and leaves everything as it is.");
    }

    static Command CreateChange(Terminal terminal, string verb, string description, Func<Users, string, Task> change, string outcome)
    {
        var command = new Command(verb, description);
        var name = AddName(command);
        var options = ConfigOptions.AddTo(command, [Settings.Data, Settings.Database]);
        command.SetAction((parsed, _) => RunAsync(terminal, options.Read(parsed), async (db, users) =>
        {
            await change(users, parsed.GetRequiredValue(name));
            return $"{parsed.GetRequiredValue(name)} {outcome}";
        }));
        return command.WithHelp("\"staithe user list\" shows the accounts.");
    }

    // Work tells what it has done; where, is told here, since a registry that was not meant looks like any other.
    static async Task<int> RunAsync(Terminal terminal, ConfigFlags flags, Func<Db, Users, Task<string?>> work)
    {
        var config = ConfigLoader.Load(flags, terminal.Environment).Config;
        await using var opened = await StaitheApp.OpenBesideAsync(config);
        try
        {
            if (await work(opened.Db, new Users(new AccessEpoch(opened.Db))) is { } outcome)
                await terminal.Output.WriteLineAsync($"{outcome} (in the registry of {SameRegistry.Name(config)})");
            return ExitCode.Done;
        }
        catch (AccountException refused)
        {
            await terminal.Error.WriteLineAsync($"staithe: {refused.Message} (in the registry of {SameRegistry.Name(config)})");
            return ExitCode.Refused;
        }
    }

    static Argument<string> AddName(Command command)
    {
        var name = new Argument<string>("NAME") { Description = "The account." };
        command.Arguments.Add(name);
        return name;
    }

    static Option<bool> AddPassword(Command command)
    {
        var password = new Option<bool>("--password-stdin") { Arity = ArgumentArity.Zero, Description = "Read the password from the first line of standard input, instead of asking for it." };
        command.Options.Add(password);
        return password;
    }

    // Never an argument: others on the machine can see those.
    static string ReadPassword(Terminal terminal, bool fromInput, string name)
    {
        if (fromInput)
            return terminal.Input.ReadLine() ?? throw new AccountException(AccountProblem.Invalid, "standard input is empty: send the password to it");
        if (Console.IsInputRedirected)
            throw new AccountException(AccountProblem.Invalid, "there is no terminal to ask for the password on: add --password-stdin and send it to standard input");
        var first = Ask(terminal, $"Password for {name}: ");
        return first == Ask(terminal, "The same again: ") ? first : throw new AccountException(AccountProblem.Invalid, "the two are not the same: nothing was changed");
    }

    static string Ask(Terminal terminal, string question)
    {
        terminal.Error.Write(question);
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                typed.Append(key.KeyChar);
        }
        terminal.Error.WriteLine();
        return typed.ToString();
    }

    static string Day(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
