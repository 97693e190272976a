namespace Staithe.Jobs;

/// <summary>The kinds of background work, as <c>jobs</c> and the admin's page name them.</summary>
internal static class WorkKind
{
    /// <summary>Those whose units are rows, which a <see cref="JobRunner"/> takes: what can be paused and cancelled.</summary>
    public static IReadOnlyList<string> Queues { get; } = [Search, Images, Uploads, Trash, Layers, AuditAge, Readmes, Events];

    public const string Search = "search index";
    public const string Images = "layer inspection";
    public const string Layers = "layer cleaning";
    public const string Readmes = "readme rendering";
    public const string Uploads = "expired uploads";
    public const string Trash = "trash";
    public const string AuditAge = "old audit lines";
    public const string Audit = "audit lines";
    public const string Pulls = "pull counts";
    public const string Links = "share link counts";
    public const string LastUse = "last use of tokens";
    public const string Events = "events";
    public const string Jobs = "jobs";
    public const string AuditedSpaces = "audited spaces";
}
