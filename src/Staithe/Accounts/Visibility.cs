namespace Staithe.Accounts;

/// <summary>Who may pull from a repository without having been given any right.</summary>
internal enum Visibility
{
    /// <summary>Nobody.</summary>
    Private,

    /// <summary>Every user who has signed in.</summary>
    Internal,

    /// <summary>Everybody.</summary>
    Public,
}

/// <summary>Visibility as it is stored and told.</summary>
internal static class VisibilityText
{
    public static string Format(Visibility visibility) => visibility.ToString().ToLowerInvariant();

    public static bool TryParse(string? text, out Visibility visibility)
    {
        (visibility, var known) = text switch
        {
            "private" => (Visibility.Private, true),
            "internal" => (Visibility.Internal, true),
            "public" => (Visibility.Public, true),
            _ => (Visibility.Private, false),
        };
        return known;
    }

    /// <summary>Reads what a row holds; what nobody knows is private.</summary>
    public static Visibility Read(string text) => TryParse(text, out var visibility) ? visibility : Visibility.Private;
}
