namespace Staithe.Files;

/// <summary>A place in a compressed layer from which it can be read on.</summary>
/// <param name="Out">How many bytes of the archive come before it.</param>
/// <param name="In">How many compressed bytes come before it.</param>
/// <param name="Bits">How many bits of the byte before belong to what follows.</param>
/// <param name="Window">What the stream may refer back to; null at the beginning of a member or frame, which refers to nothing.</param>
internal sealed record Checkpoint(long Out, long In, int Bits, byte[]? Window)
{
    public static Checkpoint Start { get; } = new(0, 0, 0, null);
}
