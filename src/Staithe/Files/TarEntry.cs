namespace Staithe.Files;

/// <summary>What an entry of an archive, or a name in a file system, is.</summary>
internal enum EntryType : byte
{
    File = 1,
    Directory = 2,
    SymbolicLink = 3,

    /// <summary>Another name of a file that is not in the same layer; one that is becomes a file like the other.</summary>
    HardLink = 4,

    CharacterDevice = 5,
    BlockDevice = 6,
    Fifo = 7,

    /// <summary>Hides what has this name in the layers below.</summary>
    Whiteout = 8,
}

/// <summary>An entry of an archive as its header tells it.</summary>
/// <param name="Path">As it is written there; nobody has looked at it.</param>
/// <param name="Size">What a file has when it is unpacked.</param>
/// <param name="Modified">In seconds since 1970.</param>
/// <param name="Link">Where a link points.</param>
/// <param name="Offset">Where its bytes begin in the archive.</param>
/// <param name="StoredBytes">How many there are.</param>
/// <param name="IsSparse">Whether they are not the file's content as it is, because holes were left out.</param>
internal sealed record TarEntry(string Path, EntryType Type, long Size, int Mode, long UserId, long GroupId, long Modified, string Link, long Offset, long StoredBytes, bool IsSparse)
{
    /// <summary>Why the entry is to be left out; null when it is one that can be taken.</summary>
    public string? Problem { get; init; }
}
