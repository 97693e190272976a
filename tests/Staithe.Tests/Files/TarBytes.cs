using System.Globalization;
using System.Text;

namespace Staithe.Tests.Files;

/// <summary>Writes archives header by header, as nobody in their right mind would.</summary>
internal sealed class TarBytes
{
    readonly MemoryStream stream = new();

    /// <summary>An entry whose header says what it is told to, whether it is true or not.</summary>
    public TarBytes Add(string name, char type = '0', byte[]? content = null, string link = "", string? size = null, int mode = 0x1A4, string magic = "ustar\0", bool breakSum = false, long modified = 1_700_000_000, int owner = 0)
    {
        content ??= [];
        var block = new byte[512];
        Write(block, 0, 100, name);
        Write(block, 100, 8, Octal(mode, 7));
        Write(block, 108, 8, Octal(owner, 7));
        Write(block, 116, 8, Octal(owner, 7));
        Write(block, 124, 12, size ?? Octal(content.Length, 11));
        Write(block, 136, 12, Octal(modified, 11));
        block[156] = (byte)type;
        Write(block, 157, 100, link);
        Write(block, 257, 8, magic + "00");
        block.AsSpan(148, 8).Fill((byte)' ');
        Write(block, 148, 8, Octal(block.Sum(value => (long)value) + (breakSum ? 1 : 0), 6) + "\0");
        stream.Write(block);
        Pad(content);
        return this;
    }

    public TarBytes Directory(string name, int mode = 0x1ED) => Add(name, '5', mode: mode);

    public TarBytes File(string name, string content, int mode = 0x1A4) => Add(name, content: Encoding.UTF8.GetBytes(content), mode: mode);

    public TarBytes Link(string name, string target) => Add(name, '2', link: target);

    /// <summary>Extended headers for the entry that follows.</summary>
    public TarBytes Pax(params ReadOnlySpan<(string Key, string Value)> records)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in records)
            text.Append(Record(key, value));
        return Add("pax", 'x', Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>Bytes as they are.</summary>
    public TarBytes Raw(byte[] bytes)
    {
        stream.Write(bytes);
        return this;
    }

    /// <summary>The archive with its end.</summary>
    public byte[] End()
    {
        stream.Write(new byte[1024]);
        return stream.ToArray();
    }

    /// <summary>What there is so far.</summary>
    public byte[] Cut() => stream.ToArray();

    /// <summary>A record of an extended header, which counts itself.</summary>
    public static string Record(string key, string value)
    {
        var rest = Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value) + 3;
        var length = rest + 1;
        while (length != rest + Digits(length))
            length = rest + Digits(length);
        return $"{length.ToString(CultureInfo.InvariantCulture)} {key}={value}\n";
    }

    static int Digits(int number) => number.ToString(CultureInfo.InvariantCulture).Length;

    void Pad(byte[] content)
    {
        stream.Write(content);
        stream.Write(new byte[(512 - (content.Length % 512)) % 512]);
    }

    static string Octal(long number, int digits) => Convert.ToString(number, 8).PadLeft(digits, '0');

    static void Write(byte[] block, int offset, int length, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        bytes.AsSpan(0, Math.Min(length, bytes.Length)).CopyTo(block.AsSpan(offset));
    }
}
