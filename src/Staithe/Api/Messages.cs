using System.ComponentModel;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Federation;
using Staithe.Jobs;
using Staithe.Sharing;

namespace Staithe.Api;

// What requests and answers hold. The OpenAPI document is made from these records, so a name here is a promise to clients.

/// <summary>Part of a list.</summary>
/// <param name="Next">What to send as <c>after</c> for the next part; null at the end.</param>
internal sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

internal sealed record Me(string Name, [Description("user or robot")] string Kind, [Description("Whether one manages the registry with these credentials.")] bool Admin, [Description("What the token that was shown is limited to; null for a password and a robot.")] TokenLimit? Token)
{
    public const string Rights = "Roles and rights with commas between them: read, write, admin, pull, push, move, delete, manage.";
    public const string Target = "A repository, or with a slash at its end everything from there on.";
    public const string Days = "In how many days it ends; null for no end.";
    public const string Tags = "A pattern of tags for which push, move and delete hold, such as \"v*,!v0*\"; null for all.";
    public const string Visibility = "Who may pull without having been given any right: private (nobody), internal (every user) or public (everybody).";
    public const string Claims = "What the token must say: claims by name, each with a value in which * stands for anything.";
    public const string NewTarget = "For which new repositories: one, or with a slash at its end all from there on.";
    public const string MadeBy = "Made by whom: at most one of madeByUser, madeByTeam and madeByRobot; none for anybody.";
    public const string ToMaker = "To whom: at most one of user, team and robot; none for whoever makes the repository.";
    public const string Once = "The secret. It is shown this once and stored nowhere.";
}

internal sealed record TokenLimit([Description(Me.Rights)] string Rights, [Description(Me.Target)] string? Target);

internal sealed record PasswordChange(string Old, string New);

internal sealed record Token(long Id, string Name, [Description(Me.Rights)] string Rights, [Description(Me.Target)] string? Target, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? UsedAt)
{
    public static Token Of(AccessTokenRow row) => new(row.Id, row.Name, RightsText.Format(row.Rights), row.Target, Time.Of(row.CreatedAt), Time.Of(row.ExpiresAt), Time.Of(row.UsedAt));
}

internal sealed record NewToken(string Name, [Description(Me.Rights)] string Rights, [Description(Me.Target + " Null for everything.")] string? Target = null, [Description(Me.Days)] int? ExpiresInDays = null);

internal sealed record TokenSecret(long Id, string Name, [Description(Me.Once)] string Secret, DateTimeOffset? ExpiresAt);

internal sealed record User(string Name, bool Admin, bool Disabled, DateTimeOffset CreatedAt, DateTimeOffset? SignedInAt)
{
    public static User Of(UserRow row) => new(row.Name, row.IsAdmin, row.DisabledAt is not null, Time.Of(row.CreatedAt), Time.Of(row.SignedInAt));
}

internal sealed record NewUser(string Name, [Description("Null for a user who cannot sign in until a password is set.")] string? Password = null, bool Admin = false);

internal sealed record UserChange([Description("Null leaves it.")] bool? Admin = null, [Description("Null leaves it.")] bool? Disabled = null);

internal sealed record NewPassword(string Password);

internal sealed record Space(string Name, [Description("user or organization")] string Kind, [Description("What new repositories get. " + Me.Visibility)] string Visibility, [Description("Whether every pull of a manifest is written into the audit.")] bool AuditPulls, [Description("What people say of it: one line, or nothing.")] string Description, DateTimeOffset CreatedAt)
{
    public static Space Of(SpaceRow row) => new(row.Name, row.OwnerId is null ? "organization" : "user", VisibilityText.Format(row.Visibility), row.AuditPulls, row.Description, Time.Of(row.CreatedAt));
}

internal sealed record SpaceChange(
    [Description("What new repositories get. " + Me.Visibility + " Null leaves it.")] string? Visibility = null,
    [Description("Whether every pull of a manifest is written into the audit. Null leaves it.")] bool? AuditPulls = null,
    [Description("One line for people, of at most 400 characters; empty for none. Null leaves it.")] string? Description = null);

internal sealed record NewOrganization(string Name, [Description("What new repositories get. " + Me.Visibility)] string Visibility = "private");

internal sealed record RepositoryChange(
    [Description(Me.Visibility + " Null leaves it.")] string? Visibility = null,
    [Description("One line for people, of at most 400 characters; empty for none. Null leaves it.")] string? Description = null,
    [property: Multiline]
    [Description("A page of Markdown, of at most 40000 characters; empty for none. Null leaves it.")] string? Readme = null);

internal sealed record Team(string Name);

internal sealed record TeamMembers(
    string Name,
    [Description("The first 1000 by name; the operation listTeamMembers has all.")] IReadOnlyList<string> Members,
    [Description("By whose word each of these is one: there may be several words for one.")] IReadOnlyList<Membership> Memberships);

internal sealed record TeamMember(string Name, [Description("By whose word: there may be several.")] IReadOnlyList<Membership> Memberships);

internal sealed record Membership(
    string User,
    [Description("ldap, or the issuer, where groups elsewhere say so; null for the word of a person.")] string? Source,
    [Description("Which person, as far as that is known.")] string? GivenBy);

internal sealed record Grant(long Id, [Description(Me.Target)] string Target, string? User, string? Team, string? Robot, [Description(Me.Rights)] string Rights, [Description(Me.Tags)] string? Tags, DateTimeOffset? ExpiresAt)
{
    public static Grant Of(GrantRow row) => new(
        row.Id,
        row.Target,
        row.GranteeKind == "user" ? row.Grantee : null,
        row.GranteeKind == "team" ? row.Grantee : null,
        row.GranteeKind == "robot" ? row.Grantee : null,
        RightsText.Format(row.Rights),
        row.Tags?.Text,
        Time.Of(row.ExpiresAt));
}

internal sealed record NewGrant(
    [Description(Me.Target)] string Target,
    [Description(Me.Rights)] string Rights,
    [Description("To whom: exactly one of user, team and robot.")] string? User = null,
    string? Team = null,
    string? Robot = null,
    [Description(Me.Tags)] string? Tags = null,
    [Description(Me.Days)] int? ExpiresInDays = null);

internal sealed record GrantChanged(
    [Description(Me.Rights)] string Rights,
    [Description(Me.Tags)] string? Tags = null,
    [Description(Me.Days)] int? ExpiresInDays = null);

internal sealed record Robot(string Name, [Description("What it signs in as.")] string FullName, [Description("It has no secret, and is let in by the rules at its trusts.")] bool Keyless, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? UsedAt)
{
    public static Robot Of(RobotRow row) => new(row.Name, row.FullName, row.IsKeyless, Time.Of(row.CreatedAt), Time.Of(row.ExpiresAt), Time.Of(row.UsedAt));
}

internal sealed record NewRobot(
    string Name,
    [Description(Me.Rights)] string Rights,
    [Description(Me.Target)] string Target,
    [Description(Me.Tags)] string? Tags = null,
    [Description(Me.Days)] int? ExpiresInDays = null,
    [Description("Whether it has no secret and is let in by tokens from elsewhere; its trusts say by which.")] bool Keyless = false);

internal sealed record RobotChange([Description(Me.Days)] int? ExpiresInDays);

internal sealed record RobotSecret(string Name, [Description("What it signs in as.")] string FullName, [Description(Me.Once + " Null for a keyless robot.")] string? Secret, DateTimeOffset? ExpiresAt);

internal sealed record Trust(
    long Id,
    [Description("Who has made the token: its claim iss.")] string Issuer,
    [Description("Whom the token is for: one of its claim aud.")] string Audience,
    [Description(Me.Claims)] IReadOnlyDictionary<string, string> Claims,
    DateTimeOffset CreatedAt)
{
    public static Trust Of(TrustRow row) => new(row.Id, row.Issuer, row.Audience, row.Claims.Rules, Time.Of(row.CreatedAt));
}

internal sealed record NewTrust(
    [Description("One of the issuers that the registry trusts, letter by letter.")] string Issuer,
    [Description(Me.Claims + " At least one value is not only *.")] IReadOnlyDictionary<string, string> Claims,
    [Description("Whom the token must be for; null for the registry's name and port as in the address of this request.")] string? Audience = null);

internal sealed record ExternalIdentity(long Id, string Issuer, [Description("What the issuer calls the person.")] string Subject, DateTimeOffset CreatedAt, DateTimeOffset SignedInAt)
{
    public static ExternalIdentity Of(ExternalIdentityRow row) => new(row.Id, row.Issuer, row.Subject, Time.Of(row.CreatedAt), Time.Of(row.SignedInAt));
}

internal sealed record UnreadImage(
    long Id,
    string Repository,
    string Digest,
    [Description("waiting or refused")] string State,
    [Description("Why it was refused.")] string? Reason,
    long Attempts,
    [Description("When it is tried again; null when it was refused.")] DateTimeOffset? NotBefore)
{
    public static UnreadImage Of(UnreadImageRow row) => new(
        row.ManifestId, row.Repository, row.Digest, row.State, row.Reason, row.Attempts, row.State == ImageState.Refused ? null : Time.Of(row.NotBefore));
}

internal sealed record Session(
    long Id,
    string Name,
    [Description("browser, or docker for a login that docker keeps.")] string Kind,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? UsedAt)
{
    public static Session Of(AccessTokenRow row) => new(
        row.Id, row.Name, row.Kind == AccessTokenTable.Session ? "browser" : "docker", Time.Of(row.CreatedAt), Time.Of(row.ExpiresAt), Time.Of(row.UsedAt));
}

internal sealed record RepositoryEntry(string Name);

internal sealed record Repository(
    string Name,
    [Description(Me.Visibility)] string Visibility,
    [Description("What the caller may do whatever the tag; empty for nothing.")] string Rights,
    [Description("What the caller may do besides, for some tags.")] IReadOnlyList<RightsOnTags> OnTags,
    [Description("What people write about it: one line, or nothing.")] string Description,
    [Description("The same at length, in Markdown; empty for nothing.")] string Readme);

internal sealed record RepositoryTag(
    string Name,
    [Description("The manifest that it points at.")] string Digest,
    string MediaType,
    [Description("Bytes of the image's config and layers, compressed; null for an index, which has several images.")] long? Size,
    DateTimeOffset MovedAt,
    [Description("Who moved it last; null when that was before anybody kept it.")] string? MovedBy,
    [Description("When it was pulled last, to the minute or so.")] DateTimeOffset? PulledAt,
    [Description("Whether it is no release, but attached to another manifest: a signature, a list of packages and the like.")] bool Attachment)
{
    public static RepositoryTag Of(TagRow row) => new(
        row.Name, row.Digest, row.MediaType, Oci.MediaTypes.IsIndex(row.MediaType) ? null : row.Size, Time.Of(row.MovedAt), row.MovedBy, Time.Of(row.PulledAt), row.IsAttachment);
}

internal sealed record RepositoryManifest(
    string Digest,
    string MediaType,
    [Description("What it is, when it is no image.")] string? ArtifactType,
    [Description("Bytes of the image's config and layers, compressed; null for an index, which has several images.")] long? Size,
    DateTimeOffset PushedAt,
    [Description("The manifest that it is attached to.")] string? Subject,
    [Description("Its tags, the first 20 by name.")] IReadOnlyList<string> Tags,
    [Description("How many tags it has.")] long TagCount,
    [Description("Whether an index of the repository has it: then it is deleted after that.")] bool PartOfIndex)
{
    public static RepositoryManifest Of(ListedManifest row) => new(
        row.Digest,
        row.MediaType,
        row.ArtifactType,
        Oci.MediaTypes.IsIndex(row.MediaType) ? null : row.Size,
        Time.Of(row.CreatedAt),
        row.Subject,
        row.Tags,
        row.TagCount,
        row.IsChild);
}

internal sealed record RightsOnTags(string Tags, string Rights);

internal sealed record EffectiveRights(
    string Repository,
    [Description("The user or robot.")] string Who,
    [Description("Null while there is no such repository.")] string? Visibility,
    [Description("What they may do whatever the tag; empty for nothing.")] string Rights,
    [Description("What they may do besides, for some tags.")] IReadOnlyList<RightsOnTags> OnTags,
    [Description("Where that comes from.")] IReadOnlyList<Reason> Reasons);

internal sealed record Reason(
    [Description("owner: the space is theirs. visibility: everybody may, or every user. grant: it was given. token: the token that was shown goes no further. disabled, expired: they cannot sign in, so nothing holds.")] string Kind,
    [Description("The number of the grant.")] long? Grant,
    [Description("Whom it was given to: user, team or robot, with the name.")] string? Via,
    [Description("The target of the grant, or of the token.")] string? Target,
    string Rights,
    [Description(Me.Tags)] string? Tags);

internal sealed record EverybodysRights(
    string Repository,
    [Description("Null while there is no such repository.")] string? Visibility,
    [Description("What gives anybody a right on it, to whom (via) and which.")] IReadOnlyList<Reason> Reasons);

internal sealed record NewName([Description("The new name. A space before the first slash that is not the old one moves the repository there.")] string To);

internal sealed record RepositoryMoved(
    string Name,
    [Description("The name that it had. It still answers to it, with a warning.")] string Former,
    [Description(Me.Visibility)] string Visibility,
    [Description("What was given on just this repository and ended, because it left the space.")] IReadOnlyList<Grant> Dropped)
{
    public static RepositoryMoved Of(Access.MovedRepository moved) => new(moved.To.Value, moved.From.Value, VisibilityText.Format(moved.Visibility), [.. moved.Dropped.Select(Grant.Of)]);
}

internal sealed record RepositoryOffer(long Id, string Repository, [Description("What it is to be called.")] string To, [Description("The user who offers it.")] string By, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt)
{
    public static RepositoryOffer Of(RepositoryOfferRow row) => new(row.Id, row.Name, row.To + row.Path, row.Offerer, Time.Of(row.CreatedAt), Time.Of(row.ExpiresAt));
}

internal sealed record NewSpaceName([Description("The new name.")] string Name);

internal sealed record NewOwner(string User, [Description("What the space is to be: the user's own (user), or an organization with the user as its only owner (organization).")] string Kind);

internal sealed record SpaceOwner(
    string Space,
    string User,
    [Description("user or organization")] string Kind,
    [Description("Until when the user can take it; null when it is the user's already.")] DateTimeOffset? OfferedUntil);

internal sealed record SpaceOffer(string Space, [Description("What it would be: one's own (user), or an organization that one is the only owner of (organization).")] string Kind, [Description("The user who offers it.")] string By, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt)
{
    public static SpaceOffer Of(SpaceOfferRow row) => new(row.Space, row.IsOrganization ? "organization" : "user", row.Offerer, Time.Of(row.CreatedAt), Time.Of(row.ExpiresAt));
}

internal sealed record DefaultGrant(
    long Id,
    [Description(Me.NewTarget)] string Target,
    [Description(Me.MadeBy)] string? MadeByUser,
    string? MadeByTeam,
    string? MadeByRobot,
    [Description(Me.ToMaker)] string? User,
    string? Team,
    string? Robot,
    [Description(Me.Rights)] string Rights,
    [Description(Me.Tags)] string? Tags)
{
    public static DefaultGrant Of(DefaultGrantRow row) => new(
        row.Id,
        row.Target,
        row.MakerKind == "user" ? row.Maker : null,
        row.MakerKind == "team" ? row.Maker : null,
        row.MakerKind == "robot" ? row.Maker : null,
        row.GranteeKind == "user" ? row.Grantee : null,
        row.GranteeKind == "team" ? row.Grantee : null,
        row.GranteeKind == "robot" ? row.Grantee : null,
        RightsText.Format(row.Rights),
        row.Tags?.Text);
}

internal sealed record NewDefaultGrant(
    [Description(Me.NewTarget)] string Target,
    [Description(Me.Rights)] string Rights,
    [Description(Me.ToMaker)] string? User = null,
    string? Team = null,
    string? Robot = null,
    [Description(Me.MadeBy)] string? MadeByUser = null,
    string? MadeByTeam = null,
    string? MadeByRobot = null,
    [Description(Me.Tags)] string? Tags = null);

internal sealed record AuditEntry(
    long Id,
    DateTimeOffset At,
    [Description("A user, or a robot as space+name; shell for a command on the server.")] string Actor,
    string Action,
    string Target,
    string? Space,
    string? Address,
    [Description("done or refused")] string Outcome,
    string? Detail)
{
    public static AuditEntry Of(AuditLine line) => new(line.Id, Time.Of(line.At), line.Actor, line.Action, line.Target, line.Space, line.Address, line.Outcome, line.Detail);
}

internal sealed record ImagePackages(
    IReadOnlyList<ImagePackage> Items,
    [Description("What to send as after for the next part; null at the end.")] string? Next,
    [Description("Whether all that tells of packages could be read: where it is false, a package that is not listed may be installed. What is compiled into programs is never listed.")] bool Complete,
    [Description("What was not read, and which claims of the image are not true.")] IReadOnlyList<Content.ImageNote> Notes);

internal sealed record ImagePackage(
    [Description("Whose rules its version follows: deb, apk, rpm, npm, pypi, nuget, gem, cargo, composer, conda, cran; os for the system itself.")] string Ecosystem,
    string Name,
    string Version,
    [Description("The package URL.")] string Purl,
    [Description("Name and version of the package that it was built from, where that is another one.")] string? Source)
{
    public static ImagePackage Of(PackageRow row) => new(row.Ecosystem, row.Name, row.Version, row.Purl, row.Source.Length == 0 ? null : row.Source);
}

internal sealed record AttachedSbom(
    [Description("The artifact that now refers to the image.")] string Digest,
    string ArtifactType,
    [Description("The image; of one for several platforms, the one for the platform.")] string Subject,
    [Description("The document, a blob of the repository.")] string Sbom,
    long Size,
    [Description("How many packages it lists.")] int Packages);

internal sealed record ShareLink(
    long Id,
    string Repository,
    [Description("The one tag that it is for; null for the whole repository.")] string? Tag,
    [Description("Who made it: a user, or a robot as space+name.")] string MadeBy,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    [Description("Null for as many as one likes.")] long? MaxPulls,
    [Description("Without a limit the count may be some seconds behind.")] long Pulls,
    DateTimeOffset? UsedAt,
    [Description("False when its time is over, its pulls are used up, or who made it may no longer share that.")] bool Works)
{
    public static ShareLink Of(ShareLinkRow row, bool works) => new(row.Id, row.Repository, row.Tag, row.MadeBy.Name, Time.Of(row.CreatedAt), Time.Of(row.ExpiresAt), row.MaxPulls, row.Pulls, Time.Of(row.UsedAt), works);
}

internal sealed record NewShareLink(
    string Repository,
    [Description("In how many days it ends, from 1 to 90.")] int ExpiresInDays,
    [Description("The one tag that it is for, and what that leads to; null for the whole repository.")] string? Tag = null,
    [Description("How often it may be pulled; null for as often as one likes.")] int? MaxPulls = null);

internal sealed record ShareLinkSecret(
    long Id,
    string Repository,
    string? Tag,
    [Description("The page for people. Its secret is shown this once and stored nowhere.")] string Url,
    [Description("What clients pull.")] string Image,
    DateTimeOffset ExpiresAt,
    long? MaxPulls);

internal sealed record Invitation(
    long Id,
    [Description("Into which team; null for an invitation to rights.")] string? Team,
    [Description(Me.Target)] string? Target,
    [Description(Me.Rights)] string? Rights,
    [Description(Me.Tags)] string? Tags,
    [Description("For how many days the rights are granted; null for good.")] int? GrantDays,
    [Description("The only one who may accept; null for anybody.")] string? User,
    [Description("Whether one may make an account for it.")] bool NewAccounts,
    [Description("Who made it.")] string MadeBy,
    long MaxUses,
    long Uses,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt)
{
    public static Invitation Of(InvitationRow row) => new(
        row.Id,
        row.Team?.Name,
        row.Team is null ? row.Target : null,
        row.Team is null ? RightsText.Format(row.Rights) : null,
        row.Tags?.Text,
        row.GrantDays,
        row.UserName,
        row.NewAccounts,
        row.Inviter,
        row.MaxUses,
        row.Uses,
        Time.Of(row.CreatedAt),
        Time.Of(row.ExpiresAt));
}

internal sealed record NewInvitation(
    [Description("Into which team; or else give target and rights.")] string? Team = null,
    [Description(Me.Target)] string? Target = null,
    [Description(Me.Rights)] string? Rights = null,
    [Description(Me.Tags)] string? Tags = null,
    [Description("For how many days the rights are granted; null for good.")] int? GrantDays = null,
    [Description("The only one who may accept; null for anybody who has the link.")] string? User = null,
    [Description("Whether one may make an account for it; for admins of the registry, or for all if spacesInviteNewUsers is set.")] bool NewAccounts = false,
    [Description("How many may accept it, from 1 to 1000.")] int Uses = 1,
    [Description("In how many days it ends, from 1 to 90.")] int ExpiresInDays = 7);

internal sealed record InvitationSecret(long Id, [Description("The page for who is invited.")] string Url, [Description("The secret in it. " + Me.Once)] string Secret, DateTimeOffset ExpiresAt);

internal sealed record InvitationAnswer([Description("The last part of the invitation's address.")] string Secret);

internal sealed record AcceptedInvitation(
    string Space,
    [Description("The team that one is in now; null for an invitation to rights.")] string? Team,
    [Description(Me.Target)] string? Target,
    [Description(Me.Rights)] string? Rights,
    [Description(Me.Tags)] string? Tags);

internal sealed record JobsAnswer(
    [Description("Repositories that the search index does not hold as they are now.")] long RepositoriesToIndex,
    long ImagesWaiting,
    long ImagesInspected,
    long ImagesRefused,
    [Description("Files that wait to be deleted.")] long Trash,
    long Uploads,
    [Description("Units of work that failed and have not gone well since: the first 200.")] IReadOnlyList<FailedJob> Failed)
{
    [Description("Each kind of work that is done unit by unit.")]
    public IReadOnlyList<JobQueueState> Queues { get; init; } = [];
}

internal sealed record JobQueueState(
    string Kind,
    [Description("Units that nobody is at.")] long Waiting,
    long Running,
    [Description("Those of them that failed, and wait to be tried again.")] long Failed,
    [Description("Since when the one waits that has waited longest.")] DateTimeOffset? OldestAt,
    [Description("Since when nobody takes units of it; null when it is not paused.")] DateTimeOffset? PausedAt,
    [Description("When it is done by itself, as a line of cron in UTC; null for work that is only asked for.")] string? Schedule,
    DateTimeOffset? LastAt,
    DateTimeOffset? NextAt)
{
    public static JobQueueState Of(JobQueue queue, JobKindRow kind) => new(
        queue.Kind, queue.Waiting, queue.Running, queue.Failed, Time.Of(queue.OldestAt), Time.Of(kind.PausedAt), kind.Schedule, Time.Of(kind.LastAt), Time.Of(kind.NextAt));
}

internal sealed record StorageAnswer(
    [Description("The 50 that keep the most.")] IReadOnlyList<StorageOfSpace> Spaces,
    long Blobs,
    long BlobBytes,
    long Uploads,
    long UploadBytes,
    [Description("Files that wait to be deleted.")] long Trash,
    [Description("What pulls find in memory.")] long CacheBytes,
    [Description("Free bytes of the disk with the data directory.")] long DiskFree,
    long DiskSize,
    [Description("When that was counted: an answer serves everybody for a minute.")] DateTimeOffset CountedAt);

internal sealed record StorageOfSpace(string Space, long Repositories, long Blobs, long Bytes);

internal sealed record FailedJob(string Kind, string Unit, string Label, string Cause, long Attempts, DateTimeOffset FailedAt, [Description("When it is tried again.")] DateTimeOffset NextAt);

/// <summary>The database's milliseconds as a time.</summary>
internal static class Time
{
    public static DateTimeOffset Of(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    public static DateTimeOffset? Of(long? milliseconds) => milliseconds is { } at ? Of(at) : null;
}

internal sealed record Watch([Description("repository, space or search")] string Kind, [Description("The name of the repository or space, or what is searched for.")] string Name, DateTimeOffset CreatedAt);

internal sealed record SearchHit(string Name, string Visibility, string Title, string Description, [Description("Bytes of the newest image, compressed.")] long Size, DateTimeOffset UpdatedAt, long Stars, long Pulls, [Description("Whether it is in a space that speaks for this registry.")] bool Official, [Description("In which images that was found which was looked for inside of them: some of the newest.")] IReadOnlyList<SearchMatch> Matches, [Description("Whether something is to be left out that has a package or file, and not all of its images could be read, so that one may have it nevertheless.")] bool Unread)
{
    public static SearchHit Of(Search.SearchRow row) => new(
        row.Name, row.Visibility, row.Title, row.Description, row.Size, Time.Of(row.UpdatedAt), row.Stars, row.Pulls, row.IsOfficial, [.. row.Matches.Select(match => new SearchMatch(match.Image, match.Digest, match.What))], row.IsUnread);
}

internal sealed record SearchMatch([Description("The image's name, with the tag that moved to it last, or with its digest where it has none.")] string Image, string Digest, [Description("A package with its version, a file, or a digest.")] string What);

internal sealed record SearchFacet(string Field, string Value, long Count);

internal sealed record SearchAnswer(
    IReadOnlyList<SearchHit> Items,
    [Description("What to send as after for the next part; null at the end.")] string? Next,
    [Description("How many there are, as far as was counted.")] int Total,
    [Description("Whether there are more than were counted.")] bool More,
    [Description("Whether more is inside of images that fits package: or file: than was looked at.")] bool Partial,
    [Description("Names that may have been meant, when nothing was found by the words as they were.")] IReadOnlyList<string> Meant,
    [Description("What those that were found have in common.")] IReadOnlyList<SearchFacet> Facets);
