using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Tests.Access;

/// <summary>Somebody, or anybody, who can hold a right in the model.</summary>
/// <param name="Kind">user, robot, invited (whoever has the link), link (whoever has the share link), users (every one) or everybody.</param>
internal sealed record Holder(string Kind, long Id = 0);

/// <summary>A right on a repository, perhaps for some tags only. A repository that may yet be made goes by its name.</summary>
internal sealed record Held(Holder Holder, string Repository, Rights Right, string? Tags);

/// <summary>
/// Who holds which right on what until when, by the rows alone and by rules of its own: what <c>AccessPolicy</c> decides is not asked. It knows the
/// repositories that there are and some that may yet be made, so that what is given for later counts too.
/// </summary>
internal sealed class RightsModel
{
    static readonly Rights[] All = [Rights.Pull, Rights.Push, Rights.Move, Rights.Delete, Rights.Manage];

    readonly Dictionary<Held, long> held = [];

    /// <summary>Until when something is held, in milliseconds since 1970; <see cref="long.MaxValue"/> for ever, 0 for not at all.</summary>
    public long Until(Held right) => Math.Max(held.GetValueOrDefault(right), held.GetValueOrDefault(right with { Tags = null }));

    public IEnumerable<KeyValuePair<Held, long>> Entries => held;

    /// <summary>Reads the rows.</summary>
    /// <param name="session">The database.</param>
    /// <param name="unmade">Names below a space, as <c>/part/name</c>, of repositories that may yet be made in each.</param>
    public static async Task<RightsModel> ReadAsync(DbSession session, IReadOnlyList<string> unmade)
    {
        var model = new RightsModel();
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var spaces = await session.ListAsync(SpacesSql, row => (Id: row.GetInt64(0), Name: row.GetString(1), Owner: row.IsDBNull(2) ? 0 : row.GetInt64(2), Shows: row.GetString(3)));
        var made = await session.ListAsync(RepositoriesSql, row => (Key: $"#{row.GetInt64(0)}", Name: row.GetString(1), Shows: row.GetString(2)));
        var members = await session.ListAsync(MembersSql, row => (Team: row.GetInt64(0), User: row.GetInt64(1)));
        var robots = await session.ListAsync(RobotsSql, row => (Id: row.GetInt64(0), End: row.IsDBNull(1) ? long.MaxValue : row.GetInt64(1)));
        var grants = await session.ListAsync(GrantsSql, row => (
            Space: row.GetInt64(0),
            Target: row.GetString(1),
            User: row.IsDBNull(2) ? 0 : row.GetInt64(2),
            Team: row.IsDBNull(3) ? 0 : row.GetInt64(3),
            Robot: row.IsDBNull(4) ? 0 : row.GetInt64(4),
            Rights: (Rights)row.GetInt64(5),
            Tags: row.IsDBNull(6) ? null : row.GetString(6),
            End: row.IsDBNull(7) ? long.MaxValue : row.GetInt64(7)));
        var invitations = await session.ListAsync(InvitationsSql, row => (
            Id: row.GetInt64(0),
            Target: row.GetString(1),
            Team: row.IsDBNull(2) ? 0 : row.GetInt64(2),
            Rights: (Rights)row.GetInt64(3),
            Tags: row.IsDBNull(4) ? null : row.GetString(4),
            End: row.IsDBNull(5) ? long.MaxValue : row.GetInt64(5),
            Space: row.GetInt64(6)));
        var links = await session.ListAsync(LinksSql, row => (Id: row.GetInt64(0), Repository: $"#{row.GetInt64(1)}", End: row.GetInt64(2)));

        foreach (var space in spaces)
        {
            var here = made.Where(repository => IsBelow($"{space.Name}/", repository.Name)).ToList();
            here.AddRange(unmade.Select(path => ($"{space.Id}{path}", space.Name + path, space.Shows)));
            foreach (var (key, name, shows) in here)
            {
                if (shows == "public")
                    model.Add(new Holder("everybody"), key, Rights.Pull, null, long.MaxValue);
                if (shows is "public" or "internal")
                    model.Add(new Holder("users"), key, Rights.Pull, null, long.MaxValue);
                if (space.Owner != 0)
                    model.Add(new Holder("user", space.Owner), key, Rights.Admin, null, long.MaxValue);
                foreach (var grant in grants.Where(grant => grant.Space == space.Id && grant.End > now && Reaches(grant.Target, name)))
                {
                    if (grant.User != 0)
                        model.Add(new Holder("user", grant.User), key, grant.Rights, grant.Tags, grant.End);
                    foreach (var member in members.Where(member => member.Team == grant.Team))
                        model.Add(new Holder("user", member.User), key, grant.Rights, grant.Tags, grant.End);
                    foreach (var robot in robots.Where(robot => robot.Id == grant.Robot && robot.End > now))
                        model.Add(new Holder("robot", robot.Id), key, grant.Rights, grant.Tags, Math.Min(grant.End, robot.End));
                    foreach (var invitation in invitations.Where(invitation => invitation.Team != 0 && invitation.Team == grant.Team))
                        model.Add(new Holder("invited", invitation.Id), key, grant.Rights, grant.Tags, grant.End);
                }
                foreach (var invitation in invitations.Where(invitation => invitation.Space == space.Id && invitation.Team == 0 && Reaches(space.Name + invitation.Target, name)))
                    model.Add(new Holder("invited", invitation.Id), key, invitation.Rights, invitation.Tags, invitation.End);
                foreach (var link in links.Where(link => link.Repository == key && link.End > now))
                    model.Add(new Holder("link", link.Id), key, Rights.Pull, null, link.End);
            }
        }
        return model;
    }

    void Add(Holder holder, string repository, Rights rights, string? tags, long end)
    {
        foreach (var right in All.Where(right => rights.HasFlag(right)))
        {
            var key = new Held(holder, repository, right, right is Rights.Pull or Rights.Manage ? null : tags);
            held[key] = Math.Max(held.GetValueOrDefault(key), end);
        }
    }

    /// <summary>Whether a target of a grant reaches a repository.</summary>
    public static bool Reaches(string target, string name) => target == name || (target.EndsWith('/') && IsBelow(target, $"{name}/"));

    static bool IsBelow(string prefix, string name) => name.StartsWith(prefix, StringComparison.Ordinal);

    static readonly Sql SpacesSql = new("select id, name, owner_id, visibility from spaces where removed_at is null");
    static readonly Sql RepositoriesSql = new("select id, name, visibility from repositories");
    static readonly Sql MembersSql = new("select team_id, user_id from team_members");
    static readonly Sql RobotsSql = new("select id, expires_at from robots");
    static readonly Sql GrantsSql = new("select space_id, target, user_id, team_id, robot_id, rights, tags, expires_at from grants");
    static readonly Sql InvitationsSql = new("select id, path, team_id, rights, tags, grant_ends_at, space_id from invitations where uses < max_uses and expires_at > {now}");
    static readonly Sql LinksSql = new("select id, repo_id, expires_at from share_links");
}
