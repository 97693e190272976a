using Staithe.Database;
using Staithe.Search;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Search;

/// <summary>Words that so many repositories have that they are not weighed against each other.</summary>
public sealed class CommonWordTests
{
    const int Repositories = 2200;

    [Theory, OnBothEngines]
    public async Task What_is_called_so_comes_first_and_what_is_hidden_stays_so(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine);
        var owner = await closed.AddUserAsync();
        // Every tenth is private; one is called so, some have the word in their names, all in their text.
        await closed.Db.WriteAsync(
            async session =>
            {
                for (var i = 1; i <= Repositories; i++)
                {
                    var name = $"{owner.Name}/{(i == 1200 ? "everywhere" : i % 500 == 1 ? $"r{i}-everywhere" : $"r{i}")}";
                    await session.ExecuteAsync(RepositorySql, name, owner.Name, i % 10 == 0 && i != 1200 ? "private" : "public");
                    var id = (await session.FindNumberAsync(IdSql, name))!.Value;
                    var document = new SearchDocument { Name = name, UpdatedAt = 1_000_000 - i };
                    document.AddTerm("name", name.Split('/')[1]);
                    document.AddTerm("port", i % 2 == 0 ? "80/tcp" : "81/tcp");
                    document.AddWords("it is everywhere");
                    await SearchTable.PutAsync(session, id, document);
                }
            },
            TestContext.Current.CancellationToken);
        var names = await NamesAsync(closed.Registry, "everywhere");
        Assert.Equal($"{owner.Name}/everywhere", names[0]);
        Assert.Equal([$"{owner.Name}/r2001-everywhere", $"{owner.Name}/r1501-everywhere", $"{owner.Name}/r1001-everywhere", $"{owner.Name}/r501-everywhere", $"{owner.Name}/r1-everywhere"], names[1..6]);
        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.Contains($"{owner.Name}/r2199", names);
        Assert.DoesNotContain($"{owner.Name}/r2200", names);
        Assert.Contains($"{owner.Name}/r2200", await NamesAsync(closed.As(owner), "everywhere"));
        Assert.Equal([$"{owner.Name}/r1-everywhere", $"{owner.Name}/r2", $"{owner.Name}/r3"], (await NamesAsync(closed.Registry, "everywhere", "&sort=updated"))[..3]);
        Assert.Equal([$"{owner.Name}/r2", $"{owner.Name}/r4"], (await NamesAsync(closed.Registry, "everywhere port:80", "&sort=updated"))[..2]);
        Assert.Equal($"{owner.Name}/everywhere", (await NamesAsync(closed.Registry, "everywhere port:80"))[0]);
        Assert.DoesNotContain($"{owner.Name}/r2199", await NamesAsync(closed.Registry, "everyw is port:80"));
        Assert.Equal([$"{owner.Name}/everywhere"], await NamesAsync(closed.Registry, "name:everywhere"));
    }

    static async Task<List<string>> NamesAsync(Registry registry, string query, string more = "")
    {
        using var answer = await registry.GetAsync($"/api/v1/search?limit=1000&q={Uri.EscapeDataString(query)}{more}");
        await answer.ExpectAsync(System.Net.HttpStatusCode.OK);
        return [.. (await answer.JsonAsync()).GetProperty("items").EnumerateArray().Select(hit => hit.GetProperty("name").GetString()!)];
    }

    static readonly Sql RepositorySql = new("insert into repositories (name, space, visibility, created_at) values ($1, $2, $3, {now})");
    static readonly Sql IdSql = new("select id from repositories where name = $1");
}
