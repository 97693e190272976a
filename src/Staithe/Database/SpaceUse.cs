using Staithe.Storage;

namespace Staithe.Database;

/// <summary>What a write does to a disk that is full, and so how much of the <see cref="DiskReserve"/> it may use.</summary>
internal enum SpaceUse
{
    /// <summary>It adds content, or what is derived from it: none of the reserve.</summary>
    Grows,

    /// <summary>It is small and limited by other means, such as a sign-in or a change of rights: half of the reserve.</summary>
    Small,

    /// <summary>It takes something away: all of the reserve.</summary>
    Frees,
}
