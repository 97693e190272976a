using Staithe.Config;

namespace Staithe.Tests.Config;

public class ConfigLoaderTests : ConfigFixture
{
    [Fact]
    public void Needs_nothing()
    {
        var config = Load();
        Assert.Equal([new ListenAddress("localhost", 5000)], config.Listen);
        Assert.Equal($"{Home}/.local/share/staithe", config.Data);
        Assert.Null(config.Database);
        Assert.False(config.Open);
        Assert.Equal((SparsePolicy.Refuse, LogFormat.Auto), (config.Sparse, config.Log));
        Assert.Equal((24, 24, 60, 600, 30), (config.UploadHours, config.LeaseHours, config.TrashMinutes, config.StallSeconds, config.StopSeconds));
    }

    public static TheoryData<string, string, string, string> EverySetting => new()
    {
        { "listen", "\"127.0.0.1:1\"", "127.0.0.1:1", "127.0.0.1:1" },
        { "listen", "[\"127.0.0.1:1\", \"[::1]:2\"]", "127.0.0.1:1, [::1]:2", "127.0.0.1:1, [::1]:2" },
        { "data", "\"/srv/x/\"", "/srv/x/", "/srv/x" },
        { "database", "\"postgres://u:p@h/d\"", "postgres://u:p@h/d", "postgres://u:***@h/d" },
        { "proxies", "[\"10.0.0.0/8\", \"::1\"]", "10.0.0.0/8, ::1", "10.0.0.0/8, ::1/128" },
        { "hosts", "[\"registry.example.com\", \"*.team.example.com\"]", "registry.example.com, *.team.example.com", "registry.example.com, *.team.example.com" },
        { "hosts", "\"*\"", "*", "*" },
        { "open", "true", "true", "true" },
        { "oidc", """{ "name": "a", "issuer": "https://a.example", "clientId": "staithe" }""", """{ "name": "a", "issuer": "https://a.example", "clientId": "staithe" }""", "a (https://a.example)" },
        { "oidc", """[{"name":"a","issuer":"https://a.example","clientId":"x","clientSecret":"hunter2"}, {"name":"b","issuer":"https://b.example","clientId":"y"}]""", """[{"name":"a","issuer":"https://a.example","clientId":"x"}, {"name":"b","issuer":"https://b.example","clientId":"y"}]""", "a (https://a.example), b (https://b.example)" },
        { "trustedIssuers", "[\"https://a.example\", \"http://127.0.0.1:1\"]", "https://a.example, http://127.0.0.1:1", "https://a.example, http://127.0.0.1:1" },
        { "sparse", "\"index\"", "index", "index" },
        { "sparse", "\"all\"", "all", "all" },
        { "log", "\"text\"", "text", "text" },
        { "log", "\"json\"", "json", "json" },
        { "log", "\"quiet\"", "quiet", "quiet" },
        { "uploadHours", "1", "1", "1" },
        { "uploadHours", "720", "720", "720" },
        { "openUploadsPerAccount", "1", "1", "1" },
        { "openUploadsPerSpace", "100000", "100000", "100000" },
        { "openUploads", "1", "1", "1" },
        { "reserveMegabytes", "0", "0", "0" },
        { "leaseHours", "2", "2", "2" },
        { "leaseHours", "720", "720", "720" },
        { "trashMinutes", "1", "1", "1" },
        { "trashMinutes", "43200", "43200", "43200" },
        { "auditDays", "1", "1", "1" },
        { "stallSeconds", "2", "2", "2" },
        { "stallSeconds", "3600", "3600", "3600" },
        { "stopSeconds", "0", "0", "0" },
        { "stopSeconds", "3600", "3600", "3600" },
        { "connections", "10", "10", "10" },
        { "connections", "1000000", "1000000", "1000000" },
        { "connectionsPerAddress", "16", "16", "16" },
        { "metricsFrom", "[\"10.0.0.0/8\", \"::1\"]", "10.0.0.0/8, ::1", "10.0.0.0/8, ::1/128" },
        { "metricsToken", "\"0123456789abcdef\"", "0123456789abcdef", "set, and not shown" },
        { "sendfile", "false", "false", "false" },
        { "spacesInviteNewUsers", "true", "true", "true" },
        { "officialSpaces", "[\"team\", \"library\"]", "team,library", "team, library" },
        { "requestsPerMinute", "100000", "100000", "100000" },
        { "anonymousRequestsPerMinute", "1", "1", "1" },
    };

    [Theory]
    [MemberData(nameof(EverySetting))]
    public void Reads_every_setting_from_the_file_and_from_the_environment(string key, string json, string text, string shown)
    {
        var setting = Settings.All.Single(setting => setting.Key == key);
        var flags = InFile($"{{ \"{key}\": {json} }}");
        Assert.Equal(shown, setting.Show(Load(flags)));
        Assert.Equal($"{flags.ConfigFile}:1", ConfigLoader.Load(flags, Variables).Sources[setting]);
        Variables[setting.Variable] = text;
        Assert.Equal(shown, setting.Show(Load()));
        Assert.Equal($"environment {setting.Variable}", ConfigLoader.Load(ConfigFlags.None, Variables).Sources[setting]);
    }

    [Fact]
    public void A_certificate_needs_its_key_and_both_must_be_there()
    {
        var (certificate, key) = (Write("certificate.pem", "c"), Write("key.pem", "k"));
        var config = Load(InFile($$"""{ "tlsCertificate": "{{certificate}}", "tlsKey": "{{key}}" }"""));
        Assert.Equal((certificate, key), (config.TlsCertificate, config.TlsKey));
        Assert.EndsWith("tlsCertificate: TLS takes a certificate and its key: give tlsKey too", Assert.Single(Problems(InFile($$"""{ "tlsCertificate": "{{certificate}}" }"""))), StringComparison.Ordinal);
        Assert.Contains("there is no file", Assert.Single(Problems(InFile($$"""{ "tlsCertificate": "{{certificate}}", "tlsKey": "/nowhere/key.pem" }"""))), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_is_in_the_table_above() =>
        Assert.DoesNotContain(
            Settings.All.Select(setting => setting.Key).Except(EverySetting.Select(row => row.Data.Item1)).Except(["databaseFile", "metricsTokenFile", "tlsCertificate", "tlsKey", "oidc", "trustedIssuers"]),
            key => !key.StartsWith("ldap", StringComparison.Ordinal));

    [Fact]
    public void A_directory_is_read_from_the_file_and_from_the_environment()
    {
        var (password, certificates) = (Write("password", "hunter2\n"), Write("ca.pem", "c"));
        (string Key, string Text)[] values =
        [
            ("ldapUrl", "ldaps://directory.example:3269"), ("ldapStartTls", "false"), ("ldapCertificates", certificates), ("ldapBindDn", "cn=staithe,dc=example"), ("ldapBindPasswordFile", password), ("ldapBase", "ou=people,dc=example"),
            ("ldapUserFilter", "(sAMAccountName={name})"), ("ldapNameAttribute", "sAMAccountName"), ("ldapGroupBase", "ou=groups,dc=example"), ("ldapGroupFilter", "(memberUid={name})"), ("ldapGroupAttribute", "ou"),
            ("ldapTeams", "dev=team/dev"), ("ldapNewAccounts", "true"), ("ldapSeconds", "60"),
        ];
        var json = string.Join(", ", values.Select(value => $"\"{value.Key}\": {(value.Text is "true" or "false" or "60" ? value.Text : $"\"{value.Text}\"")}"));
        var fromFile = Load(InFile($"{{ {json} }}"));
        foreach (var (key, text) in values)
            Variables[Settings.All.Single(setting => setting.Key == key).Variable] = text;
        foreach (var config in (StaitheConfig[])[fromFile, Load()])
        {
            Assert.Equal("hunter2", config.LdapBindPassword);
            Assert.DoesNotContain("hunter2", config.ToString(), StringComparison.Ordinal);
            Assert.All(values.Where(value => value.Key != "ldapBindPasswordFile"), value => Assert.Equal(value.Text, Settings.All.Single(setting => setting.Key == value.Key).Show(config)));
        }
    }

    [Fact]
    public void Groups_with_commas_are_for_the_file() => Assert.Equal(
        ["cn=dev,ou=groups,dc=example=team/dev", "ops=team/ops"],
        Load(InFile("""{ "ldapUrl": "ldap://h", "ldapBase": "dc=example", "ldapGroupBase": "dc=example", "ldapTeams": ["cn=dev,ou=groups,dc=example=team/dev", "ops=team/ops"] }""")).LdapTeams);

    [Theory]
    [InlineData("cn=ben1,ou=groups,dc=org,dc=example = team/t01", "cn=ben1,ou=groups,dc=org,dc=example=team/t01")]
    [InlineData(" ops =team/ops ", "ops=team/ops")]
    [InlineData("the ops\\t= team/ops", "the ops=team/ops")]
    [InlineData("cn=a\\\\ ,dc=example= team/ops", "cn=a\\ ,dc=example=team/ops")]
    [InlineData("cn=x\\\\ , dc=example =team/ops", "cn=x\\ , dc=example=team/ops")]
    public void Blanks_around_a_group_and_its_team_mean_nothing(string written, string read)
    {
        const string settings = "\"ldapUrl\": \"ldap://h\", \"ldapBase\": \"dc=example\", \"ldapGroupBase\": \"dc=example\"";
        Assert.Equal([read], Load(InFile($"{{ {settings}, \"ldapTeams\": \"{written}\" }}")).LdapTeams);
    }

    [Fact]
    public void Flag_beats_environment_beats_file_beats_default()
    {
        var file = InFile("""{ "listen": "127.0.0.1:1", "data": "/file", "uploadHours": 3 }""");
        Variables["STAITHE_LISTEN"] = "127.0.0.1:2";
        Variables["STAITHE_DATA"] = "/environment";
        var loaded = ConfigLoader.Load(file with { Values = Flags((Settings.Listen, "127.0.0.1:3"), (Settings.Listen, "[::1]:3")).Values }, Variables);
        Assert.Equal(["127.0.0.1:3", "[::1]:3"], loaded.Config.Listen.Select(address => address.ToString()));
        Assert.Equal(("/environment", 3, 24), (loaded.Config.Data, loaded.Config.UploadHours, loaded.Config.LeaseHours));
        Assert.Equal(
            [(Settings.Listen, "flag --listen"), (Settings.Data, "environment STAITHE_DATA"), (Settings.UploadHours, $"{file.ConfigFile}:1")],
            loaded.Sources.Select(source => (source.Key, source.Value)).OrderBy(source => Settings.All.ToList().IndexOf(source.Key)));
    }

    [Fact]
    public void A_value_that_is_overridden_is_checked_all_the_same()
    {
        Variables["STAITHE_LISTEN"] = "nonsense";
        Assert.Equal(["STAITHE_LISTEN: \"nonsense\" lacks a port: write HOST:PORT, such as localhost:5000, or :PORT for all interfaces"], Problems(Flags((Settings.Listen, "localhost:1"))));
    }

    [Fact]
    public void An_empty_variable_is_not_set()
    {
        foreach (var variable in Settings.All.Select(setting => setting.Variable).Append("STAITHE_CONFIG").Append("STAITHE_NONSENSE"))
            Variables[variable] = "";
        Assert.Equal($"{Home}/.local/share/staithe", Load().Data);
    }

    [Theory]
    [InlineData("/xdg/data", "/xdg/data/staithe")]
    [InlineData("relative/data", "HOME/.local/share/staithe")]
    [InlineData("", "HOME/.local/share/staithe")]
    public void The_data_directory_follows_XDG_when_that_is_absolute(string xdg, string data)
    {
        Variables["XDG_DATA_HOME"] = xdg;
        Assert.Equal(data.Replace("HOME", Home, StringComparison.Ordinal), Load().Data);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("relative")]
    public void Without_a_home_the_data_directory_must_be_given(string? home)
    {
        Variables.Remove("HOME");
        if (home is not null)
            Variables["HOME"] = home;
        Assert.Equal(["data: has no default here, since neither XDG_DATA_HOME nor HOME is an absolute path: give --data DIR or STAITHE_DATA"], Problems());
        Assert.Equal("/srv", Load(Flags((Settings.Data, "/srv"))).Data);
    }

    [Fact]
    public void The_file_is_where_XDG_says_unless_one_is_named()
    {
        Write(".config/staithe/staithe.json", """{ "uploadHours": 1 }""");
        Assert.Equal(1, Load().UploadHours);
        Write("xdg/staithe/staithe.json", """{ "uploadHours": 2 }""");
        Variables["XDG_CONFIG_HOME"] = "xdg";
        Assert.Equal(1, Load().UploadHours);
        Variables["XDG_CONFIG_HOME"] = Path.Combine(Home, "xdg");
        Assert.Equal(2, Load().UploadHours);
        Variables["STAITHE_CONFIG"] = Write("variable.json", """{ "uploadHours": 3 }""");
        Assert.Equal(3, Load().UploadHours);
        Assert.Equal(4, Load(InFile("""{ "uploadHours": 4 }""")).UploadHours);
    }

    [Fact]
    public void A_file_that_is_named_must_be_there()
    {
        Assert.Equal(["--config: cannot read \"none.json\": no such file"], Problems(new ConfigFlags($"{Home}/none.json", [])));
        Assert.Equal(["--config: cannot read \"\": it is no path"], Problems(new ConfigFlags("", [])));
        Variables["STAITHE_CONFIG"] = Home;
        Assert.Equal([$"STAITHE_CONFIG: cannot read \"{Home}\": it is a directory"], Problems());
    }

    [Fact]
    public void Comments_trailing_commas_and_a_byte_order_mark_are_allowed()
    {
        var config = Load(InFile("\ufeff// first\n{ /* second */ \"listen\": [\"127.0.0.1:1\",], // third\n \"sparse\": \"all\", }\n// last"));
        Assert.Equal(("127.0.0.1:1", SparsePolicy.All), (config.Listen.Single().ToString(), config.Sparse));
    }

    [Fact]
    public void A_relative_path_in_the_file_is_relative_to_the_file()
    {
        Write("etc/secret", "postgres://u:p@h/d\r\n");
        Variables["STAITHE_CONFIG"] = Write("etc/staithe.json", """{ "data": "../data", "databaseFile": "secret" }""");
        var config = Load();
        Assert.Equal(($"{Home}/data", "postgres://u:p@h/d"), (config.Data, config.Database));
        Assert.Equal(Path.GetFullPath("here"), Load(Flags((Settings.Data, "here"))).Data);
    }

    [Fact]
    public void The_database_may_stand_in_a_file()
    {
        Variables["STAITHE_DATABASE_FILE"] = Write("secret", "postgres://u:p@h/d\n");
        var loaded = ConfigLoader.Load(ConfigFlags.None, Variables);
        Assert.Equal(("postgres://u:p@h/d", "environment STAITHE_DATABASE_FILE"), (loaded.Config.Database, loaded.Sources[Settings.Database]));
    }

    [Theory]
    [InlineData("STAITHE_SERVICE_HOST", "10.0.0.7")]
    [InlineData("STAITHE_SERVICE_PORT", "5000")]
    [InlineData("STAITHE_SERVICE_PORT_HTTP", "5000")]
    [InlineData("STAITHE_PORT", "tcp://10.0.0.7:5000")]
    [InlineData("STAITHE_PORT_5000_TCP", "tcp://10.0.0.7:5000")]
    [InlineData("STAITHE_PORT_5000_TCP_PROTO", "tcp")]
    [InlineData("STAITHE_PORT_5000_TCP_PORT", "5000")]
    [InlineData("STAITHE_PORT_5000_TCP_ADDR", "10.0.0.7")]
    [InlineData("STAITHE_DB_SERVICE_HOST", "10.0.0.8")]
    [InlineData("STAITHE_DB_PORT", "tcp://10.0.0.8:5432")]
    public void What_Kubernetes_says_about_a_service_called_staithe_is_no_setting(string variable, string value)
    {
        Variables[variable] = value;
        Assert.False(Load().Open);
    }
}
