using Staithe.Database;

namespace Staithe.Federation;

/// <summary>A robot that was let in.</summary>
/// <param name="TrustId">The rule that let it in.</param>
/// <param name="EndsAt">Until when, in milliseconds since 1970: the end of the token or of the robot, whichever comes first.</param>
internal sealed record KeylessRobot(long Id, string FullName, long TrustId, long EndsAt);

/// <summary>
/// Lets robots in by what an issuer says of whoever shows its token, such as a job of a build system: a rule of the robot has to name the issuer, whom
/// the token is for, and what it says.
/// </summary>
internal sealed class KeylessRobots(Db db, Issuers issuers, IdTokens tokens, TimeProvider clock)
{
    /// <summary>Whether a name and a secret are a robot's and a token from elsewhere, and nothing else.</summary>
    public static bool Takes(string name, string secret) => name.Contains('+', StringComparison.Ordinal) && IdTokens.Are(secret);

    /// <summary>The robot, or why not; with why not, the space whose admins may read that, once the token has shown to be an issuer's.</summary>
    /// <param name="name">As <c>space+name</c>.</param>
    /// <param name="text">The token.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="FederationException">The token is not believed.</exception>
    public async Task<(KeylessRobot? Robot, string Why, string? Space)> TryAsync(string name, string text, CancellationToken cancel)
    {
        // First the token, and only then the robot: nobody learns from how long it takes which robots there are.
        var token = await tokens.ReadAsync(text, issuers.Find, cancel);
        var plus = name.IndexOf('+', StringComparison.Ordinal);
        var (space, robot) = (name[..plus], name[(plus + 1)..]);
        var rules = await db.ReadAsync(session => TrustTable.ListUsableAsync(session, space, robot, token.Issuer), cancel);
        if (rules.Count == 0)
            return (null, "no keyless robot of that name trusts the issuer", null);
        if (token.ExpiresAt <= clock.GetUtcNow().ToUnixTimeSeconds())
            return (null, "the token has ended", space);
        var lacks = new List<string>();
        foreach (var rule in rules)
        {
            if (!token.Audiences.Contains(rule.Audience))
                lacks.Add($"the token is for {IdToken.Listed(token.Audiences)}");
            else if (rule.Claims.Match(token.Claims, out var lack))
                return (new KeylessRobot(rule.RobotId, rule.Robot, rule.Id, Math.Min(token.ExpiresAt * 1000, rule.RobotEndsAt ?? long.MaxValue)), "", space);
            else
                lacks.Add(lack);
        }
        return (null, $"no rule lets the token in: {string.Join("; ", lacks.Distinct().Take(3))}", space);
    }
}
