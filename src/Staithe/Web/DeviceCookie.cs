using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Door;

namespace Staithe.Web;

/// <summary>
/// Shows that somebody has signed in to an account with this browser before, from wherever. It lets nobody in; it only keeps the
/// guesses of strangers from holding up the account's owner, who has a bound of their own with it.
/// </summary>
internal sealed class DeviceCookie(ServerSecret secret, TimeProvider clock)
{
    const string Purpose = "known browser";
    const int MaxLength = 1000;
    static readonly TimeSpan Lifetime = TimeSpan.FromDays(180);
    static readonly BrowserCookie Cookie = new("staithe-known");

    /// <summary>What the browser shows for the name that is typed; null when nothing.</summary>
    public string? Find(HttpContext http, string name)
    {
        if (Cookie.Find(http) is not { Length: <= MaxLength } text || !Base64Url.IsValid(text))
            return null;
        if (secret.Unseal(Base64Url.DecodeFromChars(text), Purpose) is not { } bytes)
            return null;
        if (Encoding.UTF8.GetString(bytes).Split('\n') is not [var until, var id, var account] || account != SignInSource.AccountOf(name))
            return null;
        return long.Parse(until, CultureInfo.InvariantCulture) > clock.GetUtcNow().ToUnixTimeSeconds() ? id : null;
    }

    /// <summary>Gives it to a browser with which the password was right.</summary>
    /// <param name="http">The request.</param>
    /// <param name="name">The account, as it was typed.</param>
    public void Give(HttpContext http, string name)
    {
        var (until, id) = (clock.GetUtcNow().Add(Lifetime).ToUnixTimeSeconds(), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        var text = string.Create(CultureInfo.InvariantCulture, $"{until}\n{id}\n{SignInSource.AccountOf(name)}");
        var value = Base64Url.EncodeToString(secret.Seal(Encoding.UTF8.GetBytes(text), Purpose));
        if (value.Length <= MaxLength)
            Cookie.Set(http, value, Lifetime);
    }
}
