using System.Buffers.Binary;
using System.Text;

namespace Staithe.Files;

/// <summary>
/// Reads one table of a SQLite file in memory (its file format, sections 1 and 2): rows and no queries. A file out of an image is whatever somebody
/// made it, and an engine that runs what stands in it is more than is needed here.
/// </summary>
internal sealed class SqliteTable
{
    const int MaxDepth = 20;
    const int MaxRows = 200_000;
    const int MaxPayloadBytes = 16 * 1024 * 1024;

    readonly byte[] file;
    readonly int pageBytes;
    readonly int usableBytes;
    int pagesLeft;

    SqliteTable(byte[] file)
    {
        this.file = file;
        var told = BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(16));
        pageBytes = told == 1 ? 65536 : told;
        usableBytes = pageBytes - file[20];
        if (pageBytes < 512 || usableBytes < 480)
            throw new InvalidDataException("no SQLite file");
        pagesLeft = (file.Length / pageBytes) + 1; // each is needed once; a tree that goes round in circles needs more
    }

    /// <summary>The blobs in a column of a table.</summary>
    /// <exception cref="InvalidDataException">It is no SQLite file, or a damaged one.</exception>
    public static List<byte[]> ReadBlobs(byte[] file, string table, int column)
    {
        if (file.Length < 512 || !file.AsSpan().StartsWith("SQLite format 3\0"u8))
            throw new InvalidDataException("no SQLite file");
        try
        {
            var root = 0L;
            new SqliteTable(file).Walk(1, 0, row =>
            {
                if (Text(row, 0) == "table" && Text(row, 1) == table)
                    root = Number(row, 3);
            });
            var blobs = new List<byte[]>();
            if (root > 0)
            {
                new SqliteTable(file).Walk(root, 0, row =>
                {
                    if (Column(row, column) is var (type, value) && type >= 12 && type % 2 == 0)
                        blobs.Add(value.ToArray());
                    if (blobs.Count > MaxRows)
                        throw new InvalidDataException("a SQLite file of too many rows");
                });
            }
            return blobs;
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or IndexOutOfRangeException or OverflowException)
        {
            throw new InvalidDataException("a damaged SQLite file", e);
        }
    }

    void Walk(long page, int depth, Action<ReadOnlyMemory<byte>> row)
    {
        if (depth > MaxDepth || pagesLeft-- <= 0)
            throw new InvalidDataException("a damaged SQLite file");
        var bytes = Page(page).Span;
        var head = page == 1 ? 100 : 0;
        var cells = BinaryPrimitives.ReadUInt16BigEndian(bytes[(head + 3)..]);
        var isLeaf = bytes[head] == 0x0D;
        if (!isLeaf && bytes[head] != 0x05)
            throw new InvalidDataException("a damaged SQLite file");
        var pointers = head + (isLeaf ? 8 : 12);
        for (var i = 0; i < cells; i++)
        {
            var cell = BinaryPrimitives.ReadUInt16BigEndian(bytes[(pointers + (i * 2))..]);
            if (isLeaf)
                row(Payload(page, cell));
            else
                Walk(BinaryPrimitives.ReadUInt32BigEndian(bytes[cell..]), depth + 1, row);
        }
        if (!isLeaf)
            Walk(BinaryPrimitives.ReadUInt32BigEndian(bytes[(head + 8)..]), depth + 1, row);
    }

    ReadOnlyMemory<byte> Page(long number) => file.AsMemory(checked((int)((number - 1) * pageBytes)), pageBytes);

    ReadOnlyMemory<byte> Payload(long page, int cell)
    {
        var bytes = Page(page);
        var at = cell;
        var length = Varint(bytes.Span, ref at);
        Varint(bytes.Span, ref at); // the row's number
        if (length is < 0 or > MaxPayloadBytes)
            throw new InvalidDataException("a SQLite file with a row that is too long");
        var most = usableBytes - 35;
        if (length <= most)
            return bytes.Slice(at, (int)length);
        var least = ((usableBytes - 12) * 32 / 255) - 23;
        var local = least + (int)((length - least) % (usableBytes - 4));
        local = local <= most ? local : least;
        var payload = new byte[length];
        bytes.Span.Slice(at, local).CopyTo(payload);
        var next = BinaryPrimitives.ReadUInt32BigEndian(bytes.Span[(at + local)..]);
        for (var filled = local; filled < payload.Length;)
        {
            if (pagesLeft-- <= 0)
                throw new InvalidDataException("a damaged SQLite file");
            var overflow = Page(next).Span;
            var part = Math.Min(usableBytes - 4, payload.Length - filled);
            overflow.Slice(4, part).CopyTo(payload.AsSpan(filled));
            filled += part;
            next = BinaryPrimitives.ReadUInt32BigEndian(overflow);
        }
        return payload;
    }

    static (long Type, ReadOnlyMemory<byte> Value)? Column(ReadOnlyMemory<byte> row, int column)
    {
        var at = 0;
        var head = Varint(row.Span, ref at);
        var value = (int)head;
        for (var i = 0; at < head; i++)
        {
            var type = Varint(row.Span, ref at);
            var length = type switch
            {
                0 or 8 or 9 => 0,
                <= 4 => (int)type,
                5 => 6,
                6 or 7 => 8,
                _ => checked((int)((type - 12) / 2)),
            };
            if (i == column)
                return (type, row.Slice(value, length));
            value += length;
        }
        return null;
    }

    static string? Text(ReadOnlyMemory<byte> row, int column) => Column(row, column) is var (type, value) && type >= 13 && type % 2 == 1 ? Encoding.UTF8.GetString(value.Span) : null;

    static long Number(ReadOnlyMemory<byte> row, int column)
    {
        if (Column(row, column) is not var (type, value))
            return 0;
        if (type is 8 or 9)
            return type - 8;
        var number = 0L;
        foreach (var one in value.Span)
            number = (number << 8) | one;
        return number;
    }

    static long Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0L;
        for (var i = 0; i < 8; i++)
        {
            var one = bytes[at++];
            value = (value << 7) | (uint)(one & 0x7F);
            if (one < 0x80)
                return value;
        }
        return (value << 8) | bytes[at++];
    }
}
