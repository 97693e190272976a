using System.Collections.Concurrent;
using Staithe.Database;
using Staithe.Events;

namespace Staithe.Tests.Events;

/// <summary>Notes what it is told.</summary>
internal sealed class Heard : IEventListener
{
    public ConcurrentQueue<string> Lines { get; } = [];

    public void Hear(ContentEvent one) => Lines.Enqueue(one.Space ?? one.Kind);

    public void MissSome() => Lines.Enqueue("missed some");

    public void MissOneUnderWay() => Lines.Enqueue("missed one under way");

    public void HearNothing() => Lines.Enqueue("nothing");
}

/// <summary>Follows into a table of its own; one event can be made one that it cannot take.</summary>
internal sealed class Followed(string? poison = null) : IEventFollower
{
    static readonly Sql MakeSql = new("create table if not exists followed (id {identity}, space {text} not null)");
    static readonly Sql AddSql = new("insert into followed (space) values ($1)");
    static readonly Sql ListSql = new("select space from followed order by id");

    public string Name => "test";

    public int Batches { get; private set; }

    public static Task MakeAsync(Db db) => db.WriteAsync(session => session.ExecuteAsync(MakeSql));

    public static Task<List<string>> ListAsync(Db db) => db.ReadAsync(session => session.ListAsync(ListSql, row => row.GetString(0)));

    public async Task FollowAsync(DbSession session, IReadOnlyList<ContentEvent> events)
    {
        Batches++;
        foreach (var one in events)
        {
            if (one.Space == poison)
                throw new InvalidDataException("poison");
            await session.ExecuteAsync(AddSql, one.Space);
        }
    }
}
