using Cronos;

namespace Staithe.Jobs;

/// <summary>When a kind of work is done by itself.</summary>
internal sealed class JobSchedule(string text)
{
    readonly CronExpression times = CronExpression.Parse(text, text.Split(' ').Length == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard);

    /// <summary>The next time behind one, in milliseconds since 1970.</summary>
    public long Next(DateTimeOffset after) => times.GetNextOccurrence(after, TimeZoneInfo.Utc)?.ToUnixTimeMilliseconds() ?? long.MaxValue;

    public override string ToString() => text;
}
