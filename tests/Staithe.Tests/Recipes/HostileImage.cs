using System.Text.Json;
using Staithe.Clients;
using Staithe.Oci;
using Staithe.Recipes;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Recipes;

/// <summary>Images made by somebody who wants what is written from them to mean something else, and options of somebody who does not know better.</summary>
internal static class HostileImage
{
    public const string Host = "localhost:5000";

    public static readonly Digest SomeDigest = Digest.Parse("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");

    static readonly string[] Pieces =
    [
        "a", "Z", "0", " ", "  ", "'", "\"", "\\", "`", "$", "$(id)", "${HOME}", "$HOME", "$$", "%", "%h", "%%", ";", "&&", "|", ">", "<", "#", " #", "!", "*", "?", "[", "]", "{", "}", "(", ")", "~", "-", "--privileged",
        "\n", "\r", "\r\n", "\t", "\n- x", "\n[Service]\nExecStart=/bin/evil", "\nprivileged: true", ": ", ":", ",", "&a", "*a", "!!python/object", "---", "...", "@", "=", "yes", "null", "0x1f", "1e3", "\\n", "\\x41", "\\u0041", "\\\n",
        "é", "ß", "漢", "😀", "\u202e", "\u2028", "\u2029", "\u0085", "\u00a0", "\ufeff", "\u0001", "\u001b[2J", "\u007f", "\u200b", "'\\''", "EOF", "${x:-y}", "$(NAME)",
    ];

    public static string Text(Random random, int pieces = 6) => random.Text(pieces, Pieces);

    public static RecipeImage Image(ImageConfig config, RepositoryName? name = null, Platform? platform = null, bool isPlainHttp = true) => new(
        new ClientCommands(Host, isPlainHttp), name ?? RepositoryName.Parse("team/tinyweb"), Reference.To(TagName.Parse("1.2.3")), SomeDigest, SomeDigest, platform, config, new Dictionary<string, string>());

    public static ImageConfig Config(string json) => ImageConfig.TryParse(System.Text.Encoding.UTF8.GetBytes(json)) ?? throw new ArgumentException(json);

    /// <summary>A config of which every text is trouble.</summary>
    public static ImageConfig Config(Random random)
    {
        string Hostile() => Text(random);
        Dictionary<string, object> Keys(Func<string> key, int max) => Enumerable.Range(0, random.Next(max)).Select(_ => key()).Distinct().ToDictionary(found => found, _ => new object());
        var config = ImageConfig.TryParse(JsonSerializer.SerializeToUtf8Bytes(new
        {
            os = "linux",
            architecture = "amd64",
            config = new
            {
                User = random.Pick("", "1001", "1001:2002", Hostile()),
                Env = Enumerable.Range(0, random.Next(5)).Select(_ => $"{random.Pick("GREETING", "A_B", "x.y-z", Hostile())}={Hostile()}"),
                Volumes = Keys(() => random.Pick("/data", $"/{Hostile()}", $"/srv/{Hostile()}/x", Hostile()), 5),
                ExposedPorts = Keys(() => random.Pick("8080/tcp", "80/tcp", "53/udp", $"{random.Next(70000)}/tcp", Hostile()), 6),
                Entrypoint = Enumerable.Range(0, random.Next(3)).Select(_ => Hostile()),
                Cmd = Enumerable.Range(0, random.Next(3)).Select(_ => Hostile()),
                StopSignal = random.Pick("SIGTERM", "9", Hostile()),
                Labels = new Dictionary<string, string> { ["org.opencontainers.image.title"] = Hostile(), ["run"] = Hostile(), ["usage"] = Hostile(), ["io.openshift.expose-services"] = Hostile() },
                Healthcheck = new { Test = random.Pick((string[])["CMD-SHELL", Hostile()], ["CMD", Hostile(), Hostile()], ["CMD-SHELL", "exit 0"]), Interval = random.Next(), Retries = random.Next(10) },
            },
        }));
        return config!;
    }

    /// <summary>Options with values of every kind: those are anybody's too.</summary>
    public static RecipeOptions Options(Random random) => RecipeOptions.Read(
        random.Pick(null, "digest"),
        random.Pick(null, "web", "My.Web_1"),
        random.Pick((string[])[], ["8081:8080"], ["127.0.0.1:5353:53/udp", "[::1]:9000:9000"]),
        [.. Enumerable.Range(0, random.Next(4)).Select(i => $"V{i}.x={Text(random)}")]);
}
