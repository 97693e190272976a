using Staithe.Access;
using Staithe.Accounts;

namespace Staithe.Door;

/// <summary>The ways of saying who one is that a place takes.</summary>
[Flags]
internal enum Accepts
{
    /// <summary>None at all: one may be nobody.</summary>
    Nobody = 1,

    /// <summary>A name with a password or a token, as RFC 7617 sends them.</summary>
    Basic = 2,

    /// <summary>A bearer token of the registry's own, which carries what was decided.</summary>
    RegistryToken = 4,

    /// <summary>A personal token as a bearer token.</summary>
    PersonalToken = 8,

    /// <summary>The session of a browser, where no header says anything.</summary>
    Session = 16,

    /// <summary>What clients of the registry have.</summary>
    Client = Nobody | Basic | RegistryToken,

    /// <summary>What whoever reads beside the registry's API has: a client, or a person with a browser.</summary>
    Reader = Client | Session,
}

/// <summary>What a request shows to say who makes it. Nobody else reads it out of a request.</summary>
internal abstract record Credentials
{
    /// <summary>Nothing.</summary>
    internal sealed record Nothing : Credentials
    {
        public static Nothing At { get; } = new();
    }

    /// <summary>A name with a password or a token.</summary>
    internal sealed record Basic(string Name, string Secret) : Credentials;

    /// <summary>A bearer token that is to be one of the registry's own.</summary>
    internal sealed record RegistryToken(string Text) : Credentials;

    /// <summary>A bearer token that looks like a personal one.</summary>
    internal sealed record PersonalToken(string Secret) : Credentials;

    /// <summary>A browser's session.</summary>
    internal sealed record Session(string Secret) : Credentials;

    /// <summary>Something that cannot be read, or is not taken there.</summary>
    /// <param name="Why">What is wrong with it.</param>
    internal sealed record Unreadable(string Why) : Credentials;

    public static Credentials Read(HttpContext http, Accepts accepts)
    {
        var takesHeader = (accepts & (Accepts.Basic | Accepts.RegistryToken | Accepts.PersonalToken)) != 0;
        if (takesHeader && http.Request.Headers.Authorization is { Count: > 0 } sent)
            return sent is [{ } text] ? ReadHeader(text, accepts) : new Unreadable("there is more than one Authorization header");
        return accepts.HasFlag(Accepts.Session) && SessionCookie.Find(http) is { } secret ? new Session(secret) : Nothing.At;
    }

    static Credentials ReadHeader(string text, Accepts accepts)
    {
        if (accepts.HasFlag(Accepts.Basic) && BasicCredentials.Are(text))
            return BasicCredentials.Read(text) is var (name, secret) ? new Basic(name, secret) : new Unreadable("the Authorization header is not name and password in Base64");
        var (takesOwn, takesPersonal) = (accepts.HasFlag(Accepts.RegistryToken), accepts.HasFlag(Accepts.PersonalToken));
        if (!(takesOwn || takesPersonal))
            return new Unreadable("the Authorization header is not Basic");
        if (!text.StartsWith(BearerTokens.Scheme, StringComparison.OrdinalIgnoreCase))
            return new Unreadable("the Authorization header is neither Bearer nor Basic");
        var token = text[BearerTokens.Scheme.Length..].Trim();
        if (takesPersonal && Secret.Is(token, Secret.Personal))
            return new PersonalToken(token);
        return takesOwn
            ? new RegistryToken(token)
            : new Unreadable($"this is no token for this API: send a personal token, which begins with {Secret.Personal}");
    }
}
