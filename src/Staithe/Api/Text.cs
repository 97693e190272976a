using System.Globalization;

namespace Staithe.Api;

/// <summary>Numbers as text for machines.</summary>
internal static class Text
{
    public static string Of(long number) => number.ToString(CultureInfo.InvariantCulture);
}
