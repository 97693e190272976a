using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Staithe.Distribution;

/// <summary>Writes JSON that fits in memory.</summary>
internal static class JsonBody
{
    static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
            write(json);
        return buffer.WrittenSpan.ToArray();
    }
}
