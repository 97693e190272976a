using System.Security.Cryptography;
using System.Text;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Search;
using Staithe.Storage;

namespace Staithe.Bench;

/// <summary>
/// A registry of many repositories, put straight into its database: ten tags and three images to each, every fifth with an image that was looked
/// into; and one more with as many images as there are repositories. What it says is random, the same each time, and as uneven as names in the world are.
/// </summary>
internal sealed class ScaleContent(int repositories)
{
    const int BatchRepositories = 250;
    const int RepositoriesOfSpace = 20;
    const int ManyTags = 1000, FewTags = 9; // of every thousandth repository, and of the others
    const int ImagesOfRepository = 3;
    const int BaseCount = 40, BaseFiles = 3000, BasePackages = 100;
    const int OwnFiles = 100, OwnPackages = 50;
    const int PackageNames = 3000, PackageVersions = 8;
    const int FileNames = 200_000;
    static readonly string[] Licences = ["MIT", "Apache-2.0", "GPL-3.0", "BSD-3-Clause"];
    const long Day = 24L * 60 * 60 * 1000;

    readonly Random random = new(7);
    readonly string[] words = MakeWords(3000);
    readonly List<long> baseLayers = [], configs = [];
    readonly List<string> configDigests = [], baseImages = [];
    readonly List<int> configSizes = [];
    long now;
    long lastBlob;

    /// <summary>Who asks, besides nobody: owns some of the spaces, and was given something in others.</summary>
    public const string User = "bench";

    /// <summary>The user's, with so many images.</summary>
    public const string LargeRepository = $"{User}/large";

    public int Repositories => repositories;

    public int Tags { get; private set; }

    public int Images { get; private set; }

    /// <summary>Names of repositories, all in the order in which they were made.</summary>
    public List<string> Names { get; } = [];

    /// <summary>Whether each may be pulled by everybody.</summary>
    public List<bool> ArePublic { get; } = [];

    /// <summary>The user's token, as a header.</summary>
    public string Authorization { get; private set; } = "";

    /// <summary>A word as people use words: some very often, most rarely.</summary>
    public string Word(Random by) => words[Skewed(by, words.Length)];

    public string Package(Random by) => $"lib{words[Skewed(by, PackageNames)]}";

    public static string Version(Random by) => $"{by.Next(1, 4)}.{by.Next(PackageVersions)}.{by.Next(10)}-{by.Next(1, 4)}";

    public string File(Random by) => FileName(Skewed(by, FileNames));

    public static string BaseFile(Random by) => $"usr/lib/base/part{by.Next(BaseFiles)}.so";

    /// <summary>An image that others are built on: some of these many of them.</summary>
    public string BaseImage(Random by) => baseImages[Skewed(by, baseImages.Count)];

    /// <summary>A layer that others share, as above.</summary>
    public static string BaseLayer(Random by) => BaseDigest(Skewed(by, BaseCount));

    /// <summary>Fills a data directory that no server uses.</summary>
    public async Task FillAsync(string data, Progress progress, CancellationToken stop)
    {
        using var directory = DataDirectory.Claim(data);
        await using var db = new SqliteDb(directory.DatabaseFile);
        await Migrator.MigrateAsync(db);
        await db.RunScriptAsync("pragma cache_size = -1500000; pragma wal_autocheckpoint = 50000");
        now = await db.ReadAsync(session => session.FindNumberAsync(NowSql), stop) ?? 0;
        using var storage = new FileBlobStorage(directory.Blobs);
        storage.Create();
        var secret = await ServerSecret.LoadAsync(db, directory.SecretFile);
        await db.WriteAsync(session => MakeGroundAsync(session, directory, secret), stop);
        for (var first = 0; first < repositories; first += BatchRepositories)
        {
            stop.ThrowIfCancellationRequested();
            var (from, to) = (first, Math.Min(first + BatchRepositories, repositories));
            await db.WriteAsync(
                async session =>
                {
                    for (var i = from; i < to; i++)
                        await MakeRepositoryAsync(session, i);
                },
                stop);
            progress.Now($"{to:N0} of {repositories:N0} repositories, {Tags:N0} tags, {Images:N0} images that were looked into");
        }
        progress.Now($"one repository with {repositories:N0} images");
        await db.WriteAsync(MakeLargeRepositoryAsync, stop);
    }

    // The user, base layers with their files, packages, and configs, which many images share.
    async Task MakeGroundAsync(DbSession session, DataDirectory directory, ServerSecret secret)
    {
        if (!SpaceName.TryParse(User, out var name))
            throw new BenchException($"{User} is no name");
        var user = await UserTable.CreateAsync(session, name, null, isAdmin: false);
        await SpaceTable.CreateAsync(session, name, user, Visibility.Private);
        var token = Secret.Create(Secret.Personal);
        await AccessTokenTable.CreateAsync(session, user, AccessTokenTable.Personal, "bench", secret.Hash(token), (Rights.Admin, null), null, null);
        Authorization = $"Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"{User}:{token}"))}";
        for (var i = 0; i < Math.Max(1, repositories / RepositoriesOfSpace); i++)
        {
            await session.ExecuteAsync(SpaceSql, SpaceOf(i * RepositoriesOfSpace), i % 500 == 0 ? user : null, now);
            if (i % 100 == 1)
                await session.ExecuteAsync(GrantSql, i + 2L, $"{SpaceOf(i * RepositoriesOfSpace)}/", user, (long)Rights.Pull, now);
        }
        for (var i = 0; i < FileNames; i++)
            await session.ExecuteAsync(FileNameSql, i + 1L, FileName(i));
        for (var i = 0; i < BaseFiles; i++)
            await session.ExecuteAsync(FileNameSql, FileNames + i + 1L, $"usr/lib/base/part{i}.so");
        for (var i = 0; i < PackageNames * PackageVersions; i++)
        {
            var (package, version) = ($"lib{words[i / PackageVersions]}", $"{1 + (i % 3)}.{i % PackageVersions}.{i % 10}-{1 + (i % 3)}");
            await session.ExecuteAsync(PackageSql, i + 1L, package, version, $"pkg:deb/debian/{package}@{version}?n={i}");
        }
        for (var i = 0; i < BaseCount; i++)
        {
            baseLayers.Add(await AddLayerAsync(session, $"base {i}", Enumerable.Range(0, BaseFiles).Select(file => FileNames + file + 1L)));
            var config = Encoding.UTF8.GetBytes($$$"""{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/usr/bin","BASE={{{i}}}"],"ExposedPorts":{"{{{8000 + i}}}/tcp":{}},"User":"1001"},"rootfs":{"type":"layers","diff_ids":[]}}""");
            var key = $"{i % 256:x2}/config-{i}";
            System.IO.File.WriteAllBytes(Path.Combine(directory.Blobs, key), config);
            configDigests.Add(DigestOf(config));
            configSizes.Add(config.Length);
            configs.Add(await AddBlobAsync(session, configDigests[^1], key, config.Length));
        }
    }

    async Task MakeRepositoryAsync(DbSession session, int i)
    {
        var (repoId, space, isPublic) = (i + 1L, SpaceOf(i), random.Next(10) < 7);
        var name = $"{space}/{Word(random)}-{Word(random)}-{i}";
        Names.Add(name);
        ArePublic.Add(isPublic);
        var updatedAt = now - (long)(random.NextDouble() * 700 * Day);
        await session.ExecuteAsync(RepositorySql, repoId, name, space, isPublic ? "public" : random.Next(3) == 0 ? "internal" : "private", updatedAt - Day);
        var document = new SearchDocument { Name = name, Title = Words(3), Description = Words(9), Size = random.Next(5_000_000, 500_000_000), UpdatedAt = updatedAt };
        document.AddTerm("name", name.Split('/')[^1]);
        document.AddTerm("space", space);
        document.AddTerm("type", "image");
        document.AddTerm("os", "linux");
        document.AddTerm("arch", random.Next(4) == 0 ? "arm64" : "amd64");
        document.AddTerm("user", random.Next(3) == 0 ? "nonroot" : "root");
        document.AddTerm("license", Licences[random.Next(Licences.Length)]);
        document.AddTerm("port", $"{8000 + Skewed(random, 2000)}/tcp");
        document.AddTerm("env", $"{Word(random).ToUpperInvariant()}_{Word(random).ToUpperInvariant()}");
        document.AddTerm("label", $"org.opencontainers.image.vendor={Word(random)}");
        if (random.Next(5) == 0)
            document.AddTerm("has", "signature");
        document.AddWords(Words(30));

        if (i % 5 == 0 && i / 5 < BaseCount && isPublic)
            baseImages.Add($"{name}:1.0.{ImagesOfRepository - 1}");
        var manifests = new List<long>();
        for (var n = 0; n < ImagesOfRepository; n++)
            manifests.Add(await AddImageAsync(session, repoId, i, n));
        var tags = i % 1000 == 0 ? ManyTags : FewTags;
        for (var t = 0; t < tags; t++)
        {
            var (tag, movedAt) = (t == 0 ? "latest" : $"1.{t / 10}.{t % 10}", updatedAt - (t * 1000L));
            await session.ExecuteAsync(TagSql, repoId, tag, manifests[t % manifests.Count], movedAt);
            await session.ExecuteAsync(MoveSql, repoId, tag, movedAt);
            document.AddTerm("tag", tag);
            document.AddWords(tag);
            Tags++;
        }
        await session.ExecuteAsync(PullsSql, repoId, (now / Day) - random.Next(30), (long)random.Next(1, 1000));
        await SearchTable.PutAsync(session, repoId, document);
    }

    async Task MakeLargeRepositoryAsync(DbSession session)
    {
        var (repoId, movedAt) = (repositories + 1L, now - Day);
        await session.ExecuteAsync(RepositorySql, repoId, LargeRepository, User, "private", movedAt);
        for (var i = 0; i < repositories; i++)
        {
            var manifest = await AddManifestAsync(session, repoId, i, i % BaseCount);
            await ReferAsync(session, repoId, manifest, await AddBlobAsync(session, DigestOf(Encoding.UTF8.GetBytes($"large {i}")), $"none/large {i}", 1_000_000));
            await session.ExecuteAsync(TagSql, repoId, $"t{i}", manifest, movedAt);
            Tags++;
        }
    }

    async Task<long> AddImageAsync(DbSession session, long repoId, int repository, int number)
    {
        var foundation = repository / 5 < BaseCount ? repository / 5 : Skewed(random, BaseCount);
        var id = await AddManifestAsync(session, repoId, number, foundation);
        await ReferAsync(session, repoId, id, baseLayers[foundation]);
        if (repository % 5 == 0 && number == ImagesOfRepository - 1)
        {
            Images++;
            var own = await AddLayerAsync(session, $"own {repoId}", Enumerable.Range(0, OwnFiles).Select(_ => Skewed(random, FileNames) + 1L).Distinct());
            await ReferAsync(session, repoId, id, own);
            await session.ExecuteAsync(ContentsSql, id, now);
            // Some images are nothing but a base; all others are built on one.
            await session.ExecuteAsync(ChainSql, id, repoId, repository / 5 < BaseCount ? 0L : 1L, BaseDigest(foundation));
            for (var i = 0; i < BasePackages; i++)
                await session.ExecuteAsync(HasPackageSql, id, PackageId((foundation * BasePackages) + i, foundation), repoId);
            for (var i = 0; i < OwnPackages; i++)
                await session.ExecuteAsync(HasPackageSql, id, PackageId(Skewed(random, PackageNames), random.Next(PackageVersions)), repoId);
        }
        return id;
    }

    async Task<long> AddManifestAsync(DbSession session, long repoId, int number, int foundation)
    {
        var content = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{Content.ManifestType}}","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{configDigests[foundation]}}","size":{{configSizes[foundation]}} },"layers":[],"annotations":{"n":"{{repoId}}-{{number}}"} }""");
        var id = ((repoId - 1) * ImagesOfRepository) + number + 1;
        await session.ExecuteAsync(ManifestSql, id, repoId, DigestOf(content), Content.ManifestType, (long)content.Length, now, content);
        await ReferAsync(session, repoId, id, configs[foundation]);
        return id;
    }

    static async Task ReferAsync(DbSession session, long repoId, long manifest, long blob)
    {
        await session.ExecuteAsync(LinkSql, repoId, blob);
        await session.ExecuteAsync(ReferSql, manifest, repoId, blob);
    }

    static long PackageId(int name, int version) => (name % PackageNames * PackageVersions) + (version % PackageVersions) + 1L;

    async Task<long> AddLayerAsync(DbSession session, string seed, IEnumerable<long> names)
    {
        var id = await AddBlobAsync(session, DigestOf(Encoding.UTF8.GetBytes(seed)), $"none/{seed}", 1_000_000);
        await session.ExecuteAsync(LayerSql, id, now);
        foreach (var name in names)
            await session.ExecuteAsync(LayerNameSql, id, name);
        return id;
    }

    async Task<long> AddBlobAsync(DbSession session, string digest, string key, long size)
    {
        await session.ExecuteAsync(BlobSql, ++lastBlob, digest, key, size, now);
        return lastBlob;
    }

    string Words(int count) => string.Join(' ', Enumerable.Range(0, count).Select(_ => Word(random)));

    string SpaceOf(int repository) => $"{words[repository / RepositoriesOfSpace % words.Length]}-{repository / RepositoriesOfSpace}";

    string FileName(int number) => $"opt/{words[number % words.Length]}/{words[number / 7 % words.Length]}/f{number}";

    static int Skewed(Random by, int count) => (int)(count * Math.Pow(by.NextDouble(), 3));

    static string BaseDigest(int foundation) => DigestOf(Encoding.UTF8.GetBytes($"base {foundation}"));

    static string DigestOf(byte[] content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";

    static string[] MakeWords(int count)
    {
        var random = new Random(11);
        string[] starts = ["b", "br", "d", "f", "g", "h", "k", "l", "m", "n", "p", "qu", "r", "s", "st", "t", "v", "w", "z"], vowels = ["a", "e", "i", "o", "u", "ai", "ou"];
        var made = new HashSet<string>();
        while (made.Count < count)
            made.Add(string.Concat(Enumerable.Range(0, random.Next(2, 4)).Select(_ => starts[random.Next(starts.Length)] + vowels[random.Next(vowels.Length)])));
        return [.. made];
    }

    static readonly Sql NowSql = new("select {now}");
    static readonly Sql SpaceSql = new("insert into spaces (name, skeleton, owner_id, visibility, created_at) values ($1, $1, $2, 'private', $3)");
    static readonly Sql GrantSql = new("insert into grants (space_id, target, user_id, rights, created_at) values ($1, $2, $3, $4, $5)");
    static readonly Sql FileNameSql = new("insert into file_names (id, name) values ($1, $2)");
    static readonly Sql PackageSql = new("insert into packages (id, ecosystem, name, version, purl, source) values ($1, 'deb', $2, $3, $4, '')");
    static readonly Sql BlobSql = new("insert into blobs (id, digest, storage_key, size, created_at) values ($1, $2, $3, $4, $5)");
    static readonly Sql LayerSql = new("insert into layers (blob_id, state, entries, size, changed_at) values ($1, 'indexed', 1, 1, $2)");
    static readonly Sql LayerNameSql = new("insert into layer_names (layer_id, name_id) values ($1, $2)");
    static readonly Sql RepositorySql = new("insert into repositories (id, name, space, visibility, created_at) values ($1, $2, $3, $4, $5)");
    static readonly Sql ManifestSql = new("insert into manifests (id, repo_id, digest, media_type, size, created_at, content) values ($1, $2, $3, $4, $5, $6, $7)");
    static readonly Sql LinkSql = new("insert into repo_blobs (repo_id, blob_id, protect_until) values ($1, $2, 0) on conflict do nothing");
    static readonly Sql ReferSql = new("insert into manifest_blobs (manifest_id, repo_id, blob_id) values ($1, $2, $3) on conflict do nothing");
    static readonly Sql TagSql = new("insert into tags (repo_id, name, manifest_id, moved_at) values ($1, $2, $3, $4)");
    static readonly Sql MoveSql = new("insert into tag_moves (repo_id, tag, digest, actor, moved_at) values ($1, $2, 'sha256:0000000000000000000000000000000000000000000000000000000000000000', 'bench', $3)");
    static readonly Sql PullsSql = new("insert into pulls (repo_id, day, count) values ($1, $2, $3)");
    static readonly Sql ContentsSql = new("insert into image_contents (manifest_id, state, changed_at) values ($1, 'done', $2)");
    static readonly Sql ChainSql = new("insert into image_chains (manifest_id, repo_id, above, chain) values ($1, $2, $3, $4)");
    static readonly Sql HasPackageSql = new("insert into image_packages (manifest_id, package_id, repo_id) values ($1, $2, $3) on conflict do nothing");
}
