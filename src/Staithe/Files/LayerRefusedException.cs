namespace Staithe.Files;

/// <summary>A layer that cannot be looked into, for a reason that lies in itself: trying again would not help.</summary>
internal sealed class LayerRefusedException(string message) : Exception(message);
