using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Staithe.Database;
using Staithe.Fsck;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>Every kind of damage is told, by name; a server that is busy is no damage.</summary>
public sealed partial class FsckTests
{
    // What breaks a registry with one image, one open upload and one deleted blob, and what fsck says then. Rows that foreign keys forbid
    // can be made on SQLite alone, which lets everybody switch them off; files and columns are the same on both.
    public static TheoryData<Engine, string, string> Damage { get; } = CreateDamage();

    [Theory]
    [MemberData(nameof(Damage))]
    public async Task Damage_is_told(Engine engine, string damage, string told)
    {
        await using var registry = await Registry.StartAsync(engine);
        var blobs = await FillAsync(registry);
        var (clean, before) = await FsckAsync(registry, rehash: true);
        Assert.True(clean == 0, before);

        await BreakAsync(registry, damage, blobs);
        var (exitCode, output) = await FsckAsync(registry, rehash: damage.Contains("flip", StringComparison.Ordinal));
        Assert.Equal(1, exitCode);
        Assert.Matches(told, output);
        Assert.Matches(@"\n(1 problem|[0-9]+ problems)\n$", output);
    }

    [Theory, OnBothEngines]
    public async Task A_registry_in_order_is_clean(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        await FillAsync(registry);
        var (exitCode, output) = await FsckAsync(registry, rehash: true);
        Assert.True(exitCode == 0, output);
        Assert.Matches(@"^2 blobs with [0-9]+ bytes, read and hashed again; 2 manifests; 1 tag; 1 upload under way; 1 key in the trash\nclean\n$", output);
    }

    // Another process, as an operator would run it, beside pushes, deletes, uploads and the sweep. It neither sees ghosts nor gets in the way.
    [Theory, OnBothEngines]
    [Trait("Kind", "slow")]
    public async Task A_busy_server_is_no_damage(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        using var wire = new Wire(registry.Url);
        var done = false;
        string[] names = ["busy/r0", "busy/r1", "busy/r2"];
        var loads = names.Select((name, index) => new PushLoad(name, [.. names.Where(other => other != name)], index)).ToList();
        var busy = loads.Select(load => Task.Run(() => load.RunAsync(wire, () => Volatile.Read(ref done), () => { }), Cancel)).ToList();
        var sweeping = SweepAsync();
        async Task SweepAsync()
        {
            while (!Volatile.Read(ref done))
            {
                await registry.App.Database.WriteAsync(session => session.ExecuteAsync(TrashIsDue), Cancel);
                await registry.App.SweepAsync(Cancel);
            }
        }
        for (var run = 0; run < 15; run++)
        {
            var (exitCode, output) = await FsckAsync(registry, rehash: run % 2 == 0);
            Assert.True(exitCode == 0, output);
        }
        var (exitCodeOfProcess, outputOfProcess) = await ServerProcess.FsckAsync(registry.Config);
        Assert.True(exitCodeOfProcess == 0, outputOfProcess);
        Volatile.Write(ref done, true);
        await Task.WhenAll([.. busy, sweeping]);
        Assert.Empty(loads.SelectMany(load => load.Unexpected));
    }

    static readonly Sql TrashIsDue = new("update trash set delete_after = 0");
    static readonly Sql UploadKey = new("select storage_key from uploads");
    static readonly Sql BlobKey = new("select storage_key from blobs where digest = $1");

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static TheoryData<Engine, string, string> CreateDamage()
    {
        (string Damage, string Told)[] anywhere =
        [
            ("delete blob file", @"sha256:[0-9a-f]+: its bytes \(.+\) are gone"),
            ("cut blob file", "sha256:[0-9a-f]+: .+ has [0-9]+ bytes, not [0-9]+"),
            ("flip a bit of blob file", "sha256:[0-9a-f]+: the bytes in .+ have the digest sha256:"),
            ("add a file", "ab/stray: 1 byte that no row knows"),
            ("cut upload file", "upload .+: 1000 bytes acknowledged, .+ has 999"),
            ("insert into trash (storage_key, delete_after) select storage_key, 0 from blobs", "is in the trash and in use"),
            ("update uploads set storage_key = (select min(storage_key) from blobs), received = 0", "is the key of a blob and of an upload"),
            ("update manifests set size = size + 1", "fsck/a@sha256:[0-9a-f]+: it has [0-9]+ bytes, not"),
            ("update manifests set content = media_type", "fsck/a@sha256:[0-9a-f]+: its bytes have the digest"),
            ("update manifests set media_type = 'application/vnd.oci.image.index.v1+json'", "fsck/a@sha256:[0-9a-f]+: is no application/vnd.oci.image.index"),
            ("update manifests set digest = 'x' || digest", "fsck/a@xsha256:[0-9a-f]+ has no digest"),
            ("update manifests set subject = 'sha256:0'", "its subject is none, and its row says sha256:0"),
            ("update blobs set digest = 'x' || digest", "xsha256:[0-9a-f]+ is no digest"),
            ("delete from manifest_blobs", "refers to sha256:[0-9a-f]+, and no row says so"),
            ("delete from manifest_children", "refers to sha256:[0-9a-f]+, and no row says so"),
            ("delete from manifest_blobs; delete from repo_blobs", "no repository has it"),
            ("delete from manifest_blobs; delete from gc_candidates", "belongs to no manifest, and the collector does not know of it"),
            ("insert into absent_references (manifest_id, repo_id, digest, kind) select mb.manifest_id, mb.repo_id, b.digest, 'blob' from manifest_blobs mb join blobs b on b.id = mb.blob_id", "is said to be absent, and the repository has it"),
            ("insert into repository_aliases (name, space, repo_id, created_at) select name, space, id, 0 from repositories", "fsck/a is a repository and a former name of fsck/a"),
            ("insert into repository_aliases (name, space, repo_id, created_at) select 'other/x', space, id, 0 from repositories", "other/x, a former name, is said to be in the space fsck"),
            ("insert into spaces (name, skeleton, visibility, created_at, removed_at) values ('fsck', 'fsck', 'private', 0, 0)", "fsck/a is in the space fsck, which was removed"),
            ("insert into spaces (name, skeleton, visibility, created_at) values ('x', 'x', 'private', 0);"
                + "insert into spaces (name, skeleton, visibility, created_at, removed_at, moved_to) select 'y', 'y', 'private', 0, 0, id from spaces where name = 'x';"
                + "insert into spaces (name, skeleton, visibility, created_at, removed_at, moved_to) select 'z', 'z', 'private', 0, 0, id from spaces where name = 'y'", "the former name z leads to y, which is one too"),
        ];
        (string Damage, string Told)[] onSqlite =
        [
            ("delete from repo_blobs", "database: a row of manifest_blobs refers to a row of repo_blobs that is not there"),
            ("delete from repositories", "database: a row of .+ refers to a row of repositories that is not there"),
            ("delete from blobs", "database: a row of repo_blobs refers to a row of blobs"),
            ("delete from manifests", "database: a row of tags refers to a row of manifests"),
        ];
        var data = new TheoryData<Engine, string, string>();
        foreach (var (damage, told) in anywhere)
        {
            data.Add(Engine.Sqlite, damage, told);
            if (damage.StartsWith("insert", StringComparison.Ordinal) || damage.StartsWith("delete from", StringComparison.Ordinal))
                data.Add(Engine.Postgres, damage, told);
        }
        foreach (var (damage, told) in onSqlite)
            data.Add(Engine.Sqlite, damage, told);
        return data;
    }

    static async Task<string> FillAsync(Registry registry)
    {
        var image = await registry.PushImageAsync("fsck/a");
        var index = RegistryClient.Index([(image.Digest, image.Manifest.Length)]);
        using (var pushed = await registry.PutManifestAsync("fsck/a", "1", index, RegistryClient.OciIndex))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        var location = await registry.StartUploadAsync("fsck/a");
        using (var appended = await registry.SendAsync(HttpMethod.Patch, location, new byte[1000]))
            await appended.ExpectAsync(HttpStatusCode.Accepted);
        var deleted = await registry.PushBlobAsync("fsck/a", [1]);
        using (var response = await registry.DeleteAsync($"/v2/fsck/a/blobs/{deleted}"))
            await response.ExpectAsync(HttpStatusCode.Accepted);
        return image.Layer;
    }

    static async Task BreakAsync(Registry registry, string damage, string digest)
    {
        var database = registry.App.Database;
        string File(string key) => Path.Combine(registry.Config.Data, "blobs", key);
        var blob = File((await database.ReadAsync(session => session.FindAsync(BlobKey, row => row.GetString(0), digest), Cancel))!);
        switch (damage)
        {
            case "delete blob file":
                System.IO.File.Delete(blob);
                break;
            case "cut blob file":
                Cut(blob);
                break;
            case "flip a bit of blob file":
                var bytes = await System.IO.File.ReadAllBytesAsync(blob, Cancel);
                bytes[^1] ^= 1;
                await System.IO.File.WriteAllBytesAsync(blob, bytes, Cancel);
                break;
            case "add a file":
                await System.IO.File.WriteAllTextAsync(File("ab/stray"), "?", Cancel);
                break;
            case "cut upload file":
                Cut(File((await database.ReadAsync(session => session.FindAsync(UploadKey, row => row.GetString(0)), Cancel))!));
                break;
            default:
                await ExecuteAsync(registry, damage);
                break;
        }
    }

    static async Task ExecuteAsync(Registry registry, string script)
    {
        if (registry.Config.Database is not null)
        {
            await registry.App.Database.RunScriptAsync(script);
            return;
        }
        await using var connection = new Microsoft.Data.Sqlite.SqliteConnection(string.Create(CultureInfo.InvariantCulture, $"Data Source={registry.Config.Data}/staithe.db;Foreign Keys=False;Pooling=False"));
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = script;
        await command.ExecuteNonQueryAsync(Cancel);
    }

    static void Cut(string file)
    {
        using var open = System.IO.File.OpenWrite(file);
        open.SetLength(open.Length - 1);
    }

    static async Task<(int ExitCode, string Output)> FsckAsync(Registry registry, bool rehash)
    {
        var output = new StringWriter();
        return (await FsckRun.RunAsync(registry.Config, rehash, output, Cancel), ProgressLine().Replace(output.ToString(), ""));
    }

    [GeneratedRegex("^….*\n", RegexOptions.Multiline)]
    private static partial Regex ProgressLine();
}
