using System.Numerics;

namespace Staithe.Accounts;

/// <summary>What one may do with a repository. The numbers are stored; a right keeps its bit for ever.</summary>
[Flags]
internal enum Rights
{
    None = 0,

    /// <summary>See it, and read everything in it.</summary>
    Pull = 1,

    /// <summary>Put blobs and manifests in, and give them tags that are new.</summary>
    Push = 2,

    /// <summary>Point a tag that is there at another manifest.</summary>
    Move = 4,

    /// <summary>Take away tags, manifests and blobs.</summary>
    Delete = 8,

    /// <summary>Decide who else may do what; change what the repository is.</summary>
    Manage = 16,

    /// <summary>The role <c>read</c>.</summary>
    Read = Pull,

    /// <summary>The role <c>write</c>: everything that a build does. It loses nothing for good, so it cannot delete.</summary>
    Write = Pull | Push | Move,

    /// <summary>The role <c>admin</c>.</summary>
    Admin = Pull | Push | Move | Delete | Manage,
}

/// <summary>Rights as words.</summary>
internal static class RightsText
{
    static readonly (string Word, Rights Rights)[] Words =
    [
        ("read", Rights.Read), ("write", Rights.Write), ("admin", Rights.Admin),
        ("pull", Rights.Pull), ("push", Rights.Push), ("move", Rights.Move), ("delete", Rights.Delete), ("manage", Rights.Manage),
    ];

    /// <summary>Reads roles and single rights with commas between them, such as <c>write,delete</c>.</summary>
    public static bool TryParse(string? text, out Rights rights)
    {
        rights = Rights.None;
        foreach (var word in (text ?? "").Split(',', StringSplitOptions.TrimEntries))
        {
            var found = Words.FirstOrDefault(known => known.Word == word).Rights;
            if (found == Rights.None)
                return false;
            rights |= found;
        }
        return true;
    }

    /// <summary>A role's name where they are a role, else the single rights.</summary>
    public static string Format(Rights rights) => rights switch
    {
        Rights.Admin => "admin",
        Rights.Write => "write",
        Rights.Read => "read",
        _ => string.Join(',', Words.Where(known => BitOperations.IsPow2((int)known.Rights) && known.Word != "read" && rights.HasFlag(known.Rights)).Select(known => known.Word)),
    };

    /// <summary>What a message lists as the words there are.</summary>
    public const string Choices = "read, write, admin, or any of pull, push, move, delete, manage with commas between them";
}
