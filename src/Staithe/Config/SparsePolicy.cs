namespace Staithe.Config;

/// <summary>Whether a manifest may be pushed before everything it names is in its repository.</summary>
internal enum SparsePolicy
{
    /// <summary>Everything a manifest names must be there.</summary>
    Refuse,

    /// <summary>An index may name manifests that are missing (some platforms only); an image manifest still needs its blobs.</summary>
    Index,

    /// <summary>Any manifest may name what is missing.</summary>
    All,
}
