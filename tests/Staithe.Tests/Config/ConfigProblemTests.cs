using Staithe.Config;

namespace Staithe.Tests.Config;

public class ConfigProblemTests : ConfigFixture
{
    [Theory]
    [InlineData("", "staithe.json:1: the file ends too early: is a }, ] or \" missing?")]
    [InlineData("{\n  \"sparse\": \"all\",\n", "staithe.json:3: the file ends too early: is a }, ] or \" missing?")]
    [InlineData("{\n  \"sparse\": \"all", "staithe.json:2: the file ends too early: is a }, ] or \" missing?")]
    [InlineData("[]", "staithe.json:1: expected an object { … }, found an array")]
    [InlineData("// no\n\"text\"", "staithe.json:2: expected an object { … }, found a string")]
    [InlineData("{\n  \"sparse\": \"all\"\n  \"log\": \"text\"\n}", "staithe.json:3: not JSON: unexpected \" at character 3; is a comma missing before it?")]
    [InlineData("{\n  /* é */ sparse: 1\n}", "staithe.json:2: not JSON: unexpected s at character 11")]
    [InlineData("{\n  \"sparse\": \"all\n}", "staithe.json:2: not JSON: the line ends inside a string")]
    [InlineData("{}\n}", "staithe.json:2: not JSON: unexpected } at character 1")]
    [InlineData("{ \"sparse\": 'all' }", "staithe.json:1: not JSON: unexpected ' at character 13")]
    [InlineData("{ \"database\": nohunter2 }", "staithe.json:1: not JSON: unexpected o at character 16")]
    [InlineData("{\n\n  \"uploadHour\": 1\n}", "staithe.json:3: uploadHour: unknown setting; did you mean uploadHours?")]
    [InlineData("{ \"upload_hours\": {\"a\": [1, {}]} }", "staithe.json:1: upload_hours: unknown setting; did you mean uploadHours?")]
    [InlineData("\ufeff{\n\"port\": 1,\n\"uploadHours\": 0\n}", "staithe.json:2: port: unknown setting; did you mean listen?", "staithe.json:3: uploadHours: expected a whole number from 1 to 720, found \"0\"")]
    [InlineData("{\r\n\"port\": 1\r\n}\r\n", "staithe.json:2: port: unknown setting; did you mean listen?")]
    [InlineData("{ \"storage\": 1 }", "staithe.json:1: storage: unknown setting; did you mean data?")]
    [InlineData("{ \"a\\u001b[2J\": 1 }", "staithe.json:1: a\\u001b[2J: unknown setting")]
    [InlineData("{ \"\\ud800\": 1 }", "staithe.json:1: (no text): unknown setting")]
    [InlineData("{ \"sparse\": \"\\ud800\" }", "staithe.json:1: sparse: the string holds half of a surrogate pair")]
    [InlineData("{\n  \"log\": \"text\",\n  \"open\": false,\n  \"log\": 7\n}", "staithe.json:4: log: given twice; line 2 has it already")]
    [InlineData("{ \"uploadHours\": \"24\" }", "staithe.json:1: uploadHours: expected a number, found a string")]
    [InlineData("{ \"uploadHours\": null }", "staithe.json:1: uploadHours: expected a number, found null")]
    [InlineData("{ \"uploadHours\": 0 }", "staithe.json:1: uploadHours: expected a whole number from 1 to 720, found \"0\"")]
    [InlineData("{ \"uploadHours\": 721 }", "staithe.json:1: uploadHours: expected a whole number from 1 to 720, found \"721\"")]
    [InlineData("{ \"uploadHours\": 1.5 }", "staithe.json:1: uploadHours: expected a whole number from 1 to 720, found \"1.5\"")]
    [InlineData("{ \"uploadHours\": 1e99 }", "staithe.json:1: uploadHours: expected a whole number from 1 to 720, found \"1e99\"")]
    [InlineData("{ \"leaseHours\": 1 }", "staithe.json:1: leaseHours: expected a whole number from 2 to 720, found \"1\"")]
    [InlineData("{ \"trashMinutes\": 43201 }", "staithe.json:1: trashMinutes: expected a whole number from 1 to 43200, found \"43201\"")]
    [InlineData("{ \"stallSeconds\": 0 }", "staithe.json:1: stallSeconds: expected a whole number from 2 to 3600, found \"0\"")]
    [InlineData("{ \"stopSeconds\": -1 }", "staithe.json:1: stopSeconds: expected a whole number from 0 to 3600, found \"-1\"")]
    [InlineData("{ \"open\": \"true\" }", "staithe.json:1: open: expected true or false, found a string")]
    [InlineData("{ \"open\": 1 }", "staithe.json:1: open: expected true or false, found a number")]
    [InlineData("{ \"sparse\": true }", "staithe.json:1: sparse: expected a string, found true")]
    [InlineData("{ \"sparse\": \"Index\" }", "staithe.json:1: sparse: expected refuse, index or all, found \"Index\"")]
    [InlineData("{ \"log\": \"xml\" }", "staithe.json:1: log: expected auto, text, json or quiet, found \"xml\"")]
    [InlineData("{ \"data\": [\"/srv\"] }", "staithe.json:1: data: expected a string, found an array")]
    [InlineData("{ \"data\": \"\" }", "staithe.json:1: data: expected a path")]
    [InlineData("{ \"data\": \"/a\\u0000b\" }", "staithe.json:1: data: expected a path")]
    [InlineData("{ \"data\": \"~/staithe\" }", "staithe.json:1: data: ~ stands for the home directory only in a shell: write the whole path")]
    [InlineData("{ \"data\": \"staithe.json\" }", "staithe.json:1: data: \"staithe.json\" is a file: name a directory")]
    [InlineData("{ \"listen\": {} }", "staithe.json:1: listen: expected a string or an array of strings, found an object")]
    [InlineData("{\n  \"listen\": []\n}", "staithe.json:2: listen: the array is empty: give at least one value, or leave the setting away")]
    [InlineData("{\n  \"listen\": [\n    \"localhost:1\",\n    7\n]}", "staithe.json:4: listen: expected a string in the array, found a number")]
    [InlineData("{\n  \"listen\": [\n    \"localhost:1\",\n    \"x:1\"\n]}", "staithe.json:4: listen: \"x:1\": the host is neither localhost, * nor an IP address, and other names cannot be listened on")]
    [InlineData("{\n  \"listen\": [\n    \"localhost:1\",\n    \"localhost:1\"\n]}", "staithe.json:2: listen: localhost:1 is given twice")]
    [InlineData("{ \"database\": \"hunter2\" }", "staithe.json:1: database: expected a URL such as postgres://user:password@host:5432/database")]
    [InlineData("{ \"metricsToken\": \"short\" }", "staithe.json:1: metricsToken: expected a token of at least 16 characters without blanks")]
    [InlineData("{ \"hosts\": \"registry:5000\" }", "staithe.json:1: hosts: expected a host name without a port, such as registry.example.com, found \"registry:5000\"")]
    [InlineData("{ \"databaseFile\": \"none\" }", "staithe.json:1: databaseFile: cannot read \"none\": no such file")]
    [InlineData("{ \"databaseFile\": \"staithe.json\" }", "staithe.json:1: databaseFile: expected a URL such as postgres://user:password@host:5432/database")]
    [InlineData("{ \"databaseFile\": \"postgres://u:hunter2@h/d\" }", "staithe.json:1: databaseFile: expected a path, found a URL: the URL of a database is the value of database")]
    public void In_the_file(string json, params string[] problems) => Assert.Equal(problems, Problems(InFile(json)));

    [Fact]
    public void Bytes_that_are_no_text()
    {
        var path = Path.Combine(Home, "staithe.json");
        File.WriteAllBytes(path, [.. "{\n  \"data\": \"/"u8, 0xff, .. "\"\n}"u8]);
        Assert.Equal(["staithe.json:2: not UTF-8 text"], Problems(new ConfigFlags(path, [])));
    }

    [Theory]
    [InlineData("STAITHE_UPLOAD_HOUR", "1", "STAITHE_UPLOAD_HOUR: unknown setting; did you mean STAITHE_UPLOAD_HOURS?")]
    [InlineData("STAITHE_UPLOADHOURS", "1", "STAITHE_UPLOADHOURS: unknown setting; did you mean STAITHE_UPLOAD_HOURS?")]
    [InlineData("STAITHE_CONFIGS", "x", "STAITHE_CONFIGS: unknown setting; did you mean STAITHE_CONFIG?")]
    [InlineData("STAITHE_PORT", "5000", "STAITHE_PORT: unknown setting; did you mean STAITHE_LISTEN?")]
    [InlineData("STAITHE_", "5000", "STAITHE_: unknown setting")]
    [InlineData("STAITHE_PASSWORD", "hunter2", "STAITHE_PASSWORD: unknown setting")]
    [InlineData("STAITHE_SPARSE", "some", "STAITHE_SPARSE: expected refuse, index or all, found \"some\"")]
    [InlineData("STAITHE_SPARSE", "postgres://u:hunter2@h/d", "STAITHE_SPARSE: expected refuse, index or all, found something that may hold a password and is not repeated here")]
    [InlineData("STAITHE_OPEN", "1", "STAITHE_OPEN: expected true or false, found \"1\"")]
    [InlineData("STAITHE_STOP_SECONDS", "soon", "STAITHE_STOP_SECONDS: expected a whole number from 0 to 3600, found \"soon\"")]
    [InlineData("STAITHE_STOP_SECONDS", " 1", "STAITHE_STOP_SECONDS: expected a whole number from 0 to 3600, found \" 1\"")]
    [InlineData("STAITHE_LISTEN", "localhost:1,", "STAITHE_LISTEN: \"\" lacks a port: write HOST:PORT, such as localhost:5000, or :PORT for all interfaces")]
    [InlineData("STAITHE_LISTEN", "u:hunter2@h", "STAITHE_LISTEN: something that may hold a password and is not repeated here: the host is neither localhost, * nor an IP address, and other names cannot be listened on")]
    [InlineData("STAITHE_DATA", "postgres://u:hunter2@h/d", "STAITHE_DATA: expected a path, found a URL: the URL of a database is the value of database")]
    [InlineData("STAITHE_DATABASE_FILE", "postgres://u:hunter2@h/d", "STAITHE_DATABASE_FILE: expected a path, found a URL: the URL of a database is the value of database")]
    [InlineData("STAITHE_CONFIG", "postgres://u:hunter2@h/d", "STAITHE_CONFIG: cannot read something that may hold a password and is not repeated here: no such file")]
    [InlineData("STAITHE_DATABASE", "postgres://u:hunter2@h:port/d", "STAITHE_DATABASE: the port is not a number from 1 to 65535")]
    public void In_the_environment(string variable, string value, string problem)
    {
        Variables[variable] = value;
        Assert.Equal([problem], Problems());
    }

    [Fact]
    public void In_the_flags() => Assert.Equal(
        ["--listen: \"a\" lacks a port: write HOST:PORT, such as localhost:5000, or :PORT for all interfaces", "--listen: \"localhost:b\": the port is not a number from 0 to 65535", "--data: expected a path"],
        Problems(Flags((Settings.Listen, "a"), (Settings.Listen, "localhost:1"), (Settings.Listen, "localhost:b"), (Settings.Data, ""))));

    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    public void The_database_is_given_once(bool inFlag, bool inEnvironment, bool asFile)
    {
        if (inEnvironment)
            Variables["STAITHE_DATABASE"] = "postgres://u:hunter2@h/d";
        if (asFile)
            Variables["STAITHE_DATABASE_FILE"] = Write("secret", "postgres://u:hunter2@h/d");
        var flags = inFlag ? Flags((Settings.Database, "postgres://u:hunter2@h/e")) : ConfigFlags.None;
        if (asFile)
            Assert.Equal([$"STAITHE_DATABASE_FILE: the database is given already ({(inFlag ? "flag --database" : "environment STAITHE_DATABASE")}): leave one of the two away"], Problems(flags));
        else
            Assert.Equal("postgres://u:hunter2@h/e", Load(flags).Database);
    }

    [Theory]
    [InlineData("\"ldapBase\": \"dc=example\"", "ldapBase: means nothing without a directory: give ldapUrl too")]
    [InlineData("\"ldapUrl\": \"ldap://h\"", "ldapUrl: a directory is searched below an entry: give ldapBase too")]
    [InlineData("\"ldapUrl\": \"http://u:hunter2@h\", \"ldapBase\": \"dc=example\"", "ldapUrl: expected ldap://HOST or ldaps://HOST, with a port if it is not the usual one, and nothing behind")]
    [InlineData("\"ldapUrl\": \"ldap://h\", \"ldapBase\": \"dc=example\", \"ldapBindDn\": \"cn=x\"", "ldapUrl: who looks for people needs a password: give both ldapBindDn and ldapBindPasswordFile, or neither")]
    [InlineData("\"ldapUrl\": \"ldap://h\", \"ldapBase\": \"dc=example\", \"ldapUserFilter\": \"uid={name}\"", "ldapUserFilter: not an LDAP filter: \"uid={name}\" has \"u\" where \"(\" belongs")]
    [InlineData("\"ldapUrl\": \"ldap://h\", \"ldapBase\": \"dc=example\", \"ldapUserFilter\": \"(uid={user})\"", "ldapUserFilter: not an LDAP filter: \"(uid={user})\" has a brace; what can stand in braces is name, and a brace itself is \\7b")]
    [InlineData("\"ldapUrl\": \"ldap://h\", \"ldapBase\": \"dc=example\", \"ldapTeams\": \"dev=team/dev\"", "ldapTeams: groups are looked for below an entry: give ldapGroupBase too")]
    [InlineData("\"ldapUrl\": \"ldap://h\", \"ldapBase\": \"dc=example\", \"ldapGroupBase\": \"dc=x\", \"ldapTeams\": \"dev\"", "ldapTeams: expected GROUP=SPACE/TEAM, found \"dev\"")]
    [InlineData("\"ldapUrl\": \"ldap://h\", \"ldapBase\": \"dc=x\", \"ldapGroupBase\": \"dc=x\", \"ldapTeams\": \"dev = Team/dev\"", "ldapTeams: expected GROUP=SPACE/TEAM, found \"dev = Team/dev\"")]
    [InlineData("\"ldapUrl\": \"ldap://h\", \"ldapBase\": \"dc=x\", \"ldapGroupBase\": \"dc=x\", \"ldapTeams\": \" = team/dev\"", "ldapTeams: expected GROUP=SPACE/TEAM, found \" = team/dev\"")]
    [InlineData("\"ldapUrl\": \"ldap://h\", \"ldapBase\": \"dc=x\", \"ldapGroupBase\": \"OU=Groups, DC=x\", \"ldapTeams\": \"cn=dev,ou=people,dc=x=team/dev\"", "ldapTeams: \"cn=dev,ou=people,dc=x\" is not below \"OU=Groups, DC=x\", where groups are looked for: change it or ldapGroupBase")]
    public void A_directory_is_given_whole(string settings, string problem) => Assert.Equal([$"staithe.json:1: {problem}"], Problems(InFile($"{{ {settings} }}")));

    [Theory]
    [InlineData("cn=Plain, OU=Groups,, DC=x")]
    [InlineData("cn=\\\"Plain, OU=Groups, DC=x")]
    [InlineData("cn=Plain,OU=Groups,DC=x\\\\")]
    [InlineData("cn=Plain,Groups,DC=x")]
    [InlineData("2.5.4.3=Plain,,DC=x")]
    [InlineData("cn=#0,DC=x")]
    public void A_dn_with_a_mistake_is_told_from_a_name(string group)
    {
        const string settings = "\"ldapUrl\": \"ldap://h\", \"ldapBase\": \"dc=x\", \"ldapGroupBase\": \"DC=x\"";
        Assert.Contains("is not a DN", Assert.Single(Problems(InFile($"{{ {settings}, \"ldapTeams\": \"{group}=team/dev\" }}"))), StringComparison.Ordinal);
    }

    [Fact]
    public void All_at_once_in_the_order_of_the_sources()
    {
        Variables["STAITHE_SPARS"] = "all";
        Variables["STAITHE_LOG"] = "xml";
        var file = InFile(
            """
            {
              "listen": ["0.0.0.0:5000", "registry:5000"],
              "uploadHours": 0, // too few
              "leaseHour": 5,
              "uploadHours": 7,
              "data": 5,
              "database": "postgres://u:hunter2@h"
            }
            """);
        Assert.Equal(
            [
                "staithe.json:2: listen: \"registry:5000\": the host is neither localhost, * nor an IP address, and other names cannot be listened on",
                "staithe.json:3: uploadHours: expected a whole number from 1 to 720, found \"0\"",
                "staithe.json:4: leaseHour: unknown setting; did you mean leaseHours?",
                "staithe.json:5: uploadHours: given twice; line 3 has it already",
                "staithe.json:6: data: expected a string, found a number",
                "staithe.json:7: database: the database name is missing: end the URL with /DATABASE",
                "STAITHE_LOG: expected auto, text, json or quiet, found \"xml\"",
                "STAITHE_SPARS: unknown setting; did you mean STAITHE_SPARSE?",
                "--data: ~ stands for the home directory only in a shell: write the whole path",
            ],
            Problems(file with { Values = Flags((Settings.Data, "~")).Values }));
    }

    [Theory]
    [InlineData("{ \"open\": 1 }", "staithe.json:1: open: expected true or false, found a number")]
    [InlineData("{ \"open\": true", "staithe.json:1: the file ends too early: is a }, ] or \" missing?")]
    [InlineData("{ ?", "staithe.json:1: not JSON: unexpected ? at character 3")]
    public void What_is_not_known_is_not_blamed(string json, string problem) => Assert.Equal([problem], Problems(InFile(json) with { Values = Flags((Settings.Listen, ":5000")).Values }));
}
