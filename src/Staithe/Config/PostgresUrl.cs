using System.Globalization;
using System.Text;
using Npgsql;
using Staithe.Oci;

namespace Staithe.Config;

/// <summary>
/// Where a PostgreSQL database is: <c>postgres://user:password@host:port/database?sslmode=…</c>, each part percent-encoded. The password
/// leaves this type only inside <see cref="ConnectionString"/>; no message quotes a part of the URL that could hold it.
/// </summary>
internal sealed class PostgresUrl
{
    // What libpq and its URLs call a keyword that Npgsql calls differently; for the others, _ and the space are the only difference.
    static readonly Dictionary<string, string> LibpqNames = new(StringComparer.OrdinalIgnoreCase)
    {
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslpassword"] = "SSL Password",
        ["connect_timeout"] = "Timeout",
        ["target_session_attrs"] = "Target Session Attributes",
    };

    PostgresUrl(string connectionString, string redacted) => (ConnectionString, Redacted) = (connectionString, redacted);

    /// <summary>What Npgsql takes. Holds the password.</summary>
    public string ConnectionString { get; }

    /// <summary>The URL for messages and logs, with *** for each secret.</summary>
    public string Redacted { get; }

    /// <summary>Reads a URL.</summary>
    /// <exception cref="FormatException">The text is not such a URL; the message names every fault and quotes no secret.</exception>
    public static PostgresUrl Parse(string text)
    {
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0 || text[..scheme].ToLowerInvariant() is not ("postgres" or "postgresql"))
            throw new FormatException("expected a URL such as postgres://user:password@host:5432/database");
        if (text.AsSpan().ContainsAnyInRange('\0', ' ') || text.Contains('\u007f', StringComparison.Ordinal))
            throw new FormatException("the URL holds a space, a line break or another control character: percent-encode it (a space is %20)");

        // [user[:password]@][host[:port]]/database[?name=value[&name=value]...]
        var rest = text[(scheme + 3)..];
        var authority = rest.IndexOfAny(['/', '?']) is >= 0 and var end ? rest[..end] : rest;
        var at = authority.IndexOf('@', StringComparison.Ordinal);
        if (rest.LastIndexOf('@') != at)
            // A password with a bare / ? or @ would be cut in the wrong place: nothing after this could be quoted safely.
            throw new FormatException("an @, :, / or ? inside the user, the password or a parameter must be percent-encoded (%40, %3A, %2F, %3F)");

        var (path, query) = Cut(rest[authority.Length..], '?');
        var builder = new NpgsqlConnectionStringBuilder();
        var faults = new List<string>();
        ReadUser(at < 0 ? "" : authority[..at], builder, faults);
        ReadHost(authority[(at + 1)..], builder, faults);
        ReadDatabase(path, builder, faults);
        // When something is wrong before the ?, what follows may be the rest of a password, whose words must not be repeated as names.
        var parameters = faults.Count == 0 ? ReadParameters(query, builder, faults) : [];
        if (string.IsNullOrEmpty(builder.Host) && faults.Count == 0)
            faults.Add("the host is missing: write postgres://user:password@host:5432/database, or ?host=DIRECTORY for a Unix socket");
        return faults.Count == 0
            ? new PostgresUrl(builder.ConnectionString, Redact(authority[(at + 1)..], builder, parameters))
            : throw new FormatException(string.Join("; ", faults));
    }

    /// <inheritdoc/>
    public override string ToString() => Redacted;

    static void ReadUser(string text, NpgsqlConnectionStringBuilder builder, List<string> faults)
    {
        var (user, password) = Cut(text, ':');
        if (Decode(user, "the user", faults) is { Length: > 0 } name)
            builder.Username = name;
        else if (text.Length > 0)
            faults.Add("the user before the @ is missing");
        if (password?.Contains(':', StringComparison.Ordinal) == true)
            faults.Add("a : inside the password must be percent-encoded (%3A)");
        else if (password is not null && Decode(password, "the password", faults) is { Length: > 0 } secret)
            builder.Password = secret;
    }

    static void ReadHost(string text, NpgsqlConnectionStringBuilder builder, List<string> faults)
    {
        if (text.Contains(',', StringComparison.Ordinal))
        {
            faults.Add("only one host can be given");
            return;
        }
        var closing = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : -1;
        var (host, port) = closing > 0 ? (text[1..closing], Cut(text[(closing + 1)..], ':').After) : Cut(text, ':');
        if (Decode(host, "the host", faults) is { Length: > 0 } name)
            builder.Host = name;
        if (port is null)
            return;
        if (int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 65535)
            builder.Port = number;
        else
            faults.Add("the port is not a number from 1 to 65535");
    }

    static void ReadDatabase(string path, NpgsqlConnectionStringBuilder builder, List<string> faults)
    {
        var text = path.TrimStart('/');
        if (text.Contains('/', StringComparison.Ordinal))
            faults.Add("a / inside the database name must be percent-encoded (%2F)");
        else if (Decode(text, "the database name", faults) is not { } name)
            return;
        else if (name.Length == 0)
            faults.Add("the database name is missing: end the URL with /DATABASE");
        else
            builder.Database = name;
    }

    static List<string> ReadParameters(string? query, NpgsqlConnectionStringBuilder builder, List<string> faults)
    {
        var shown = new List<string>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var parameter in (query ?? "").Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (encoded, text) = Cut(parameter, '=');
            if (Decode(encoded, "the name of a parameter", faults) is not { } name || Decode(text ?? "", $"the value of {OciException.Quote(name)}", faults) is not { } value)
                continue;
            var keyword = LibpqNames.GetValueOrDefault(name, name.Replace('_', ' '));
            if (!seen.Add(keyword))
                faults.Add($"the parameter {OciException.Quote(name)} is given twice");
            else if (Set(builder, keyword, value, name) is { } fault)
                faults.Add(fault);
            else
                shown.Add($"{name}={(IsSecret(keyword) ? "***" : Uri.EscapeDataString(value))}");
        }
        return shown;
    }

    // Null, or what is wrong with the parameter.
    static string? Set(NpgsqlConnectionStringBuilder builder, string keyword, string value, string name)
    {
        switch (keyword.ToLowerInvariant().Replace(" ", "", StringComparison.Ordinal))
        {
            case "user" or "username" or "userid" or "uid" or "password" or "pwd" or "psw" or "port" or "database" or "db" or "dbname":
                return $"{OciException.Quote(name)} is no parameter: its place is before the ?, as in postgres://user:password@host:5432/database";
            case "host" or "server" when !string.IsNullOrEmpty(builder.Host):
                return "the host is given twice, before the ? and after it";
            case "persistsecurityinfo":
                return $"{OciException.Quote(name)} would let the password out of its connection: leave it away";
            case "sslmode":
                value = value.Replace("-", "", StringComparison.Ordinal);
                if (!Enum.TryParse<SslMode>(value, ignoreCase: true, out var mode) || !Enum.IsDefined(mode) || char.IsAsciiDigit(value[0]))
                    return $"{OciException.Quote(name)} is not one of disable, allow, prefer, require, verify-ca and verify-full";
                break;
        }
        if (!builder.ContainsKey(keyword))
            return $"unknown parameter {OciException.Quote(name)}{NearestName.Hint(name, ["sslmode", "host", "options", "application_name", "search_path", .. LibpqNames.Keys])}";
        try
        {
            builder[keyword] = value;
            return null;
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or OverflowException or InvalidCastException)
        {
            return $"the parameter {OciException.Quote(name)} does not take this value";
        }
    }

    static bool IsSecret(string keyword) => keyword.Contains("pass", StringComparison.OrdinalIgnoreCase);

    static string Redact(string host, NpgsqlConnectionStringBuilder builder, List<string> parameters)
    {
        var url = new StringBuilder("postgres://");
        if (builder.Username is { } user)
            url.Append(Uri.EscapeDataString(user)).Append(builder.Password is null ? "" : ":***").Append('@');
        url.Append(host).Append('/').Append(Uri.EscapeDataString(builder.Database ?? ""));
        return parameters.Count == 0 ? url.ToString() : url.Append('?').AppendJoin('&', parameters).ToString();
    }

    static (string Before, string? After) Cut(string text, char separator) =>
        text.IndexOf(separator, StringComparison.Ordinal) is >= 0 and var i ? (text[..i], text[(i + 1)..]) : (text, null);

    // Null, and a fault, when a % is not followed by two hexadecimal digits or what comes out is no text.
    static string? Decode(string text, string what, List<string> faults)
    {
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                var run = text.IndexOf('%', i) is >= 0 and var next ? next - i : text.Length - i;
                count += Encoding.UTF8.GetBytes(text, i, run, bytes, count);
                i += run - 1;
            }
            else if (i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[count]))
            {
                count++;
                i += 2;
            }
            else
            {
                faults.Add($"in {what}, a % is not followed by two hexadecimal digits: write %25 for a % itself");
                return null;
            }
        }
        var decoded = Encoding.UTF8.GetString(bytes, 0, count);
        if (!decoded.AsSpan().ContainsAny('\0', '\ufffd'))
            return decoded;
        faults.Add($"{what} holds percent-encoded bytes that are no UTF-8 text");
        return null;
    }
}
