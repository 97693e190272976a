using System.Data.Common;
using System.Globalization;

namespace Staithe.Database;

/// <summary>Which part of a list somebody asks for.</summary>
/// <param name="Text">What the entries have in them, in whatever case; empty for anything.</param>
/// <param name="Sort">The name of an order; empty for the usual one.</param>
/// <param name="After">Where the part before it ended; empty for the beginning.</param>
/// <param name="Limit">The most entries.</param>
internal sealed record ListRequest(string Text = "", string Sort = "", string After = "", int Limit = ListRequest.UsualLimit)
{
    /// <summary>The entries of a part when nobody says how many, and the most.</summary>
    public const int UsualLimit = 100, MaxLimit = 1000;

    /// <summary>The longest text that is looked for.</summary>
    public const int MaxText = 128;
}

/// <summary>Part of a list.</summary>
/// <param name="Next">What to ask for as <see cref="ListRequest.After"/> to get the next part; null at the end.</param>
internal sealed record ListPart<T>(IReadOnlyList<T> Items, string? Next)
{
    /// <summary>The same with something made of each entry.</summary>
    public ListPart<TOther> Select<TOther>(Func<T, TOther> map) => new([.. Items.Select(map)], Next);
}

/// <summary>An order of a list: by a column that tells every two entries apart, perhaps behind a number that need not.</summary>
/// <param name="Name">What asks call it; with a minus in front the largest comes first.</param>
/// <param name="Key">The column.</param>
/// <param name="IsNumber">Whether that is a number and no text.</param>
/// <param name="First">The number that comes before it; never null.</param>
internal sealed record ListOrder(string Name, string Key, bool IsNumber = false, string? First = null)
{
    /// <summary>By name.</summary>
    public const string ByName = "name";

    /// <summary>In the order in which the entries were made, and the other way round.</summary>
    public const string Oldest = "created", Newest = "-created";

    /// <summary>What was used last first.</summary>
    public const string LastUsed = "-used";

    /// <summary>Whether the largest comes first.</summary>
    public bool IsDescending => Name.StartsWith('-');
}

/// <summary>The place in a list that an ask names is none.</summary>
internal sealed class ListPlaceException() : Exception("after is no place in this list: take it from next of the page before");

/// <summary>A list that is read part by part: its statements, which a test looks at.</summary>
internal abstract class Listing
{
    /// <summary>The statements, each with what it is for.</summary>
    public abstract IEnumerable<(string Name, Sql Statement)> Statements { get; }

    /// <summary>How a place is written where a number comes before the key.</summary>
    public static string Place(long first, string key) => string.Create(CultureInfo.InvariantCulture, $"{first}.{key}");

    /// <summary>A pattern for <c>like … escape '\'</c> that finds a text anywhere, in whatever case of the Latin letters, in what is in lower case.</summary>
    public static string Pattern(string text) =>
        $"%{string.Concat(text.Select(letter => char.IsAsciiLetterUpper(letter) ? (char)(letter | 0x20) : letter)).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
}

/// <summary>
/// A list that is filtered by a text, put in order and read part by part, each part behind the last entry of the one before: what comes or goes meanwhile neither
/// repeats an entry nor skips one, and the thousandth part costs what the first does.
/// </summary>
internal sealed class Listing<TRow> : Listing
{
    readonly Func<DbDataReader, TRow> map;
    readonly ListOrder[] orders;
    readonly Dictionary<(ListOrder Order, bool HasText, bool IsFirst), Sql> statements = [];

    /// <param name="columns">What is read of each entry.</param>
    /// <param name="from">The tables, and the condition, which uses the arguments <c>$1</c> and on.</param>
    /// <param name="arguments">How many arguments that has.</param>
    /// <param name="text">The column in which a text is looked for.</param>
    /// <param name="map">Makes an entry of a row.</param>
    /// <param name="orders">The orders; the first is the usual one.</param>
    public Listing(string columns, string from, int arguments, string text, Func<DbDataReader, TRow> map, params ListOrder[] orders)
    {
        (this.map, this.orders) = (map, orders);
        foreach (var order in orders)
        {
            foreach (var hasText in (bool[])[false, true])
            {
                foreach (var isFirst in (bool[])[false, true])
                    statements[(order, hasText, isFirst)] = Write(columns, from, arguments, hasText ? text : null, order, isFirst);
            }
        }
    }

    public override IEnumerable<(string Name, Sql Statement)> Statements =>
        statements.Select(one => ($"{one.Key.Order.Name}{(one.Key.HasText ? ".Text" : "")}{(one.Key.IsFirst ? ".First" : "")}", one.Value));

    /// <summary>A part of the list.</summary>
    /// <param name="session">The database.</param>
    /// <param name="asked">Which part. An order that there is not is the usual one: whoever takes it from a stranger checks it.</param>
    /// <param name="arguments">Those of the condition.</param>
    /// <exception cref="ListPlaceException">It begins behind a place that there cannot be.</exception>
    public async Task<ListPart<TRow>> ListAsync(DbSession session, ListRequest asked, params object?[] arguments)
    {
        var order = Array.Find(orders, order => order.Name == asked.Sort) ?? orders[0];
        List<object?> all = [.. arguments];
        if (asked.Text.Length > 0)
            all.Add(Pattern(asked.Text));
        if (asked.After.Length > 0)
            all.AddRange(ReadPlace(order, asked.After));
        all.Add((long)asked.Limit + 1); // to learn whether there are more
        var rows = await session.ListAsync(
            statements[(order, asked.Text.Length > 0, asked.After.Length == 0)], row => (Row: map(row), Place: PlaceOf(order, row)), [.. all]);
        return new ListPart<TRow>([.. rows.Take(asked.Limit).Select(row => row.Row)], rows.Count > asked.Limit ? rows[asked.Limit - 1].Place : null);
    }

    static Sql Write(string columns, string from, int arguments, string? text, ListOrder order, bool isFirst)
    {
        var (count, sign, direction) = (arguments, order.IsDescending ? '<' : '>', order.IsDescending ? " desc" : "");
        var condition = text is null ? "" : $" and lower(({text}) {{bytewise}}) like {Next()} escape '\\'";
        if (!isFirst && order.First is { } first)
        {
            var (number, key) = (Next(), Next());
            condition += $" and {first} {sign}= {number} and ({first} {sign} {number} or {order.Key} > {key})";
        }
        else if (!isFirst)
        {
            condition += $" and {order.Key} {sign} {Next()}";
        }
        var by = order.First is null ? $"{order.Key}{direction}" : $"{order.First}{direction}, {order.Key}";
        var places = order.First is null ? order.Key : $"{order.First}, {order.Key}";
        return new Sql($"select {columns}, {places} from {from}{condition} order by {by} limit {Next()}");

        string Next() => string.Create(CultureInfo.InvariantCulture, $"${++count}");
    }

    static string PlaceOf(ListOrder order, DbDataReader row)
    {
        var last = row.FieldCount - 1;
        var key = order.IsNumber ? row.GetInt64(last).ToString(CultureInfo.InvariantCulture) : row.GetString(last);
        return order.First is null ? key : Place(row.GetInt64(last - 1), key);
    }

    static IEnumerable<object?> ReadPlace(ListOrder order, string place)
    {
        var dot = order.First is null ? -1 : place.IndexOf('.', StringComparison.Ordinal);
        if (order.First is not null)
            yield return ReadNumber(dot < 0 ? "" : place[..dot]);
        yield return order.IsNumber ? ReadNumber(place[(dot + 1)..]) : place[(dot + 1)..];
    }

    static long ReadNumber(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new ListPlaceException();
}
