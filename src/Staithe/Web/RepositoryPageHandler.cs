using System.Globalization;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Markup;
using Staithe.Oci;
using Staithe.Search;

namespace Staithe.Web;

/// <summary>The page of a repository: what it is, its tags, and what happened to them.</summary>
internal sealed class RepositoryPageHandler(Db db, PageAccess access, ImageReader images, Finder finder, ManifestPages manifests) : IWebHandler
{
    const string Prefix = "/r/";
    const int FirstTags = 10, ChartDays = 30;

    public bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal) && path.IndexOfAny([':', '@', '%']) < 0;

    public async Task HandleAsync(Visit visit)
    {
        if (!RepositoryName.TryParse(visit.Path[Prefix.Length..].TrimEnd('/'), out var name))
        {
            await visit.SendNothingAsync("Not here", "That is no repository's name.");
            return;
        }
        if (await access.AdmitAsync(visit, name, present => Prefix + present) is not { } reach)
            return;
        name = reach.Name;
        var row = await db.ReadAsync(session => RepositoryPageTable.FindAsync(session, name.Value, UserId(visit)), visit.Cancel);
        if (row is null)
            await PageAccess.RefuseAsync(visit);
        else if (visit.Form is not null)
            await (manifests.Act(visit, name) ?? StarAsync(visit, name, row));
        else if (await manifests.TryAskAsync(visit, name, row.Id, reach.Decision))
            return;
        else if (visit.Query("view") == "settings" && MayManage(visit, reach.Decision))
            await visit.GoToAsync(RepositorySettingsHandler.PathOf(name.Value));
        else
            await ShowAsync(visit, name, row, reach.Decision);
    }

    async Task ShowAsync(Visit visit, RepositoryName name, RepositoryPageRow row, Decision decision)
    {
        var view = visit.Query("view") switch { "tags" => RepositoryTab.Tags, ManifestPages.View => RepositoryTab.Manifests, "history" => RepositoryTab.History, _ => RepositoryTab.Overview };
        var isAttachments = visit.Query("attachments") == "1";
        var asked = visit.Asked(TagListing.Orders);
        var (count, attachments, fitting, main) = await db.ReadAsync(
            async session => (
                await TagListing.CountAsync(session, row.Id, isAttachment: false),
                await TagListing.CountAsync(session, row.Id, isAttachment: true),
                view == RepositoryTab.Tags ? await TagListing.CountAsync(session, row.Id, isAttachments, asked.Text) : 0,
                await RepositoryPageTable.FindMainTagAsync(session, row.Id)),
            visit.Cancel);
        var (tags, next) = await db.ReadAsync(
            async session => view switch
            {
                RepositoryTab.Overview => new ListPart<TagRow>(await RepositoryPageTable.ListFirstTagsAsync(session, row.Id, main, FirstTags), null),
                RepositoryTab.Tags => await Visit.ListAsync(asked, part => TagListing.ListAsync(session, row.Id, isAttachments ? TagKind.Attachments : TagKind.Releases, part)),
                _ => new ListPart<TagRow>([], null),
            },
            visit.Cancel);
        var (lines, list) = view == RepositoryTab.Manifests ? await manifests.ListAsync(visit, row.Id) : ([], ListView.Of(visit, asked, TagListing.Orders, next));
        string[] several = [.. tags.Where(tag => tag.Children > 0 || MediaTypes.IsIndex(tag.MediaType)).Select(tag => tag.Digest).Distinct()];
        var indexes = several.Length == 0 ? [] : await db.ReadAsync(session => IndexTable.ListAsync(session, row.Id, several), visit.Cancel);
        var before = long.TryParse(visit.Query("before"), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : long.MaxValue;
        var moves = view == RepositoryTab.History ? await db.ReadAsync(session => TagMoveTable.ListAsync(session, row.Id, visit.Query("tag"), before, RepositoryView.MovesPerPage), visit.Cancel) : [];
        var days = view is RepositoryTab.Overview or RepositoryTab.History ? await db.ReadAsync(session => PullTable.ListDaysAsync(session, row.Id, ChartDays), visit.Cancel) : [];
        var facts = view == RepositoryTab.Overview && main is not null ? await images.FindFactsAsync(new ImageName(name, Reference.To(TagName.Parse(main))), null, visit.Cancel) : null;
        var artifact = view == RepositoryTab.Overview && main is not null && facts is null
            ? await images.FindArtifactAsync(new ImageName(name, Reference.To(TagName.Parse(main))), visit.Frame.Clients, visit.Cancel)
            : null;
        var readme = view == RepositoryTab.Overview
            ? await db.ReadAsync(session => RepositoryPageTable.FindReadmeAsync(session, row.Id, MarkdownText.Version), visit.Cancel)
            : null;
        await visit.SendAsync<RepositoryPage, RepositoryView>(new RepositoryView(
            name.Value,
            visit.Who.Kind == IdentityKind.Anybody ? "public" : row.Visibility,
            row.Title.Length > 0 ? row.Title : facts?.Title ?? artifact?.Title ?? "",
            row.Description.Length > 0 ? row.Description : facts?.Description ?? artifact?.Description ?? "",
            readme?.Html,
            readme?.Text ?? "",
            view,
            main,
            facts,
            artifact,
            count,
            [.. tags.Select(tag => Line(tag, indexes.GetValueOrDefault(tag.Digest)))],
            [.. moves.Select(move => new MoveLine(move.Id, move.Tag, move.Digest, move.Actor, DateTimeOffset.FromUnixTimeMilliseconds(move.MovedAt), move.IsThere, move.Before))],
            [.. days.Select(day => new DayCount(DateTimeOffset.UnixEpoch.AddDays(day.Day), day.Count))],
            row.Pulls,
            row.Stars,
            row.IsStarred,
            visit.Who.Kind == IdentityKind.User,
            MayManage(visit, decision))
        {
            List = list,
            Manifests = lines,
            MayDelete = visit.Who.Kind == IdentityKind.User && decision.Always.HasFlag(Rights.Delete),
            Deletable = visit.Who.Kind == IdentityKind.User
                ? [.. tags.Select(tag => tag.Name).Where(tag => decision.May(Rights.Delete, TagName.Parse(tag)))]
                : [],
            IsAttachments = isAttachments,
            AttachmentCount = attachments,
            FittingCount = fitting,
            IsOfficial = finder.IsOfficial(name.Value),
            IsWatched = visit.Who.Kind == IdentityKind.User && await db.ReadAsync(session => WatchTable.HasRepositoryAsync(session, visit.Who.Id, row.Id), visit.Cancel),
        });
    }

    async Task StarAsync(Visit visit, RepositoryName name, RepositoryPageRow row)
    {
        if (visit.Field("do") is not ("star" or "unstar") || visit.Who.Kind != IdentityKind.User)
            throw new AccountException(AccountProblem.Invalid, "the form does not say what to do");
        await db.WriteAsync(SpaceUse.Small, session => RepositoryPageTable.SetStarAsync(session, visit.Who.Id, row.Id, visit.Field("do") == "star"), visit.Cancel);
        await visit.DoneAsync(Prefix + name);
    }

    static bool MayManage(Visit visit, Decision decision) => visit.Who.Kind == IdentityKind.User && decision.Always.HasFlag(Rights.Manage);

    static long UserId(Visit visit) => visit.Who.Kind == IdentityKind.User ? visit.Who.Id : 0;

    static TagLine Line(TagRow tag, IndexContent? index) => new(
        tag.Name, tag.Digest, DateTimeOffset.FromUnixTimeMilliseconds(tag.MovedAt), tag.Size, tag.Children, tag.MovedBy, tag.PulledAt is { } pulled ? DateTimeOffset.FromUnixTimeMilliseconds(pulled) : null)
    {
        Platforms = [.. index?.Entries.Select(entry => entry.Name).OfType<string>().Distinct() ?? []],
        IsIndex = MediaTypes.IsIndex(tag.MediaType),
        Sizes = [.. index?.Entries.Select(entry => entry.Size).OfType<long>() ?? []],
    };
}

/// <summary>The parts of a repository's page.</summary>
public enum RepositoryTab
{
    /// <summary>What it is.</summary>
    Overview,

    /// <summary>Its tags.</summary>
    Tags,

    /// <summary>Its manifests, with a tag or without.</summary>
    Manifests,

    /// <summary>What its tags have meant.</summary>
    History,
}

/// <summary>A repository.</summary>
/// <param name="ReadmeHtml">Its page of text, as HTML without anything that acts; null where there is none that can be shown, and the text is.</param>
/// <param name="Readme">The same as it was written. Both are there on the overview alone.</param>
/// <param name="MainTag">The tag that speaks for it.</param>
/// <param name="Facts">What the image of that tag says of itself.</param>
/// <param name="Artifact">What that tag is, when it is no image.</param>
public sealed record RepositoryView(
    string Name,
    string Visibility,
    string Title,
    string Description,
    string? ReadmeHtml,
    string Readme,
    RepositoryTab Tab,
    string? MainTag,
    ImageFacts? Facts,
    ArtifactFacts? Artifact,
    long TagCount,
    IReadOnlyList<TagLine> Tags,
    IReadOnlyList<MoveLine> Moves,
    IReadOnlyList<DayCount> Days,
    long Pulls,
    long Stars,
    bool IsStarred,
    bool MayStar,
    bool MayManage)
{
    /// <summary>How many moves a page has.</summary>
    public const int MovesPerPage = 50;

    /// <summary>Which part of the tags, or of the manifests, is listed.</summary>
    public ListView List { get; init; } = ListView.Whole;

    /// <summary>The manifests.</summary>
    public IReadOnlyList<ManifestLine> Manifests { get; init; } = [];

    /// <summary>Whether the reader may delete manifests.</summary>
    public bool MayDelete { get; init; }

    /// <summary>Which of the tags the reader may delete.</summary>
    public IReadOnlyList<string> Deletable { get; init; } = [];

    /// <summary>Whether attachments are listed in place of releases.</summary>
    public bool IsAttachments { get; init; }

    /// <summary>How many tags are attachments.</summary>
    public long AttachmentCount { get; init; }

    /// <summary>How many tags the filter lets through.</summary>
    public long FittingCount { get; init; }

    /// <summary>Whether it is in a space that speaks for this registry.</summary>
    public bool IsOfficial { get; init; }

    /// <summary>Whether the reader watches it.</summary>
    public bool IsWatched { get; init; }
}

/// <summary>A tag.</summary>
/// <param name="Children">How many images an index has; 0 for an image.</param>
public sealed record TagLine(string Name, string Digest, DateTimeOffset MovedAt, long Size, long Children, string? MovedBy, DateTimeOffset? PulledAt)
{
    /// <summary>Whether it is an index, even one of nothing.</summary>
    public bool IsIndex { get; init; }

    /// <summary>For which platforms an index has something; none for an image.</summary>
    public IReadOnlyList<string> Platforms { get; init; } = [];

    /// <summary>How large what an index has is, as far as it is here; none for an image.</summary>
    public IReadOnlyList<long> Sizes { get; init; } = [];
}

/// <summary>A move of a tag.</summary>
/// <param name="Digest">To where; null when it was deleted.</param>
/// <param name="IsThere">Whether that is still here.</param>
/// <param name="Before">From where, if that is still here.</param>
public sealed record MoveLine(long Id, string Tag, string? Digest, string Actor, DateTimeOffset MovedAt, bool IsThere, string? Before);

/// <summary>Pulls on a day.</summary>
public sealed record DayCount(DateTimeOffset Day, long Count);
