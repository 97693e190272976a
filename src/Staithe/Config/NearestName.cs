using System.Globalization;
using System.Text;

namespace Staithe.Config;

/// <summary>Finds what somebody meant who wrote a name that does not exist.</summary>
internal static class NearestName
{
    /// <summary>The part of a message that names the nearest name, or nothing when none is near.</summary>
    public static string Hint(string name, IEnumerable<string> known) => Find(name, known) is { } nearest ? $"; did you mean {nearest}?" : "";

    /// <summary>The known name with the fewest slips between it and <paramref name="name"/>, or null when that would be more than a slip or two.</summary>
    public static string? Find(string name, IEnumerable<string> known)
    {
        var written = Letters(name);
        if (written.Length is 0 or > 60)
            return null;
        var nearest = known.Select(candidate => (Name: candidate, Slips: Slips(written, Letters(candidate)))).MinBy(candidate => candidate.Slips);
        return nearest.Slips <= Math.Max(1, written.Length / 3) ? nearest.Name : null;
    }

    /// <summary>What counts of a name. Case and separators never do: upload_hours, upload-hours and UploadHours all mean uploadHours.</summary>
    public static string Letters(string name)
    {
        var letters = new StringBuilder();
        foreach (var c in name)
        {
            if (c is not ('_' or '-' or '.' or ' '))
                letters.Append(char.ToLower(c, CultureInfo.InvariantCulture));
        }
        return letters.ToString();
    }

    // Edit distance with swapped neighbours as one slip (optimal string alignment).
    static int Slips(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            table[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            table[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var change = table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                table[i, j] = Math.Min(change, Math.Min(table[i - 1, j], table[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    table[i, j] = Math.Min(table[i, j], table[i - 2, j - 2] + 1);
            }
        }
        return table[a.Length, b.Length];
    }
}
