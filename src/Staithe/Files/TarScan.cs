using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Staithe.Files;

/// <summary>
/// Reads an archive entry by entry (POSIX.1-2001 pax, ustar, and GNU's long names and sparse files) as those do who unpack images. It believes nothing: every
/// length is bounded before it is used. An entry that cannot be read has a <see cref="TarEntry.Problem"/>, and the next one is read; only where the
/// archive itself is broken, so that nobody knows where the next entry begins, it ends.
/// </summary>
internal sealed class TarScan(LayerStream source, LayerLimits limits)
{
    const int BlockBytes = 512;
    const int MaxPaxBytes = 1024 * 1024;
    const int MaxExtensionsInARow = 16;

    readonly long started = Stopwatch.GetTimestamp();
    readonly byte[] block = new byte[BlockBytes];
    readonly byte[] scratch = new byte[64 * 1024];
    long dataLeft;
    long padding;
    long extensionBytes;

    /// <summary>The next entry, or null at the end. What was not read of the one before is passed over.</summary>
    /// <exception cref="LayerRefusedException">This is no archive, or not one that is taken.</exception>
    public TarEntry? Next()
    {
        var extensions = new Extensions();
        for (var count = 0; ; count++)
        {
            if (count > MaxExtensionsInARow)
                throw new LayerRefusedException("it has more than 16 headers for one entry");
            Skip();
            if (!TryReadBlock() || IsZero(block))
                return extensions.IsEmpty ? null : throw new LayerRefusedException("its archive ends behind a header that is about another one");
            CheckSum();
            var type = (char)block[156];
            var stored = Number(124, 12);
            if (!IsExtension(type))
                return Entry(type, stored, extensions);
            if (stored is null or < 0)
                throw new LayerRefusedException("it has a header about another one whose size is none");
            ReadExtension(type, stored.Value, extensions);
        }
    }

    /// <summary>Some of the bytes of the entry; 0 at their end.</summary>
    public int Read(Span<byte> buffer)
    {
        if (dataLeft == 0)
            return 0;
        var read = source.Read(buffer[..(int)Math.Min(buffer.Length, dataLeft)]);
        if (read == 0)
            throw Truncated();
        dataLeft -= read;
        limits.Check(source, started);
        return read;
    }

    /// <summary>Reads what comes behind the end of the archive.</summary>
    /// <exception cref="LayerRefusedException">It cannot be read, or is too much.</exception>
    public void ReadToEnd(Action note)
    {
        while (source.Read(scratch) > 0)
        {
            limits.Check(source, started);
            note();
        }
    }

    static bool IsExtension(char type) => type is 'x' or 'X' or 'g' or 'L' or 'K';

    void ReadExtension(char type, long stored, Extensions extensions)
    {
        extensionBytes += stored + BlockBytes;
        if (stored > MaxPaxBytes || extensionBytes > limits.MaxExtensionBytes)
            throw new LayerRefusedException("its headers are too long");
        Begin(stored);
        var text = new byte[stored];
        for (var filled = 0; filled < text.Length;)
            filled += Read(text.AsSpan(filled));
        if (type is 'L')
            extensions.Path = Text(text);
        else if (type is 'K')
            extensions.Link = Text(text);
        else if (type is not 'g') // those that are for all entries say nothing about names and sizes that anybody would follow
            ReadPax(text, extensions);
    }

    TarEntry Entry(char type, long? told, Extensions extensions)
    {
        var problem = extensions.Problem ?? (told is null ? "its size is no number" : told < 0 ? "its size is below zero" : null);
        var stored = Math.Max(told ?? 0, 0);
        var path = extensions.Path ?? HeaderPath();
        var link = extensions.Link ?? Text(block.AsSpan(157, 100));
        var size = extensions.Size ?? stored;
        var sparse = extensions.IsSparse;
        var kind = type switch
        {
            '0' or '\0' or '7' => path.EndsWith('/') ? EntryType.Directory : EntryType.File,
            '1' => EntryType.HardLink,
            '2' => EntryType.SymbolicLink,
            '3' => EntryType.CharacterDevice,
            '4' => EntryType.BlockDevice,
            '5' => EntryType.Directory,
            '6' => EntryType.Fifo,
            'S' => EntryType.File,
            _ => default,
        };
        if (kind == default)
            problem ??= "its type is unknown";
        // A file whose name ends with a slash is a directory and has its data all the same, which is passed over.
        stored = kind is EntryType.File or default(EntryType) || type is '0' or '\0' or '7' ? extensions.Size ?? stored : 0;
        if (type == 'S')
        {
            (sparse, size) = (true, Number(483, 12) ?? -1);
            SkipSparseMap();
        }
        if (extensions.RealSize is { } real)
            size = real;
        if (size < 0)
            problem ??= "its size is below zero";
        if (kind == EntryType.File && !sparse && size != stored)
            problem ??= "it has two sizes";
        Begin(stored);
        var (mode, user, group, time) = (Number(100, 8), extensions.UserId ?? Number(108, 8), extensions.GroupId ?? Number(116, 8), extensions.Modified ?? Number(136, 12));
        if (mode is null || user is null || group is null || time is null)
            problem ??= "its header has a number that is none";
        return new TarEntry(
            path,
            kind,
            kind == EntryType.File ? size : 0,
            (int)((mode ?? 0) & 0xFFF),
            user ?? 0,
            group ?? 0,
            time ?? 0,
            kind is EntryType.HardLink or EntryType.SymbolicLink ? link : "",
            source.Position,
            stored,
            sparse) { Problem = problem };
    }

    string HeaderPath()
    {
        var name = Text(block.AsSpan(0, 100));
        // GNU's own format has the same word with spaces behind it, and times where the prefix would be.
        var prefix = block.AsSpan(257, 6).SequenceEqual("ustar\0"u8) ? Text(block.AsSpan(345, 155)) : "";
        return prefix.Length == 0 ? name : $"{prefix}/{name}";
    }

    // The map of an old sparse file goes on in blocks of its own, before the data.
    void SkipSparseMap()
    {
        var more = block[482] != 0;
        var rest = new byte[BlockBytes];
        while (more)
        {
            extensionBytes += BlockBytes;
            if (extensionBytes > limits.MaxExtensionBytes)
                throw new LayerRefusedException("its headers are too long");
            if (!TryFill(rest))
                throw Truncated();
            more = rest[504] != 0;
        }
    }

    void Begin(long stored)
    {
        dataLeft = stored;
        padding = (BlockBytes - (stored % BlockBytes)) % BlockBytes;
    }

    void Skip()
    {
        while (Read(scratch) > 0)
        {
            // nobody wanted it
        }
        // The last entry of a careless archive is not padded.
        while (padding > 0 && source.Read(block.AsSpan(0, (int)padding)) is > 0 and var read)
            padding -= read;
        padding = 0;
        limits.Check(source, started);
    }

    bool TryReadBlock() => TryFill(block);

    // False when nothing is left; the end of an archive without the two empty blocks is an end, too.
    bool TryFill(byte[] target)
    {
        var filled = 0;
        while (filled < target.Length)
        {
            var read = source.Read(target.AsSpan(filled));
            if (read == 0)
                return filled == 0 ? false : throw Truncated();
            filled += read;
        }
        return true;
    }

    void CheckSum()
    {
        long unsigned = 0, signed = 0;
        for (var i = 0; i < BlockBytes; i++)
        {
            var value = i is >= 148 and < 156 ? (byte)' ' : block[i];
            unsigned += value;
            signed += (sbyte)value;
        }
        var told = Number(148, 8);
        if (told != unsigned && told != signed)
            throw new LayerRefusedException(source.Position <= BlockBytes ? "it is no archive of files" : "its archive is damaged");
    }

    // Octal digits, or for large numbers base 256 with the first bit set; null for what is neither.
    long? Number(int offset, int length)
    {
        var field = block.AsSpan(offset, length);
        if ((field[0] & 0x80) != 0)
        {
            var isNegative = (field[0] & 0x40) != 0;
            long number = isNegative ? -1 : 0;
            for (var i = 0; i < length; i++)
            {
                var value = i == 0 ? (byte)(isNegative ? field[0] : field[0] & 0x7F) : field[i];
                if (number is > long.MaxValue >> 8 or < long.MinValue >> 8)
                    return null;
                number = (number << 8) | value;
            }
            return number;
        }
        var text = field.Trim(" \0"u8);
        if (text.IsEmpty)
            return 0;
        long octal = 0;
        foreach (var digit in text)
        {
            if (digit == 0 || digit == ' ')
                break;
            if (digit is < (byte)'0' or > (byte)'7' || octal > long.MaxValue >> 3)
                return null;
            octal = (octal << 3) | (uint)(digit - '0');
        }
        return octal;
    }

    // "LENGTH KEY=VALUE\n", the length counting itself.
    static void ReadPax(ReadOnlySpan<byte> records, Extensions extensions)
    {
        while (!records.IsEmpty)
        {
            var space = records.IndexOf((byte)' ');
            if (space <= 0 || !Utf8Parser.TryParse(records[..space], out int length, out var digits) || digits != space || length <= space + 1 || length > records.Length || records[length - 1] != '\n')
            {
                extensions.Problem ??= "its extended header cannot be read";
                return;
            }
            var record = records[(space + 1)..(length - 1)];
            records = records[length..];
            var equals = record.IndexOf((byte)'=');
            if (equals <= 0)
            {
                extensions.Problem ??= "its extended header cannot be read";
                return;
            }
            Take(Encoding.UTF8.GetString(record[..equals]), record[(equals + 1)..], extensions);
        }
    }

    static void Take(string key, ReadOnlySpan<byte> value, Extensions extensions)
    {
        switch (key)
        {
            case "path":
                extensions.Path ??= Whole(value, extensions); // that of a sparse file comes with another key, and is the right one
                break;
            case "GNU.sparse.name":
                extensions.Path = Whole(value, extensions);
                break;
            case "linkpath":
                extensions.Link = Whole(value, extensions);
                break;
            case "size":
                extensions.Size = Decimal(value, extensions);
                break;
            case "uid":
                extensions.UserId = Decimal(value, extensions);
                break;
            case "gid":
                extensions.GroupId = Decimal(value, extensions);
                break;
            case "mtime":
                extensions.Modified = Seconds(value);
                break;
            case "GNU.sparse.realsize" or "GNU.sparse.size":
                (extensions.IsSparse, extensions.RealSize) = (true, Decimal(value, extensions));
                break;
            case "GNU.sparse.major" or "GNU.sparse.map" or "GNU.sparse.numblocks":
                extensions.IsSparse = true;
                break;
        }
    }

    static string Whole(ReadOnlySpan<byte> value, Extensions extensions)
    {
        if (value.Contains((byte)0))
            extensions.Problem ??= "its name has a NUL in it";
        return Name(value);
    }

    static long? Decimal(ReadOnlySpan<byte> value, Extensions extensions)
    {
        if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return number;
        extensions.Problem ??= "its extended header has a number that is none";
        return null;
    }

    static long Seconds(ReadOnlySpan<byte> value)
    {
        var point = value.IndexOf((byte)'.');
        return long.TryParse(point < 0 ? value : value[..point], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;
    }

    static string Text(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return Name(end < 0 ? field : field[..end]);
    }

    // A name is bytes. Those that are no UTF-8 are written as \xNN, so that two names stay two.
    static string Name(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
            return Encoding.UTF8.GetString(bytes);
        var name = new StringBuilder(bytes.Length * 2);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var used) == OperationStatus.Done)
            {
                name.Append(rune.ToString());
            }
            else
            {
                foreach (var one in bytes[..used])
                    name.Append(CultureInfo.InvariantCulture, $"\\x{one:x2}");
            }
            bytes = bytes[used..];
        }
        return name.ToString();
    }

    static bool IsZero(ReadOnlySpan<byte> bytes) => !bytes.ContainsAnyExcept((byte)0);

    static LayerRefusedException Truncated() => new("its archive ends in the middle of an entry");

    sealed class Extensions
    {
        public string? Path { get; set; }

        public string? Link { get; set; }

        public long? Size { get; set; }

        public long? RealSize { get; set; }

        public long? UserId { get; set; }

        public long? GroupId { get; set; }

        public long? Modified { get; set; }

        public bool IsSparse { get; set; }

        /// <summary>What is wrong with these headers, and costs the entry that they are about.</summary>
        public string? Problem { get; set; }

        public bool IsEmpty => Problem is null && Path is null && Link is null && Size is null && RealSize is null && !IsSparse;
    }
}
