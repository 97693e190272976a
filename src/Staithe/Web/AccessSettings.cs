using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>Who may do what, and by what.</summary>
internal sealed class AccessSettings(Db db, AccessEpoch epoch) : TargetView(db, epoch, "access", "Who may what")
{


    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var target = place.Target;
        var asked = target.IsRepository || visit.Query("repository").Trim() is not { Length: > 0 } typed ? target.Target : typed;
        var (who, kind) = (visit.Query("who").Trim(), visit.Query("kind"));
        var managesAll = await Db.ReadAsync(session => ManagesAllAsync(session, visit, target), visit.Cancel);
        AccessView View(string shown, Visibility? visibility, IReadOnlyList<RightsReason> reasons, AccessOfOne? person) => new(
            target.Target, target.IsRepository, target.Path, managesAll, shown, visibility is { } seen ? VisibilityText.Format(seen) : null, [.. reasons.Select(ReasonLine.Of)], person, who, kind);
        var (user, robot) = who.Length == 0 ? (null, null) : kind == "robot" ? ((string?)null, (string?)who) : (who, null);
        AccessView view;
        if (asked.EndsWith('/') && GrantTable.IsTarget(asked) && GrantTable.Covers($"{target.Space}/", asked))
        {
            var all = await Db.ReadAsync(session => RightsReport.OnPartAsync(session, visit.Who, target.Space, asked), visit.Cancel);
            var (person, unknown) = await TryAsync(async session =>
            {
                var one = await RightsReport.OfOneOnPartAsync(session, visit.Who, target.Space, asked, user, robot);
                return AccessOfOne.Of(one.Who.Name, one.Decision, one.Reasons);
            });
            (view, echo) = (View(all.Target, all.OfNew, all.Reasons, person), unknown ?? echo);
        }
        else if (RepositoryName.TryParse(asked, out var name) && name.Space == target.Space)
        {
            var all = await Db.ReadAsync(session => RightsReport.OfAllAsync(session, visit.Who, name), visit.Cancel);
            var (person, unknown) = await TryAsync(async session =>
            {
                var one = await RightsReport.OfOneAsync(session, visit.Who, name, user, robot);
                return AccessOfOne.Of(one.Who.Name, one.Decision, one.Reasons);
            });
            (view, echo) = (View(all.Repository.Value, all.Visibility, all.Reasons, person), unknown ?? echo);
        }
        else
        {
            (view, echo) = (View("", null, [], null), Echo.Of($"there can be no repository {OciException.Quote(asked)} in {target.Space}"));
        }
        await SendAsync<AccessPage, AccessView>(visit, nav, view, echo);

        // Who was typed may be nobody; what they were looked for on is there.
        async Task<(AccessOfOne? Person, Echo? Unknown)> TryAsync(Func<DbSession, Task<AccessOfOne>> find)
        {
            if (who.Length == 0)
                return (null, null);
            try
            {
                return (await Db.ReadAsync(find, visit.Cancel), null);
            }
            catch (AccountException unknown)
            {
                return (null, Echo.Of(unknown.Message));
            }
        }
    }
}

/// <summary>Who may do what with a repository, or with all that begins so, and by what.</summary>
/// <param name="ManagesAll">Whether who looks manages the whole space.</param>
/// <param name="Repository">Which, or with a slash at its end all that begins so; empty where what was asked for can be neither.</param>
/// <param name="Visibility">Of what begins so, that of what is new; null while there is no such repository.</param>
/// <param name="Person">Somebody who was asked for in particular.</param>
public sealed record AccessView(string Target, bool IsRepository, string Path, bool ManagesAll, string Repository, string? Visibility, IReadOnlyList<ReasonLine> Reasons, AccessOfOne? Person, string Who, string Kind);

/// <summary>What one may do.</summary>
public sealed record AccessOfOne(string Name, string Rights, IReadOnlyList<string> OnTags, IReadOnlyList<ReasonLine> Reasons)
{
    internal static AccessOfOne Of(string name, Decision decision, IReadOnlyList<RightsReason> reasons) => new(
        name,
        RepositoryCare.IsNothing(decision) ? "nothing" : RightsText.Format(decision.Always),
        [.. decision.OnTags.Select(some => $"{RightsText.Format(some.Rights)} on tags {some.Tags.Text}")],
        [.. reasons.Select(ReasonLine.Of)]);
}

/// <summary>By what.</summary>
public sealed record ReasonLine(string Kind, long? Grant, string? Via, string? Target, string Rights, string? Tags)
{
    internal static ReasonLine Of(RightsReason reason) => new(reason.Kind, reason.GrantId, reason.Via, reason.Target, reason.Rights, reason.Tags);

    /// <summary>In words.</summary>
    public string Words => Kind switch
    {
        "owner" => "the space is theirs",
        "visibility" => "it is visible to them",
        "grant" => $"grant {Grant} on {Target}",
        "token" => "the token goes no further",
        "disabled" => "the account is disabled",
        "expired" => "the robot has expired",
        _ => Kind,
    };
}
