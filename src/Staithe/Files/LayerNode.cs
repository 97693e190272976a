using System.Buffers.Binary;

namespace Staithe.Files;

/// <summary>What a listing says of a name besides its type.</summary>
[Flags]
internal enum NodeFlags : byte
{
    None = 0,

    /// <summary>A directory that the archive has no entry for, only entries in it.</summary>
    Implied = 1,

    /// <summary>Hides what is in the directory of that name in the layers below.</summary>
    Opaque = 2,

    /// <summary>Hides what has this name in the layers below, and is there itself.</summary>
    Replaces = 4,

    /// <summary>A file with holes, whose bytes cannot be had one by one.</summary>
    Sparse = 8,

    /// <summary>Has another name in its layer, which is its link.</summary>
    Linked = 16,
}

/// <summary>
/// A name in a listing, as it stands there: a record of <see cref="RecordBytes"/>, with its name and link in the part for texts. The
/// children of a directory stand behind one another, in the order of their names.
/// </summary>
internal readonly record struct LayerNode(
    int Index,
    EntryType Type,
    NodeFlags Flags,
    int Mode,
    long UserId,
    long GroupId,
    long Modified,
    long Size,
    long Offset,
    int FirstChild,
    int Children,
    long NameAt,
    int NameBytes,
    int LinkBytes)
{
    public const int RecordBytes = 112;
    const int DigestAt = 80;

    /// <summary>The sha256 of a file's bytes.</summary>
    public ReadOnlyMemory<byte> Hash { get; init; }

    public void Write(Span<byte> record)
    {
        record.Clear();
        record[0] = (byte)Type;
        record[1] = (byte)Flags;
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], Mode);
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], UserId);
        BinaryPrimitives.WriteInt64LittleEndian(record[16..], GroupId);
        BinaryPrimitives.WriteInt64LittleEndian(record[24..], Modified);
        BinaryPrimitives.WriteInt64LittleEndian(record[32..], Size);
        BinaryPrimitives.WriteInt64LittleEndian(record[40..], Offset);
        BinaryPrimitives.WriteInt32LittleEndian(record[48..], FirstChild);
        BinaryPrimitives.WriteInt32LittleEndian(record[52..], Children);
        BinaryPrimitives.WriteInt64LittleEndian(record[56..], NameAt);
        BinaryPrimitives.WriteInt32LittleEndian(record[64..], NameBytes);
        BinaryPrimitives.WriteInt32LittleEndian(record[68..], LinkBytes);
        Hash.Span.CopyTo(record[DigestAt..]);
    }

    public static LayerNode Read(int index, ReadOnlySpan<byte> record) => new(
        index,
        (EntryType)record[0],
        (NodeFlags)record[1],
        BinaryPrimitives.ReadInt32LittleEndian(record[4..]),
        BinaryPrimitives.ReadInt64LittleEndian(record[8..]),
        BinaryPrimitives.ReadInt64LittleEndian(record[16..]),
        BinaryPrimitives.ReadInt64LittleEndian(record[24..]),
        BinaryPrimitives.ReadInt64LittleEndian(record[32..]),
        BinaryPrimitives.ReadInt64LittleEndian(record[40..]),
        BinaryPrimitives.ReadInt32LittleEndian(record[48..]),
        BinaryPrimitives.ReadInt32LittleEndian(record[52..]),
        BinaryPrimitives.ReadInt64LittleEndian(record[56..]),
        BinaryPrimitives.ReadInt32LittleEndian(record[64..]),
        BinaryPrimitives.ReadInt32LittleEndian(record[68..]))
    {
        Hash = (EntryType)record[0] == EntryType.File ? record.Slice(DigestAt, 32).ToArray() : ReadOnlyMemory<byte>.Empty,
    };
}
