using System.Text.Encodings.Web;
using System.Text.Json;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;

namespace Staithe.Managing;

/// <summary>Who did what, newest first: of a space for who manages it, of the whole registry for its admins.</summary>
internal static class AuditReport
{
    /// <summary>The media type of JSON lines.</summary>
    public const string Lines = "application/jsonl";

    const int BatchRows = 1000;

    static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The filter with the space as it is called now, once it is settled that the asker may see its lines.</summary>
    /// <exception cref="AccountException">The asker may not.</exception>
    public static async Task<AuditFilter> AdmitAsync(DbSession session, Identity who, AuditFilter filter)
    {
        filter = filter with { Actor = filter.Actor?.Replace(' ', '+') }; // a plus of the query, as many write it; no name has a blank
        if (filter.Space is { } name)
            return filter with { Space = (await SpaceAccess.RequireAsync(session, who, name, Rights.Manage)).Name };
        Asker.RequireAdmin(who);
        return filter;
    }

    /// <summary>Writes lines as JSON, one a line, read and sent a page at a time.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="db">Where from.</param>
    /// <param name="filter">Which, as <see cref="AdmitAsync"/> let them through.</param>
    /// <param name="before">Those before this one.</param>
    /// <param name="left">The most.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task WriteAsync(Stream output, Db db, AuditFilter filter, long before, int left, CancellationToken cancel)
    {
        using var text = new MemoryStream();
        while (left > 0)
        {
            var lines = await db.ReadAsync(session => AuditTable.ListAsync(session, filter, before, Math.Min(left, BatchRows)), cancel);
            if (lines.Count == 0)
                return;
            text.SetLength(0);
            foreach (var line in lines)
                Write(text, line);
            await output.WriteAsync(text.GetBuffer().AsMemory(0, (int)text.Length), cancel);
            (before, left) = (lines[^1].Id, left - lines.Count);
        }
    }

    static void Write(MemoryStream text, AuditLine line)
    {
        AuditJson.Write(text, line, Json);
        text.WriteByte((byte)'\n');
    }
}
