namespace Staithe.Ldap;

/// <summary>The directory cannot be reached, or does not do what it was asked for: nothing is known about whoever wanted to sign in.</summary>
internal sealed class LdapException(string message, Exception? inner = null) : Exception(message, inner);
