namespace Staithe.Tests.Clients;

/// <summary>Two groups of stories that run side by side; within a group one comes after the other, so that a small machine is not overrun.</summary>
internal static class ClientCollections
{
    /// <summary>Those that run containers on podman's default network, of which a machine has one, and podman's others.</summary>
    public const string Podman = "Clients: podman";

    public const string Others = "Clients: others";
}
