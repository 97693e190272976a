namespace Staithe.Bench;

/// <summary>The bench cannot run, or a server did not answer as it must; the message is for the person who runs it.</summary>
internal sealed class BenchException(string message) : Exception(message);
