using System.Globalization;
using Staithe.Database;

namespace Staithe.Accounts;

/// <summary>When something ends, by the database's clock.</summary>
internal static class Expiry
{
    /// <summary>The most days that can be asked for; what is to last longer has no end.</summary>
    public const int MaxDays = 3650;

    /// <summary>The time in so many days; null for no end.</summary>
    /// <exception cref="AccountException">The number is not from 1 to <see cref="MaxDays"/>.</exception>
    public static async Task<long?> InAsync(DbSession session, int? days) => days switch
    {
        null => null,
        >= 1 and <= MaxDays => await session.FindNumberAsync(InSql, (long)TimeSpan.FromDays(days.Value).TotalMilliseconds),
        _ => throw new AccountException(AccountProblem.Invalid, $"expiresInDays is {days}: it must be from 1 to {MaxDays}, or left out for what does not end"),
    };

    /// <summary>A time for people: the day and the minute, in UTC.</summary>
    public static string Words(long time) => DateTimeOffset.FromUnixTimeMilliseconds(time).ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    static readonly Sql InSql = new("select {now} + $1");
}
