using System.Globalization;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Door;
using Staithe.Managing;
using Staithe.Oci;

namespace Staithe.Api;

/// <summary>A request for an operation: who makes it, and what it says besides its body.</summary>
/// <param name="Path">The values of the parts of the path that stand in braces.</param>
internal sealed record ApiCall(HttpContext Http, Identity Who, IReadOnlyDictionary<string, string> Path, Db Db, AccessEpoch Epoch)
{
    public CancellationToken Cancel => Http.RequestAborted;

    /// <summary>Who makes it, for the audit.</summary>
    public Actor Actor => new(Who.Name, Http.Connection.RemoteIpAddress?.ToString());

    /// <summary>Reads what is committed.</summary>
    public Task<T> ReadAsync<T>(Func<DbSession, Task<T>> read) => Db.ReadAsync(read, Cancel);

    /// <summary>Decides and changes in one transaction.</summary>
    public Task<T> ChangeAsync<T>(Func<DbSession, Task<T>> change) => Epoch.ChangeAsync(change, Cancel);

    /// <summary>Decides and changes in one transaction that answers nothing.</summary>
    public Task ChangeAsync(Func<DbSession, Task> change) => Epoch.ChangeAsync<object?>(
        async session =>
        {
            await change(session);
            return null;
        },
        Cancel);

    /// <summary>A parameter of the query; null when it is not given.</summary>
    /// <exception cref="RefusalException">400 when it is given twice, or is no text.</exception>
    public string? Query(string name) => Http.Request.Query[name] switch
    {
        [] => null,
        [{ } text] when !text.Any(char.IsControl) => text,
        _ => throw Invalid($"the parameter {name} must be given once, without control characters"),
    };

    /// <exception cref="RefusalException">400 when it is not given.</exception>
    public string RequiredQuery(string name) => Query(name) is { Length: > 0 } text ? text : throw Invalid($"say which: add ?{name}=… to the address");

    /// <summary>A repository that the query names.</summary>
    /// <exception cref="RefusalException">400 when it is none.</exception>
    public RepositoryName Repository(string name) => RepositoryName.TryParse(RequiredQuery(name), out var repository)
        ? repository
        : throw Invalid($"{name} is \"{OciException.Quote(Query(name))}\", which is no repository's name: use lower-case letters and digits, joined by . _ __ or -, in parts joined by /");

    /// <summary>The number that the path names; what is no number is nothing's.</summary>
    public long Number(string name) => long.TryParse(Path[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    /// <summary>The entry behind which a page begins.</summary>
    public string After => Query("after") ?? "";

    /// <summary>The same, where entries are numbered.</summary>
    /// <exception cref="RefusalException">400 when it is no number.</exception>
    public long AfterNumber(long beginning) => Query("after") switch
    {
        null or "" => beginning,
        { } text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => throw Invalid("after is not a number: take it from next of the page before"),
    };

    /// <summary>The most entries of a page, when the request says how many.</summary>
    /// <exception cref="RefusalException">400 when that is not possible.</exception>
    public int? AskedLimit => Query("limit") switch
    {
        null => null,
        { } text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= ListRequest.MaxLimit => number,
        _ => throw Invalid($"limit must be from 1 to {ListRequest.MaxLimit}"),
    };

    /// <summary>The most entries of a page.</summary>
    public int Limit => AskedLimit ?? ListRequest.UsualLimit;

    /// <summary>The part of a list that is asked for.</summary>
    /// <exception cref="RefusalException">400 when there can be none such.</exception>
    public ListRequest Asked => new(
        (Query("q") ?? "") is { Length: <= ListRequest.MaxText } text ? text : throw Invalid($"q has {Query("q")!.Length} characters: use at most {ListRequest.MaxText}"),
        Query("sort") ?? "",
        After,
        Limit);

    /// <summary>The part of a list that is asked for.</summary>
    public Task<Page<T>> ListAsync<TRow, T>(Func<DbSession, ListRequest, Task<ListPart<TRow>>> list, Func<TRow, T> map) =>
        ListAsync(asked => ReadAsync(session => list(session, asked)), map);

    /// <summary>The same of a list that is read by itself.</summary>
    public async Task<Page<T>> ListAsync<TRow, T>(Func<ListRequest, Task<ListPart<TRow>>> list, Func<TRow, T> map)
    {
        try
        {
            var part = await list(Asked);
            return new Page<T>([.. part.Items.Select(map)], part.Next);
        }
        catch (ListPlaceException wrong)
        {
            throw Invalid(wrong.Message);
        }
    }

    /// <summary>A page of a list, read with one entry more than it may have, to learn whether there are others.</summary>
    public async Task<Page<T>> PageAsync<TRow, T>(Func<DbSession, int, Task<List<TRow>>> list, Func<TRow, T> map, Func<TRow, string> key)
    {
        var limit = Limit;
        var rows = await ReadAsync(session => list(session, limit + 1));
        return new Page<T>([.. rows.Take(limit).Select(map)], rows.Count > limit ? key(rows[limit - 1]) : null);
    }

    /// <summary>The asker's account, for what only people do, and tokens that may do everything for them.</summary>
    /// <exception cref="AccountException">It is a robot, or the token is limited.</exception>
    public Task<UserRow> RequireUserAsync(DbSession session) => Asker.RequireUserAsync(session, Who);

    /// <exception cref="AccountException">The asker does not manage the registry, or not with this token.</exception>
    public void RequireAdmin() => Asker.RequireAdmin(Who);

    /// <summary>Says where what was made is to be found.</summary>
    public void Created(string path) => Http.Response.Headers.Location = ApiEndpoint.Prefix + path;

    /// <summary>The refusal of somebody who has not signed in.</summary>
    public static OciException SignInFirst() =>
        CallerLookup.Unauthorized("sign in first: send a name with a password or a token", BasicCredentials.Challenge);

    public static RefusalException Invalid(string message) => new(StatusCodes.Status400BadRequest, message);

    /// <exception cref="RefusalException">400 when it is none.</exception>
    public static Visibility ReadVisibility(string text) => VisibilityText.TryParse(text, out var visibility)
        ? visibility
        : throw Invalid($"visibility is \"{OciException.Quote(text)}\": it must be private, internal or public");
}
