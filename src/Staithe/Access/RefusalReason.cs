using System.Globalization;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>
/// Says why a caller was refused: the narrowest cause, and what to do about it. It is read from the database when a request has been refused, never
/// before. It tells a caller nothing about spaces and repositories that they cannot see: a hidden one and a missing one give the same text.
/// </summary>
internal static class RefusalReason
{
    /// <summary>The refusal of a request for a repository, whether there is one or not.</summary>
    /// <param name="session">The database.</param>
    /// <param name="who">The caller.</param>
    /// <param name="name">The repository as the caller wrote it.</param>
    /// <param name="missing">The right, or rights, that the request needs.</param>
    /// <param name="tag">The tag that the request is about; null when it is about none, or about a digest.</param>
    /// <param name="doing">What the caller wanted to do, where the right does not say it.</param>
    public static async Task<string> OfAsync(
        DbSession session,
        Identity who,
        RepositoryName name,
        Rights missing,
        TagName? tag = null,
        string? doing = null)
    {
        var seen = await AccessLookup.ExplainAsync(session, who with { Limit = null }, name);
        // A token that is not for a repository's present name learns nothing of that name.
        var place = seen.Place is { } there && (there.Name == name || AccessPolicy.Reaches(who.Limit, there.Name.Value)) ? there : null;
        var target = place?.Name ?? name;
        var space = await SpaceTable.FindAsync(session, target.Space);
        var ended = await GrantTable.ListEndedAsync(session, space?.Id ?? 0, GranteeOf(who), target.Value);
        var belongs = await BelongsAsync(session, who, target.Space, space?.Id ?? 0);
        var own = await FindOwnNameAsync(session, who, name);
        var refused = new Refused(who, name.Value, name.Space, missing, tag)
        {
            Full = place is null ? Decision.Nothing : seen.Decision,
            Grants = place is null ? [] : seen.Grants,
            Ended = place is null ? [] : ended,
            Visible = place is not null && AccessPolicy.IsVisible(who, place.Name, place.Visibility) ? place.Visibility : null,
            Belongs = place is not null && belongs,
            Own = doing is null ? own : null,
            Doing = doing,
        };
        return refused.Say();
    }

    /// <summary>The refusal of a request for everything that a target of a space reaches, by a caller who may see the space.</summary>
    public static async Task<string> OfAsync(DbSession session, Identity who, SpaceRow space, string target, Rights missing)
    {
        var (decision, grants) = await AccessLookup.ExplainAsync(session, who with { Limit = null }, space, target);
        var refused = new Refused(who, GrantTable.IsTarget(target) ? target : OciException.Quote(target), space.Name, missing, null)
        {
            Full = decision,
            Grants = grants,
            Ended = await GrantTable.ListEndedAsync(session, space.Id, GranteeOf(who), target),
            Belongs = true,
        };
        return refused.Say();
    }

    /// <summary>What holds a credential back from a target, whatever else is true of it; null when nothing does. It reads nothing but the credential.</summary>
    public static string? OfCredential(Limit? limit, string target, Rights missing) => limit switch
    {
        null => null,
        _ when !AccessPolicy.Reaches(limit, target) => $"this token is for {limit.Target} only",
        _ when limit.Rights.HasFlag(missing) => null,
        { Rights: Rights.Read } => "this token is read-only",
        _ => $"this token has only the right {RightsText.Format(limit.Rights)}",
    };

    static async Task<bool> BelongsAsync(DbSession session, Identity who, string space, long spaceId) => who.Kind switch
    {
        IdentityKind.User => await SpaceTable.IsOfUserAsync(session, who.Id, spaceId),
        IdentityKind.Robot => SpaceOfRobot(who) == space,
        _ => false,
    };

    // The same repository in the caller's own space: what people mean who are used to names without a space.
    static async Task<string?> FindOwnNameAsync(DbSession session, Identity who, RepositoryName name)
    {
        if (who.Kind != IdentityKind.User)
            return null;
        var owned = await SpaceTable.ListOwnedAsync(session, who.Id);
        if ((owned.Find(space => space.Name == who.Name) ?? owned.FirstOrDefault()) is not { } space)
            return null;
        var rest = name.Value.Length > name.Space.Length ? name.Value[(name.Space.Length + 1)..] : name.Value;
        return RepositoryName.TryParse($"{space.Name}/{rest}", out var own) && own != name ? own.Value : null;
    }

    static Grantee GranteeOf(Identity who) => who.Kind == IdentityKind.Robot ? new Grantee(RobotId: who.Id) : new Grantee(UserId: who.Id);

    static string SpaceOfRobot(Identity who) => who.Name[..who.Name.IndexOf('+', StringComparison.Ordinal)];

    /// <summary>A refused request, and everything that its caller may know about it.</summary>
    /// <param name="Target">What it was for, as the caller wrote it.</param>
    /// <param name="Space">The first part of that.</param>
    sealed record Refused(Identity Who, string Target, string Space, Rights Missing, TagName? Tag)
    {
        /// <summary>What the caller could do with a credential that holds nothing back.</summary>
        public required Decision Full { get; init; }

        /// <summary>What that is made of.</summary>
        public required IReadOnlyList<GrantRow> Grants { get; init; }

        /// <summary>What the caller was given there, and has ended.</summary>
        public required IReadOnlyList<GrantRow> Ended { get; init; }

        /// <summary>The visibility of the repository, where that lets the caller pull.</summary>
        public Visibility? Visible { get; init; }

        /// <summary>Whether the caller belongs to the space.</summary>
        public bool Belongs { get; init; }

        /// <summary>The same repository in the caller's own space.</summary>
        public string? Own { get; init; }

        /// <summary>What the caller wanted to do, where the right does not say it.</summary>
        public string? Doing { get; init; }

        public string Say()
        {
            var held = HeldBack();
            if (held is null && MayWithout())
                return Sentence("the rights have changed a moment ago", "Try again");
            if (held is var (cause, fix) && (MayWithout() || !Reaches || !Who.Limit!.Rights.HasFlag(Rights.Pull)))
                return Sentence(cause, fix);
            var (reason, way) = Reason();
            return Sentence(held is null ? reason : $"{held.Value.Cause}, and {reason}", way);
        }

        bool Reaches => AccessPolicy.Reaches(Who.Limit, Target);

        bool MayWithout() => Tag is not null
            ? Full.May(Missing, Tag)
            : Missing == Rights.Push ? Full.May(Missing) : Full.Always.HasFlag(Missing);

        (string Cause, string Fix)? HeldBack()
        {
            if (OfCredential(Who.Limit, Target, Missing) is not { } cause)
                return null;
            return (cause, $"{(Reaches ? $"Create a token with {RightsText.Format(Missing)}" : $"Use a token for {Target}")}, or sign in with your password");
        }

        (string Cause, string Fix) Reason()
        {
            var onTags = Full.OnTags.Where(some => (some.Rights & Missing) != Rights.None).Select(some => some.Tags.Text).Distinct().ToList();
            if (Tag is not null && Missing == Rights.Move && Full.May(Rights.Push, Tag))
                return ($"the tag exists already, and {Who.Name} may add new tags but not move existing ones", $"Push a new tag, or {Ask()}");
            if (onTags.Count > 0)
                return OfTags(string.Join(" or ", onTags));
            if (Ended.LastOrDefault(grant => grant.Rights.HasFlag(Missing)) is { } ended)
                return ($"the right {RightsText.Format(ended.Rights)} on {ended.Target} ended on {Day(ended.ExpiresAt!.Value)}", Capital(Ask(" again")));
            if (Grants.Count > 0)
                return ($"{Who.Name} has only the right {RightsText.Format(Full.Any)} there", Capital(Ask()));
            if (Who.Kind == IdentityKind.Robot && SpaceOfRobot(Who) != Space)
                return ($"a robot has rights in its own space only, which is {SpaceOfRobot(Who)}", "Use a robot of the other space, or a token of a user");
            if (Visible is { } visibility)
                return ($"it is {VisibilityText.Format(visibility)}, so {(visibility == Visibility.Public ? "everybody" : "every user")} may pull, and {Who.Name} has no other right there", OrOwn());
            if (Belongs)
                return ($"no right of {Who.Name} in the space {Space} reaches it", OrOwn());
            return ($"there is no space {Space} that {Who.Name} may use", Own is not null && Missing == Rights.Push ? $"Push to {Own}" : "Look at the name again");
        }

        (string Cause, string Fix) OfTags(string patterns) => (Tag, Missing) switch
        {
            (not null, _) => ($"{Who.Name} may do that only with tags that match {patterns}", $"Choose another tag, or {Ask()}"),
            (null, Rights.Delete) => ($"{Who.Name} may delete only tags that match {patterns}, no digests", $"Delete the tags, or {Ask()} on all tags"),
            _ => ($"the right {RightsText.Format(Missing)} holds only for tags that match {patterns}", Capital(Ask(" on all tags"))),
        };

        string OrOwn() => Own is not null && Missing == Rights.Push ? $"Push to {Own}, or {Ask()}" : Capital(Ask());

        string Ask(string more = "") => $"ask an owner of the space {Space} for the right {RightsText.Format(Missing)}{more}";

        string Sentence(string cause, string fix) => $"{Who.Name} may not {Words()}: {cause}. {fix}.";

        string Words() => Doing ?? (Missing, Tag) switch
        {
            (Rights.Push, null) => $"push to {Target}",
            (Rights.Push, _) => $"push the tag {Tag} to {Target}",
            (Rights.Move, not null) => $"move the tag {Tag} in {Target}",
            (Rights.Delete, null) => $"delete from {Target}",
            (Rights.Delete, _) => $"delete the tag {Tag} from {Target}",
            (Rights.Pull, _) => $"pull from {Target}",
            (Rights.Manage, _) => $"manage {Target}",
            _ => $"do that, which needs the right {RightsText.Format(Missing)} on {Target}",
        };

        static string Capital(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..]}";

        static string Day(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
    }
}
