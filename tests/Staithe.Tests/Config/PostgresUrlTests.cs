using Npgsql;
using Staithe.Config;

namespace Staithe.Tests.Config;

public class PostgresUrlTests
{
    [Theory]
    [InlineData("postgres://u:hunter2@db.example:6543/staithe", "u", "hunter2", "db.example", 6543, "staithe")]
    [InlineData("postgresql://u:hunter2@db/staithe", "u", "hunter2", "db", 5432, "staithe")]
    [InlineData("POSTGRES://u:hunter2@db/staithe", "u", "hunter2", "db", 5432, "staithe")]
    [InlineData("postgres://a%40b:h%3Aun%2Fter%3f2%25%C3%A9@db/my%2Fbase", "a@b", "h:un/ter?2%é", "db", 5432, "my/base")]
    [InlineData("postgres://u:hun#ter;2='\"@db/x", "u", "hun#ter;2='\"", "db", 5432, "x")]
    [InlineData("postgres://u:é@db/x", "u", "é", "db", 5432, "x")]
    [InlineData("postgres://u@db/x", "u", null, "db", 5432, "x")]
    [InlineData("postgres://u:@db/x", "u", null, "db", 5432, "x")]
    [InlineData("postgres://db/x", null, null, "db", 5432, "x")]
    [InlineData("postgres://u:p@[::1]:99/x", "u", "p", "::1", 99, "x")]
    [InlineData("postgres://u:p@[::1]/x", "u", "p", "::1", 5432, "x")]
    [InlineData("postgres:///x?host=/run/postgresql", null, null, "/run/postgresql", 5432, "x")]
    [InlineData("postgres://%2Frun%2Fpostgresql/x", null, null, "/run/postgresql", 5432, "x")]
    public void Reads(string text, string? user, string? password, string host, int port, string database)
    {
        var read = new NpgsqlConnectionStringBuilder(PostgresUrl.Parse(text).ConnectionString);
        Assert.Equal((user, password, host, port, database), (read.Username, read.Password, read.Host, read.Port, read.Database));
    }

    [Fact]
    public void Reads_parameters_by_the_names_of_libpq_and_of_Npgsql()
    {
        var url = PostgresUrl.Parse("postgres://u:p@db/x?sslmode=verify-full&sslrootcert=%2Fca.pem&connect_timeout=7&application_name=a%20b&Maximum%20Pool%20Size=9&target_session_attrs=read-write&options=-c%20search_path%3Ds");
        var read = new NpgsqlConnectionStringBuilder(url.ConnectionString);
        Assert.Equal(
            (SslMode.VerifyFull, "/ca.pem", 7, "a b", 9, "read-write", "-c search_path=s"),
            (read.SslMode, read.RootCertificate, read.Timeout, read.ApplicationName, read.MaxPoolSize, read.TargetSessionAttributes, read.Options));
    }

    [Theory]
    [InlineData("postgres://u:hunter2@db:6543/x", "postgres://u:***@db:6543/x")]
    [InlineData("postgresql://u:hunter2@[::1]:6543/x", "postgres://u:***@[::1]:6543/x")]
    [InlineData("postgres://a%40b@db/x%2Fy", "postgres://a%40b@db/x%2Fy")]
    [InlineData("postgres://db/x", "postgres://db/x")]
    [InlineData("postgres://u:hunter2@db/x?sslmode=require&sslpassword=hunter2&passfile=hunter2", "postgres://u:***@db/x?sslmode=require&sslpassword=***&passfile=***")]
    public void Redacts(string text, string redacted)
    {
        var url = PostgresUrl.Parse(text);
        Assert.Equal(redacted, url.Redacted);
        Assert.Equal(redacted, url.ToString());
        Assert.Equal(redacted, new StaitheConfig { Data = "/", Database = text }.ToString().Split("database = ")[1].Split(';')[0]);
    }

    [Theory]
    [InlineData("", "expected a URL")]
    [InlineData("staithe.db", "expected a URL")]
    [InlineData("Host=db;Password=hunter2", "expected a URL")]
    [InlineData("mysql://u:hunter2@db/x", "expected a URL")]
    [InlineData("postgres:/u:hunter2@db/x", "expected a URL")]
    [InlineData("postgres://", "the database name is missing")]
    [InlineData("postgres:///x", "the host is missing")]
    [InlineData("postgres://u:hunter2@/x", "the host is missing")]
    [InlineData("postgres://u:hunter2@db", "the database name is missing")]
    [InlineData("postgres://u:hunter2@db/", "the database name is missing")]
    [InlineData("postgres://u:hunter2@db/x/y", "a / inside the database name")]
    [InlineData("postgres://:hunter2@db/x", "the user before the @ is missing")]
    [InlineData("postgres://u:hunter2:3@db/x", "a : inside the password")]
    [InlineData("postgres://u:hunter2@3@db/x", "must be percent-encoded")]
    [InlineData("postgres://u:/hunter2@db/x", "must be percent-encoded")]
    [InlineData("postgres://u:?hunter2@db/x", "must be percent-encoded")]
    [InlineData("postgres://u:a@b?hunter2=1@db/x", "must be percent-encoded")]
    [InlineData("postgres://u:1?hunter2=3/x", "the database name is missing")]
    [InlineData("postgres://u:x?hunter2=3/x", "the port is not a number")]
    [InlineData("postgres://u:hunter2%@db/x", "in the password, a % is not followed")]
    [InlineData("postgres://u:hunter2%4@db/x", "in the password, a % is not followed")]
    [InlineData("postgres://u:hunter2%zz@db/x", "in the password, a % is not followed")]
    [InlineData("postgres://u:hunter2%ff@db/x", "the password holds percent-encoded bytes")]
    [InlineData("postgres://u:hunter2%00@db/x", "the password holds percent-encoded bytes")]
    [InlineData("postgres://u:hunter2@db:0/x", "the port is not a number from 1 to 65535")]
    [InlineData("postgres://u:hunter2@db:65536/x", "the port is not a number from 1 to 65535")]
    [InlineData("postgres://u:hunter2@db:/x", "the port is not a number from 1 to 65535")]
    [InlineData("postgres://u:hunter2@a,b/x", "only one host")]
    [InlineData("postgres://u:hunter2@db/x y", "a space, a line break")]
    [InlineData("postgres://u:hunter2@db/x\npostgres://u:hunter2@db/x", "a space, a line break")]
    [InlineData("postgres://u:hunter2@db/x?ssl_mod=require", "unknown parameter ssl_mod; did you mean sslmode?")]
    [InlineData("postgres://u:hunter2@db/x?sslmode=hunter2", "sslmode is not one of")]
    [InlineData("postgres://u:hunter2@db/x?sslmode=4", "sslmode is not one of")]
    [InlineData("postgres://u:hunter2@db/x?sslmode=", "sslmode is not one of")]
    [InlineData("postgres://u:hunter2@db/x?sslmode=require&SslMode=require", "given twice")]
    [InlineData("postgres://u:hunter2@db/x?connect_timeout=hunter2", "connect_timeout does not take this value")]
    [InlineData("postgres://u:hunter2@db/x?connect_timeout=-9", "connect_timeout does not take this value")]
    [InlineData("postgres://db/x?user=u", "user is no parameter")]
    [InlineData("postgres://db/x?password=hunter2", "password is no parameter")]
    [InlineData("postgres://db/x?host=other", "the host is given twice")]
    [InlineData("postgres://db/x?persist_security_info=true", "would let the password out")]
    public void Refuses_without_the_password(string text, string reason)
    {
        var message = Assert.Throws<FormatException>(() => PostgresUrl.Parse(text)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_every_fault() => Assert.Equal(
        "a : inside the password must be percent-encoded (%3A); the port is not a number from 1 to 65535; the database name is missing: end the URL with /DATABASE",
        Assert.Throws<FormatException>(() => PostgresUrl.Parse("postgres://u:a:b@db:x")).Message);
}
