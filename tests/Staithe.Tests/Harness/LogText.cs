using System.Text;

namespace Staithe.Tests.Harness;

/// <summary>What a server writes, which may be read while it does.</summary>
internal sealed class LogText : TextWriter
{
    readonly Lock gate = new();
    readonly StringBuilder text = new();

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        lock (gate)
            text.Append(value);
    }

    public override void Write(string? value)
    {
        lock (gate)
            text.Append(value);
    }

    public override void Write(char[] buffer, int index, int count)
    {
        lock (gate)
            text.Append(buffer, index, count);
    }

    public string Read()
    {
        lock (gate)
            return text.ToString();
    }
}
