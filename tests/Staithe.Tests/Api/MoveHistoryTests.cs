using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Api;

/// <summary>
/// Random histories of repositories and spaces that are made, move and go, held against a model of a page: after each few steps every name that
/// was ever used is asked for by one who may see everything and by one who may see some spaces.
/// </summary>
public sealed class MoveHistoryTests
{
    const int Steps = 120, StepsBetweenChecks = 12;

    static readonly string[] SpaceNames = ["ash", "beech", "cedar", "elm", "fir", "hazel", "larch", "maple"];
    static readonly string[] Paths = ["/a", "/b", "/web/a", "/web/b", "/ci"];

    [Theory, OnBothEngines]
    [Trait("Kind", "slow")]
    public async Task Every_name_answers_as_the_model_says(Engine engine)
    {
        var random = Seed.Random();
        await using var world = await World.StartAsync(engine);
        var kinds = new Dictionary<string, int>();
        for (var step = 1; step <= Steps; step++)
        {
            var kind = await world.StepAsync(random);
            kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            if (step % StepsBetweenChecks == 0)
                Assert.Empty(await world.DifferencesAsync(world.Model));
        }
        await world.FsckAsync();
        // A history in which little happens would prove little.
        foreach (var kind in (string[])["make", "push to a former name", "rename", "transfer", "rename space", "remove", "free", "remove space", "taken"])
            Assert.True(kinds.GetValueOrDefault(kind) > 0, $"no step was \"{kind}\": {string.Join(", ", kinds)}");
    }

    // The check itself, with models that are wrong in one place.
    [Fact]
    [Trait("Kind", "slow")]
    public async Task A_model_that_is_wrong_is_noticed()
    {
        var random = Seed.Random();
        await using var world = await World.StartAsync(Engine.Sqlite);
        for (var step = 0; step < 60 || (step < 600 && !world.Model.HasAll); step++)
            await world.StepAsync(random);
        Assert.True(world.Model.HasAll, "nothing to be wrong about");
        Assert.Empty(await world.DifferencesAsync(world.Model));
        Assert.NotEmpty(await world.DifferencesAsync(world.Model.With(model => model.Aliases.Clear())));
        Assert.NotEmpty(await world.DifferencesAsync(world.Model.With(model => model.FormerSpaces.Clear())));
        Assert.NotEmpty(await world.DifferencesAsync(world.Model.With(model => model.Repositories.Remove(model.Repositories.Keys.First()))));
        Assert.NotEmpty(await world.DifferencesAsync(world.Model.With(model => model.Shared.Clear())));
    }

    /// <summary>What there is. A place is the number of a space and a path below it, so what a space is called does not matter to it.</summary>
    sealed class Model
    {
        public Dictionary<string, int> Spaces { get; init; } = [];

        public Dictionary<string, int> FormerSpaces { get; init; } = [];

        public HashSet<int> RemovedSpaces { get; init; } = [];

        /// <summary>The spaces that the other one may read.</summary>
        public HashSet<int> Shared { get; init; } = [];

        public Dictionary<(int Space, string Path), string> Repositories { get; init; } = [];

        /// <summary>Where what was at a place is now.</summary>
        public Dictionary<(int Space, string Path), (int Space, string Path)> Aliases { get; init; } = [];

        /// <summary>Whether it has something of everything that could be wrong.</summary>
        public bool HasAll => Aliases.Values.Any(Repositories.ContainsKey) && Repositories.Keys.Any(place => Shared.Contains(place.Space) && !RemovedSpaces.Contains(place.Space))
            && FormerSpaces.Values.Any(space => Repositories.Keys.Any(place => place.Space == space));

        public Model With(Action<Model> flaw)
        {
            var copy = new Model { Spaces = new(Spaces), FormerSpaces = new(FormerSpaces), RemovedSpaces = [.. RemovedSpaces], Shared = [.. Shared], Repositories = new(Repositories), Aliases = new(Aliases) };
            flaw(copy);
            return copy;
        }

        public string NameOf((int Space, string Path) place) => Spaces.Single(space => space.Value == place.Space).Key + place.Path;

        /// <summary>The place that a name leads to, whether anything is there or not; null when no space was ever called so.</summary>
        public (int Space, string Path)? Find(string space, string path)
        {
            if (!Spaces.TryGetValue(space, out var number) && !FormerSpaces.TryGetValue(space, out number))
                return null;
            return !Repositories.ContainsKey((number, path)) && Aliases.TryGetValue((number, path), out var there) ? there : (number, path);
        }

        public void Move((int Space, string Path) from, (int Space, string Path) to)
        {
            Repositories[to] = Repositories[from];
            Repositories.Remove(from);
            Aliases.Remove(to);
            foreach (var alias in Aliases.Where(alias => alias.Value == from).Select(alias => alias.Key).ToList())
                Aliases[alias] = to;
            Aliases[from] = to;
        }

        public void Remove((int Space, string Path) place)
        {
            Repositories.Remove(place);
            foreach (var alias in Aliases.Where(alias => alias.Value == place).Select(alias => alias.Key).ToList())
                Aliases.Remove(alias);
        }
    }

    sealed class World(ApiServer server, ApiClient api, Registry owner, Registry reader) : IAsyncDisposable
    {
        public Model Model { get; } = new();

        public static async Task<World> StartAsync(Engine engine)
        {
            var server = await ApiServer.StartAsync(engine, "alice", "bob");
            var secret = (await server.As("alice").PostAsync("/me/tokens", new { name = "all", rights = "admin" })).GetProperty("secret").GetString()!;
            var world = new World(server, server.AsBearer(secret), server.Registry.As(ClosedRegistry.Basic("alice", secret)), await MoveTests.SignedInAsync(server, "bob"));
            for (var i = 0; i < 3; i++)
                await world.AddSpaceAsync(SpaceNames[i], isShared: i > 0);
            return world;
        }

        /// <summary>Does something at random, in the registry and in the model; the kind of it.</summary>
        public async Task<string> StepAsync(Random random)
        {
            var (space, path) = (random.Pick<string>([.. Model.Spaces.Keys, .. Model.FormerSpaces.Keys]), random.Pick<string>(Paths));
            var place = Model.Find(space, path)!.Value;
            var isThere = Model.Repositories.ContainsKey(place);
            switch (random.Next(20))
            {
                case < 6 when !Model.RemovedSpaces.Contains(place.Space):
                    Model.Repositories[place] = (await owner.PushImageAsync(space + path, "1")).Digest;
                    return !isThere ? "make" : space + path == Model.NameOf(place) ? "push" : "push to a former name";
                case < 13 when isThere:
                    return await MoveAsync(space + path, place, random);
                case < 15:
                    return await RenameSpaceAsync(random);
                case 15 when isThere:
                    await api.DeleteAsync($"/repository?name={space}{path}");
                    Model.Remove(place);
                    return "remove";
                case < 18 when Model.Aliases.Count > 0:
                    return await FreeAsync(random);
                case 18 when Model.Spaces.Count(known => !Model.RemovedSpaces.Contains(known.Value)) > 2 && random.Next(2) == 0:
                    return await RemoveSpaceAsync(random);
                case 19 when SpaceNames.Except(Model.Spaces.Keys).Except(Model.FormerSpaces.Keys).FirstOrDefault() is { } free:
                    await AddSpaceAsync(free, random.Next(2) == 0);
                    return "make space";
                default:
                    return "nothing";
            }
        }

        /// <summary>Where the registry answers otherwise than a model says: a line each.</summary>
        public async Task<List<string>> DifferencesAsync(Model model)
        {
            var differences = new List<string>();
            foreach (var space in SpaceNames)
            {
                foreach (var path in Paths)
                {
                    var place = model.Find(space, path);
                    var digest = place is { } at ? model.Repositories.GetValueOrDefault(at) : null;
                    // Who could make something there is told what it would be called.
                    var mayKnow = place is not null && !model.RemovedSpaces.Contains(place.Value.Space);
                    var name = mayKnow ? model.NameOf(place!.Value) : null;
                    var expected = !mayKnow ? "nothing" : name == space + path ? digest ?? "nothing" : $"{digest ?? "nothing"} called {name}";
                    var forReader = mayKnow && model.Shared.Contains(place!.Value.Space) ? expected : "nothing";
                    foreach (var (who, client, wanted) in ((string, Registry, string)[])[("alice", owner, expected), ("bob", reader, forReader)])
                    {
                        if (await AnswerAsync(client, space + path) is var answer && answer != wanted)
                            differences.Add($"{space}{path} for {who}: {answer}, not {wanted}");
                    }
                }
            }
            return differences;
        }

        public Task FsckAsync() => MoveTests.FsckAsync(server);

        public ValueTask DisposeAsync() => server.DisposeAsync();

        static async Task<string> AnswerAsync(Registry client, string name)
        {
            using var response = await client.GetAsync($"/v2/{name}/manifests/1");
            if (response.StatusCode != HttpStatusCode.NotFound)
                await response.ExpectAsync(HttpStatusCode.OK);
            var digest = response.Header("Docker-Content-Digest") ?? "nothing";
            return response.Header("Warning")?.Split("is called ")[1].Split(' ')[0] is { } warned ? $"{digest} called {warned}" : digest;
        }

        async Task AddSpaceAsync(string name, bool isShared)
        {
            await api.PostAsync("/organizations", new { name });
            var number = Model.Spaces.Count;
            Model.Spaces[name] = number;
            if (!isShared)
                return;
            await api.PostAsync($"/spaces/{name}/grants", new { target = $"{name}/", rights = "read", user = "bob" });
            Model.Shared.Add(number);
        }

        async Task<string> MoveAsync(string name, (int Space, string Path) from, Random random)
        {
            var target = random.Next(2) == 0 ? from.Space : random.Pick<int>([.. Model.Spaces.Values]);
            var to = (Space: target, Path: random.Pick<string>(Paths));
            if (Model.RemovedSpaces.Contains(to.Space))
            {
                await api.RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Post, $"/repository/move?name={name}", new { to = Model.NameOf(to) });
                return "taken";
            }
            if (to == from)
            {
                await api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, $"/repository/move?name={name}", new { to = Model.NameOf(to) });
                return "taken";
            }
            if (Model.Repositories.ContainsKey(to) || (Model.Aliases.TryGetValue(to, out var owner) && owner != from))
            {
                await api.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, $"/repository/move?name={name}", new { to = Model.NameOf(to) });
                return "taken";
            }
            var moved = await MoveTests.MoveAsync(api, name, Model.NameOf(to));
            Assert.Equal((Model.NameOf(from), Model.NameOf(to)), (moved.GetProperty("former").GetString(), moved.GetProperty("name").GetString()));
            Model.Move(from, to);
            return from.Space == to.Space ? "rename" : "transfer";
        }

        async Task<string> RenameSpaceAsync(Random random)
        {
            var (from, number) = random.Pick<KeyValuePair<string, int>>([.. Model.Spaces.Where(space => !Model.RemovedSpaces.Contains(space.Value))]);
            var to = random.Pick<string>(SpaceNames);
            if (to == from)
                return "nothing";
            if (Model.Spaces.ContainsKey(to) || (Model.FormerSpaces.TryGetValue(to, out var owner) && owner != number))
            {
                await api.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Post, $"/spaces/{from}/rename", new { name = to });
                return "taken";
            }
            await MoveTests.RenameSpaceAsync(api, from, to);
            Model.Spaces.Remove(from);
            Model.FormerSpaces.Remove(to);
            Model.Spaces[to] = number;
            Model.FormerSpaces[from] = number;
            return "rename space";
        }

        async Task<string> FreeAsync(Random random)
        {
            var (alias, place) = random.Pick<KeyValuePair<(int Space, string Path), (int Space, string Path)>>([.. Model.Aliases]);
            await api.DeleteAsync($"/alias?name={Model.NameOf(alias)}");
            Model.Aliases.Remove(alias);
            Assert.True(Model.Repositories.ContainsKey(place));
            return "free";
        }

        async Task<string> RemoveSpaceAsync(Random random)
        {
            var (name, number) = random.Pick<KeyValuePair<string, int>>([.. Model.Spaces.Where(space => !Model.RemovedSpaces.Contains(space.Value))]);
            await api.DeleteAsync($"/spaces/{name}?confirm={name}");
            foreach (var place in Model.Repositories.Keys.Where(place => place.Space == number).ToList())
                Model.Remove(place);
            Model.RemovedSpaces.Add(number);
            return "remove space";
        }
    }
}
