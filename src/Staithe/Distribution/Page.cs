using System.Globalization;
using Staithe.Oci;

namespace Staithe.Distribution;

/// <summary>What part of a list a client wants: <c>n</c> entries behind <c>last</c> (distribution-spec, "Listing Tags").</summary>
/// <param name="Limit">The most entries to give.</param>
/// <param name="Last">The entry behind which to begin; empty for the beginning.</param>
internal sealed record Page(int Limit, string Last)
{
    /// <summary>The most entries in one answer; whoever wants more follows the <c>Link</c>.</summary>
    public const int MaxEntries = 10_000;

    /// <exception cref="OciException">UNSUPPORTED when <c>n</c> is not a number from 0.</exception>
    public static Page Of(HttpRequest request)
    {
        var last = request.Query["last"] is [{ } text, ..] ? text : "";
        if (request.Query["n"] is not [{ } n, ..])
            return new Page(MaxEntries, last);
        if (n.Length == 0 || n.AsSpan().ContainsAnyExceptInRange('0', '9'))
            throw new OciException(OciError.ParameterInvalid, $"n is \"{OciException.Quote(n)}\": it must be a number from 0");
        var limit = int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Min(number, MaxEntries) : MaxEntries;
        return new Page(limit, last);
    }

    /// <summary>Drops the entry that was read to learn whether there are more; true when there are.</summary>
    public bool Trim<T>(List<T> entries)
    {
        if (entries.Count <= Limit)
            return false;
        entries.RemoveRange(Limit, entries.Count - Limit);
        return Limit > 0;
    }

    /// <summary>Says where the list goes on (RFC 8288).</summary>
    public void Link(HttpResponse response, string path, string last, string? filter = null) =>
        response.Headers.Link = $"<{path}?n={Limit.ToString(CultureInfo.InvariantCulture)}&last={Uri.EscapeDataString(last)}{filter}>; rel=\"next\"";
}
