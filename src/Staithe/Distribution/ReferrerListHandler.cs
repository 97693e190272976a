using System.Globalization;
using System.Text.Json;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>
/// end-12: what refers to a manifest, as an image index. Every manifest with a <c>subject</c> is in the list from the moment it is pushed,
/// also one that a client listed under the referrers tag schema, so there is nothing to look up under such tags.
/// </summary>
internal sealed class ReferrerListHandler(Db db)
{
    // Annotations make descriptors of any size; an answer ends where a client's limit for an index would.
    const int MaxAnswerBytes = 4 * 1024 * 1024;

    /// <param name="asked">The path by which the list was asked for, where it is another than the route's own.</param>
    public async Task GetAsync(HttpContext http, OciRoute.ReferrerList route, string? asked = null)
    {
        var page = Page.Of(http.Request);
        var artifactType = http.Request.Query["artifactType"] is [{ Length: > 0 } type, ..] ? MediaTypes.FromQuery(type) : null;
        var last = 0L;
        if (page.Last.Length > 0 && !long.TryParse(page.Last, NumberStyles.None, CultureInfo.InvariantCulture, out last))
            throw new OciException(OciError.ParameterInvalid, "last is not from a Link of this list");

        // An unknown repository has no referrers; the specification wants no 404 here.
        var (referrers, more) = await db.ReadAsync(
            async session => await RepositoryTable.FindIdAsync(session, route.Name) is { } repoId
                ? await ManifestTable.ListReferrersAsync(session, repoId, route.Subject, artifactType, last, page.Limit, MaxAnswerBytes)
                : ([], false),
            http.RequestAborted);
        if (more && referrers.Count > 0)
            page.Link(http.Response, asked ?? route.Path, referrers[^1].Id.ToString(CultureInfo.InvariantCulture), artifactType is null ? null : $"&artifactType={Uri.EscapeDataString(artifactType)}");
        if (artifactType is not null)
            http.Response.Headers["OCI-Filters-Applied"] = "artifactType";
        await WholeBody.SendAsync(http, MediaTypes.OciIndex, JsonBody.Write(json => WriteIndex(json, referrers)));
    }

    /// <summary>The answer where there is nothing to list.</summary>
    public static Task SendNothingAsync(HttpContext http) => WholeBody.SendAsync(http, MediaTypes.OciIndex, JsonBody.Write(json => WriteIndex(json, [])));

    static void WriteIndex(Utf8JsonWriter json, List<Referrer> referrers)
    {
        json.WriteStartObject();
        json.WriteNumber("schemaVersion", 2);
        json.WriteString("mediaType", MediaTypes.OciIndex);
        json.WriteStartArray("manifests");
        foreach (var referrer in referrers)
        {
            json.WriteStartObject();
            json.WriteString("mediaType", referrer.MediaType);
            json.WriteString("digest", referrer.Digest);
            json.WriteNumber("size", referrer.Size);
            if (referrer.ArtifactType is not null)
                json.WriteString("artifactType", referrer.ArtifactType);
            if (referrer.AnnotationsJson is not null)
            {
                json.WritePropertyName("annotations");
                json.WriteRawValue(referrer.AnnotationsJson);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
