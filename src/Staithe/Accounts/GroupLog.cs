using Staithe.Oci;

namespace Staithe.Accounts;

/// <summary>
/// Tells the operator why a sign-in has brought somebody into no team: otherwise nobody can see what in the settings is amiss.
/// </summary>
/// <param name="Write">Takes a warning and its fields; never a password.</param>
internal sealed record GroupLog(Action<string, (string Name, object? Value)[]> Write)
{
    const int MaxListed = 20;
    const int MaxShown = 400;

    /// <summary>Groups of the settings are none of somebody's. Names that differ in a letter look alike, so both lists are told.</summary>
    /// <param name="person">Who has signed in.</param>
    /// <param name="source">Where: <c>the directory</c>, or an issuer.</param>
    /// <param name="setting">What maps groups to teams.</param>
    /// <param name="groups">What the source says.</param>
    /// <param name="wanted">What the settings name instead.</param>
    public void NoGroup(string person, string source, string setting, IReadOnlyList<string> groups, IReadOnlyList<string> wanted) => Write(
        $"no group of {OciException.Quote(person)} in {source} is one of {setting}", [("groups", Listed(groups)), ("settings", Listed(wanted))]);

    /// <summary>The settings map a group of somebody to teams that are not there.</summary>
    /// <param name="person">Who has signed in.</param>
    /// <param name="setting">What maps groups to teams.</param>
    /// <param name="teams">The teams, as <c>space/team</c>.</param>
    public void NoTeam(string person, string setting, IReadOnlyCollection<string> teams)
    {
        if (teams.Count > 0)
        {
            Write(
                $"{OciException.Quote(person)} would be in teams that do not exist: make them, or correct {setting}",
                [("teams", Listed([.. teams.Order(StringComparer.Ordinal)]))]);
        }
    }

    static string Listed(IReadOnlyList<string> names) => names.Count == 0
        ? "none"
        : string.Join("; ", names.Take(MaxListed).Select(Shown)) + (names.Count > MaxListed ? $"; and {names.Count - MaxListed} more" : "");

    // A DN is longer than what is quoted at once, and its end tells two apart.
    static string Shown(string name) => string.Concat(name.Take(MaxShown).Chunk(100).Select(some => OciException.Quote(new string(some))));
}
