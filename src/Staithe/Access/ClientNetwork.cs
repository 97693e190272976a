using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Staithe.Access;

/// <summary>
/// What stands for a client where its address is counted: an IPv4 address, or the /64 of an IPv6 one, since whoever has one address there has
/// all of them.
/// </summary>
internal static class ClientNetwork
{
    const ulong V4 = 0x0000_FFFF_0000_0000;

    /// <summary>Of an address as text; 0 for what is none.</summary>
    public static ulong Of(string? address) => IPAddress.TryParse(address, out var parsed) ? Of(parsed) : 0;

    /// <summary>Of an address; 0 for none.</summary>
    public static ulong Of(IPAddress? address)
    {
        if (address is null)
            return 0;
        Span<byte> bytes = stackalloc byte[16];
        if (!address.TryWriteBytes(bytes, out var length))
            return 0;
        if (address.AddressFamily == AddressFamily.InterNetwork && length == 4)
            return V4 | BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return address.IsIPv4MappedToIPv6 ? V4 | BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]) : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
