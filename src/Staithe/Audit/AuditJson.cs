using System.Text.Json;

namespace Staithe.Audit;

/// <summary>A line of the audit as JSON: the members that the API has, in its order.</summary>
internal static class AuditJson
{
    public static void Write(Stream to, AuditLine line, JsonWriterOptions options)
    {
        using var json = new Utf8JsonWriter(to, options);
        json.WriteStartObject();
        json.WriteNumber("id", line.Id);
        json.WriteString("at", DateTimeOffset.FromUnixTimeMilliseconds(line.At));
        json.WriteString("actor", line.Actor);
        json.WriteString("action", line.Action);
        json.WriteString("target", line.Target);
        json.WriteString("space", line.Space);
        json.WriteString("address", line.Address);
        json.WriteString("outcome", line.Outcome);
        json.WriteString("detail", line.Detail);
        json.WriteEndObject();
    }
}
