using Staithe.Ldap;

namespace Staithe.Access;

/// <summary>Where an attempt to sign in comes from.</summary>
/// <param name="Address">The network address; null where there is none.</param>
/// <param name="Proof">What shows that this browser belongs to the account that is named: its session, or the cookie of an earlier
/// sign-in. Null without.</param>
internal sealed record SignInSource(string? Address, string? Proof = null)
{
    /// <summary>The one spelling of an account's name, however it is written: what limits go by.</summary>
    public static string AccountOf(string name) => DirectoryText.Reduce(name);
}
