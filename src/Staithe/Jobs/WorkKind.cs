namespace Staithe.Jobs;

/// <summary>The kinds of background work, as <c>failed_work</c> and the admin's page name them.</summary>
internal static class WorkKind
{
    public const string Search = "search index";
    public const string Images = "layer inspection";
    public const string Uploads = "expired uploads";
    public const string Trash = "trash";
    public const string AuditAge = "old audit lines";
    public const string Audit = "audit lines";
    public const string Pulls = "pull counts";
    public const string Links = "share link counts";
    public const string LastUse = "last use of tokens";
    public const string Events = "events";
    public const string AuditedSpaces = "audited spaces";
}
