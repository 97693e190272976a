using System.Globalization;
using System.Text;

namespace Staithe.Markup;

/// <summary>Takes text up to a length, and throws at what goes beyond, before it is there.</summary>
/// <param name="max">The most characters.</param>
internal sealed class BoundedWriter(int max) : TextWriter(CultureInfo.InvariantCulture)
{
    readonly StringBuilder text = new();

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        Require(1);
        text.Append(value);
    }

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer)
    {
        Require(buffer.Length);
        text.Append(buffer);
    }

    public override string ToString() => text.ToString();

    /// <summary>That it would be too long.</summary>
    public static MarkdownException TooLong(int max) =>
        new(string.Create(CultureInfo.InvariantCulture, $"rendered, it has more than {max} characters of HTML, the most that a page shows: make it shorter, or its links and tables simpler"));

    void Require(int count)
    {
        if (count > max - text.Length)
            throw TooLong(max);
    }
}
