using System.Text;
using System.Text.Json;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Oci;

public sealed class ImageConfigTests
{
    const string Whole = """
        {
          "created": "2026-05-01T10:20:30.123456789Z", "author": "alice", "architecture": "arm", "variant": "v7", "os": "linux",
          "config": {
            "User": "1001:2002", "WorkingDir": "/srv", "Env": ["PATH=/bin", "GREETING=hello=world", "EMPTY=", "NAMED"],
            "Entrypoint": ["/bin/server", "--now"], "Cmd": ["-v"], "ExposedPorts": {"8080/tcp": {}, "53/udp": {}, "80": {}, "9000-9002/tcp": {} },
            "Volumes": {"/var/lib/data": {}, "/etc/app": {} }, "StopSignal": "SIGQUIT", "Labels": {"run": "podman run IMAGE", "": "nameless"},
            "Healthcheck": {"Test": ["CMD-SHELL", "wget -q http://127.0.0.1/ || exit 1"], "Interval": 10000000000, "Timeout": 3000000000, "StartPeriod": 1500000000, "Retries": 4}
          },
          "rootfs": {"type": "layers", "diff_ids": ["sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]},
          "history": [
            {"created": "2026-05-01T10:20:30Z", "created_by": "COPY file", "comment": "buildkit", "author": "alice"},
            {"created_by": "EXPOSE 8080", "empty_layer": true}
          ]
        }
        """;

    [Fact]
    public void Everything_that_an_image_says_is_read()
    {
        var config = Parse(Whole)!;
        Assert.Equal("linux/arm/v7", config.Platform.ToString());
        Assert.Equal(new DateTimeOffset(2026, 5, 1, 10, 20, 30, TimeSpan.Zero), config.Created!.Value, TimeSpan.FromSeconds(1));
        Assert.Equal(("alice", "1001:2002", "/srv", "SIGQUIT"), (config.Author, config.User, config.WorkingDirectory, config.StopSignal));
        Assert.Equal((1001, true), (config.UserNumber, config.IsNonRoot));
        Assert.Equal(["/bin/server", "--now", "-v"], config.WholeCommand);
        Assert.Equal([new("PATH", "/bin"), new("GREETING", "hello=world"), new("EMPTY", ""), new("NAMED", "")], config.Environment);
        Assert.Equal(["53/udp", "80/tcp", "8080/tcp", "9000/tcp", "9001/tcp", "9002/tcp"], config.ExposedPorts.Select(port => port.ToString()));
        Assert.Equal(["/etc/app", "/var/lib/data"], config.Volumes);
        Assert.Equal("podman run IMAGE", config.Labels["run"]);
        Assert.Equal("nameless", config.Labels[""]);
        Assert.Equal(["/bin/sh", "-c", "wget -q http://127.0.0.1/ || exit 1"], config.HealthCheck!.Command);
        Assert.Equal((TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1.5), 4), (config.HealthCheck.Interval!.Value, config.HealthCheck.Timeout!.Value, config.HealthCheck.StartPeriod!.Value, config.HealthCheck.Retries!.Value));
        Assert.Equal([("COPY file", false), ("EXPOSE 8080", true)], config.History.Select(entry => (entry.CreatedBy!, entry.IsEmptyLayer)));
        Assert.Single(config.DiffIds);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"config":null,"rootfs":null,"history":null}""")]
    [InlineData("""{"config":[],"rootfs":7,"history":{},"created":5,"os":[],"architecture":{} }""")]
    [InlineData("""{"config":{"Env":{},"ExposedPorts":[80],"Volumes":"x","Labels":[],"Entrypoint":{},"Cmd":7,"User":[],"Healthcheck":{"Test":["NONE"]},"StopSignal":""} }""")]
    [InlineData("""{"config":{"Env":["=x","",7,null],"ExposedPorts":{"0":{},"65536":{},"-1":{},"8-4":{},"1-2-3":{},"80/icmp":{},"a":{},"":{} },"Healthcheck":{"Test":["CMD"]} } }""")]
    [InlineData("""{"config":{"Env":["A\u0000=b","A=\u0000","\ud800=b"],"Cmd":["good","\ud800"],"Entrypoint":["good",7],"Volumes":{"/\u0000":{},"/\udc00":{} },"Labels":{"b":7} } }""")]
    public void What_is_not_what_it_should_be_is_left_out(string json)
    {
        var config = Parse(json)!;
        Assert.Empty(config.Environment);
        Assert.Empty(config.ExposedPorts);
        Assert.Empty(config.Volumes);
        Assert.Empty(config.Labels);
        Assert.Empty(config.WholeCommand);
        Assert.Null(config.HealthCheck);
        Assert.Null(config.User);
        Assert.False(config.IsNonRoot);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{")]
    [InlineData("{}{}")]
    public void What_is_no_object_is_no_config(string json) => Assert.Null(Parse(json));

    [Fact]
    public void What_is_no_text_or_too_large_is_no_config()
    {
        Assert.Null(ImageConfig.TryParse(new byte[] { (byte)'{', 0xff, (byte)'}' }));
        Assert.NotNull(Parse($$"""{"x":"{{new string('x', ImageConfig.MaxBytes - 8)}}"}"""));
        Assert.Null(Parse($$"""{"x":"{{new string('x', ImageConfig.MaxBytes - 7)}}"}"""));
        Assert.Null(Parse(new string('[', 100_000)));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("root", false)]
    [InlineData("0", false)]
    [InlineData("00:5", false)]
    [InlineData("root:wheel", false)]
    [InlineData("1000", true)]
    [InlineData("www-data", true)]
    [InlineData("4294967296", true)]
    public void Root_is_known_by_name_and_number(string? user, bool isNonRoot) =>
        Assert.Equal(isNonRoot, Parse($$"""{"config":{"User":{{JsonSerializer.Serialize(user)}} } }""")!.IsNonRoot);

    [Fact]
    public void Lists_have_a_limit()
    {
        var ports = string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"{new string('0', i % 7)}1-65535\":{{}}"));
        var entries = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"A{i}=b\""));
        var config = Parse($$"""{"config":{"ExposedPorts":{ {{ports}} },"Env":[{{entries}}] },"history":[{{string.Join(',', Enumerable.Repeat("{}", 20_000))}}] }""")!;
        Assert.Equal((ImageConfig.MaxEntries, ImageConfig.MaxEntries, ImageConfig.MaxEntries), (config.ExposedPorts.Count, config.Environment.Count, config.History.Count));
    }

    [Fact]
    public void Any_text_comes_back_as_it_was_written()
    {
        var random = Seed.Random();
        for (var i = 0; i < 2000; i++)
        {
            string Text() => random.Text(8, "a", "/", "'", "\"", "\\", "\n", "\r", "\t", "$", "`", ":", "=", " ", "é", "\u202e", "\u2028", "😀", "\u0001", "\ufeff", "%", "{", "#");
            var environment = Enumerable.Range(0, random.Next(5)).Select(_ => new EnvironmentVariable($"N{random.Next(100)}", Text())).ToList();
            var volumes = Enumerable.Range(0, random.Next(5)).Select(_ => $"/{Text()}").Distinct().Order(StringComparer.Ordinal).ToList();
            var command = Enumerable.Range(0, random.Next(5)).Select(_ => Text()).ToList();
            var labels = Enumerable.Range(0, random.Next(5)).Select(_ => Text()).Distinct().ToDictionary(key => key, _ => Text());
            var json = JsonSerializer.SerializeToUtf8Bytes(new
            {
                os = "linux",
                architecture = "amd64",
                config = new
                {
                    Env = environment.Select(variable => $"{variable.Name}={variable.Value}"),
                    Volumes = volumes.ToDictionary(path => path, _ => new { }),
                    Cmd = command,
                    Labels = labels,
                },
            });
            var config = ImageConfig.TryParse(json)!;
            Assert.Equal(environment, config.Environment);
            Assert.Equal(volumes, config.Volumes);
            Assert.Equal(command, config.Command);
            // Labels are for people: what is no text in them is replaced.
            var clean = labels.GroupBy(label => ForeignText.Clean(label.Key)).Select(group => KeyValuePair.Create(group.Key, ForeignText.Clean(group.Last().Value)));
            Assert.Equal(clean.OrderBy(label => label.Key, StringComparer.Ordinal), config.Labels.OrderBy(label => label.Key, StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Mutations_are_read_or_refused_and_hold_no_NUL()
    {
        var random = Seed.Random();
        var trouble = new[] { "\\ud800", "\\u0000", "\\u", "\"", "{", "}", "[", "]", ",", ":", "null", "-1", "1e999", "99999999999999999999", "\u00e9", "1-65535", "CMD" }.Select(Encoding.UTF8.GetBytes).Append([0xff]).Append([0]).ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var content = Encoding.UTF8.GetBytes(Whole).ToList();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                var at = random.Next(content.Count);
                if (random.Next(2) == 0)
                    content.RemoveRange(at, random.Next(Math.Min(20, content.Count - at)));
                content.InsertRange(at, random.Pick<byte[]>(trouble));
            }
            try
            {
                if (ImageConfig.TryParse(content.ToArray()) is { } config)
                    Assert.DoesNotContain('\0', string.Concat([.. config.WholeCommand, .. config.Volumes, .. config.Labels.Keys, .. config.Labels.Values, .. config.Environment.Select(variable => variable.Name + variable.Value), config.User]));
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"{e.GetType().Name} ({e.Message}) for {Encoding.Latin1.GetString([.. content])}");
            }
        }
    }

    [Theory]
    [InlineData("linux/amd64", "linux/amd64", true)]
    [InlineData("linux/arm", "linux/arm/v7", true)]
    [InlineData("linux/arm/v6", "linux/arm/v7", false)]
    [InlineData("linux/arm64", "linux/amd64", false)]
    [InlineData("windows/amd64", "linux/amd64", false)]
    public void A_platform_takes_what_was_made_for_it(string wanted, string made, bool takes)
    {
        Assert.True(Platform.TryParse(wanted, out var platform));
        Assert.True(Platform.TryParse(made, out var other));
        Assert.Equal(takes, platform.Takes(other));
        Assert.Equal(wanted, platform.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("linux")]
    [InlineData("linux/")]
    [InlineData("a/b/c/d")]
    [InlineData("linux/amd 64")]
    [InlineData("linux/$x")]
    public void What_is_no_platform_is_refused(string? text) => Assert.False(Platform.TryParse(text, out _));

    static ImageConfig? Parse(string json) => ImageConfig.TryParse(Encoding.UTF8.GetBytes(json));

    [Fact]
    public void A_chain_id_is_that_of_the_layers_below_and_the_layer()
    {
        // Computed with sha256sum from the layers "a", "b" and "c".
        const string config = """
            {"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[
                "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
                "sha256:3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d",
                "sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"]}}
            """;
        Assert.Equal(
            [
                "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
                "sha256:51c0c8ace48498d6f5fee6b0592cc06f2da0f3cbe09c5a34a97dce85c3889676",
                "sha256:2fce7f8ce91bcf0a1428b36e1024639fdbd9469eea762dba98aa749631885106",
            ],
            ImageConfig.TryParse(Encoding.UTF8.GetBytes(config))!.ListChainIds().Select(id => id.Value));
    }
}
