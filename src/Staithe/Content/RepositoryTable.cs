using Staithe.Database;
using Staithe.Events;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>A repository.</summary>
/// <param name="Name">Its name now.</param>
internal sealed record RepositoryRow(long Id, RepositoryName Name);

/// <summary>
/// The repositories: a row for each name that ever held a blob or a manifest, and the names that one had before. A name is looked for among the
/// former ones only where no repository has it now.
/// </summary>
internal static class RepositoryTable
{
    /// <summary>The repository that has this name, or had it before.</summary>
    public static async Task<long?> FindIdAsync(DbSession session, RepositoryName name) =>
        await session.FindNumberAsync(FindIdSql, name.Value)
        ?? (await FindPresentNameAsync(session, name) is var present && present != name ? await session.FindNumberAsync(FindIdSql, present.Value) : null);

    /// <summary>The name by which a repository is called now that is or was called so; the name itself where none is.</summary>
    public static async Task<RepositoryName> FindPresentNameAsync(DbSession session, RepositoryName name) =>
        RepositoryName.Parse(await session.FindAsync(PresentNameSql, row => row.GetString(0), name.Space, name.Value[name.Space.Length..]));

    /// <summary>The repository that has this name, or had it before. It keeps its name until the transaction ends, and is not removed.</summary>
    public static async Task<RepositoryRow?> KeepAsync(DbSession session, RepositoryName name)
    {
        while (true)
        {
            if (await session.FindNumberAsync(KeepSql, name.Value) is { } id)
                return new RepositoryRow(id, name);
            if (await FindPresentNameAsync(session, name) is var present && present == name)
                return null;
            name = present;
        }
    }

    /// <summary>The repository that has this very name; whoever else wants to change it or its content waits until the transaction ends.</summary>
    public static Task<long?> HoldAsync(DbSession session, RepositoryName name) => session.FindNumberAsync(HoldByNameSql, name.Value);

    /// <summary>Makes one; false when there is one of that name.</summary>
    public static async Task<bool> CreateAsync(DbSession session, RepositoryName name)
    {
        if (await session.ExecuteAsync(CreateSql, name.Value, name.Space) == 0)
            return false;
        await EventTable.AddAsync(session, ContentEvent.Of(EventKind.RepositoryCreated, (await FindIdAsync(session, name))!.Value, name));
        return true;
    }

    /// <summary>Who may pull without having been given any right: <c>public</c>, <c>internal</c> or <c>private</c>.</summary>
    public static Task<string?> FindVisibilityAsync(DbSession session, long repoId) => session.FindAsync(FindVisibilitySql, row => row.GetString(0), repoId);

    /// <summary>Sets it.</summary>
    public static Task SetVisibilityAsync(DbSession session, long repoId, string visibility) => session.ExecuteAsync(SetVisibilitySql, repoId, visibility);

    /// <summary>Keeps new blobs and manifests out of the repository until the transaction ends.</summary>
    public static Task HoldAsync(DbSession session, long repoId) => session.FindNumberAsync(HoldSql, repoId);

    /// <summary>Gives it another name, that nobody has or had; it is found by the old one too from then on.</summary>
    public static async Task RenameAsync(DbSession session, RepositoryRow repository, RepositoryName to)
    {
        await session.ExecuteAsync(RenameSql, repository.Id, to.Value, to.Space);
        await session.ExecuteAsync(AddAliasSql, repository.Name.Value, repository.Name.Space, repository.Id);
        await EventTable.AddAsync(session, ContentEvent.Of(EventKind.RepositoryMoved, repository.Id, to) with { Former = repository.Name.Value });
    }

    /// <summary>Lets everything in a space, and every former name in it, begin with the space's new name.</summary>
    public static async Task RenameSpaceAsync(DbSession session, string from, string to)
    {
        await session.ExecuteAsync(RenameSpaceSql, from, to);
        await session.ExecuteAsync(RenameSpaceOfAliasesSql, from, to);
        await EventTable.AddAsync(session, new ContentEvent(EventKind.SpaceRenamed) { Space = to, Former = from });
    }

    /// <summary>The most characters that a name in a space has, or had.</summary>
    public static async Task<long> FindLongestAsync(DbSession session, string space) => await session.FindNumberAsync(LongestSql, space) ?? 0;

    /// <summary>Names of repositories in a space, in their order.</summary>
    public static Task<List<string>> ListInSpaceAsync(DbSession session, string space, int limit) => session.ListAsync(ListInSpaceSql, row => row.GetString(0), space, (long)limit);

    /// <summary>Which repository had that very name before.</summary>
    public static Task<long?> FindByAliasAsync(DbSession session, RepositoryName alias) => session.FindNumberAsync(FindByAliasSql, alias.Value);

    /// <summary>A page of the names that a repository had before, in their order, behind <paramref name="last"/>.</summary>
    public static Task<List<string>> ListAliasesAsync(DbSession session, long repoId, string last, int limit) => session.ListAsync(ListAliasesSql, row => row.GetString(0), repoId, last, (long)limit);

    /// <summary>Frees a former name.</summary>
    public static Task DeleteAliasAsync(DbSession session, RepositoryName alias) => session.ExecuteAsync(DeleteAliasSql, alias.Value);

    /// <summary>Takes a repository away that holds nothing any more, and frees the names that it had before.</summary>
    public static async Task DeleteAsync(DbSession session, RepositoryRow repository)
    {
        await session.ExecuteAsync(DeleteSql, repository.Id);
        await EventTable.AddAsync(session, ContentEvent.Of(EventKind.RepositoryRemoved, repository.Id, repository.Name));
    }

    static readonly Sql FindIdSql = new("select id from repositories where name = $1");

    static readonly Sql KeepSql = new("select r.id from repositories r where r.name = $1 {keep repository}");

    static readonly Sql HoldByNameSql = new("select id from repositories where name = $1 {for update}");

    // A former name of the space first, and then of the repository.
    static readonly Sql PresentNameSql = new("""
        with asked as (
            select coalesce((select t.name from spaces s join spaces t on t.id = s.moved_to where s.name = $1), $1) || $2 as name
        )
        select coalesce(
            (select r.name from repositories r where r.name = asked.name),
            (select r.name from repository_aliases a join repositories r on r.id = a.repo_id where a.name = asked.name),
            asked.name)
        from asked
        """);

    static readonly Sql FindVisibilitySql = new("select visibility from repositories where id = $1");

    static readonly Sql SetVisibilitySql = new("update repositories set visibility = $2 where id = $1");

    // The foreign keys of new links and manifests take a share of this row.
    static readonly Sql HoldSql = new("select id from repositories where id = $1 {for update}");

    // A new repository is as visible as its space says; where there is no such space, because nobody was asked who they are, private.
    static readonly Sql CreateSql = new("""
        insert into repositories (name, space, visibility, created_at)
        values ($1, $2, coalesce((select s.visibility from spaces s where s.name = $2 and s.removed_at is null), 'private'), {now})
        on conflict (name) do nothing
        """);

    static readonly Sql RenameSql = new("update repositories set name = $2, space = $3 where id = $1");

    static readonly Sql AddAliasSql = new("insert into repository_aliases (name, space, repo_id, created_at) values ($1, $2, $3, {now})");

    static readonly Sql RenameSpaceSql = new("update repositories set name = $2 || substr(name, length($1) + 1), space = $2 where space = $1");

    static readonly Sql RenameSpaceOfAliasesSql = new("update repository_aliases set name = $2 || substr(name, length($1) + 1), space = $2 where space = $1");

    static readonly Sql LongestSql = new("""
        select max(length(name)) from (select name from repositories where space = $1 union all select name from repository_aliases where space = $1) named
        """);

    static readonly Sql ListInSpaceSql = new("select name from repositories where space = $1 order by name limit $2");

    static readonly Sql FindByAliasSql = new("select repo_id from repository_aliases where name = $1");

    static readonly Sql ListAliasesSql = new("select name from repository_aliases where repo_id = $1 and name > $2 order by name limit $3");

    static readonly Sql DeleteAliasSql = new("delete from repository_aliases where name = $1");

    static readonly Sql DeleteSql = new("delete from repositories where id = $1");
}
