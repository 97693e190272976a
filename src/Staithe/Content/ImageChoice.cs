using Staithe.Oci;

namespace Staithe.Content;

/// <summary>
/// Which image an index means: the one for the platform that is asked for; without one, for the usual platform, or else the first that is here. An index may
/// list manifests that the registry does not have, and indexes of its own.
/// </summary>
internal static class ImageChoice
{
    const int MaxLevels = 4; // indexes below each other
    const int MaxLooked = 100; // manifests that are looked up for one answer

    /// <summary>Looks for the image.</summary>
    /// <param name="index">The index.</param>
    /// <param name="platform">For which platform; null for any.</param>
    /// <param name="find">A manifest of the same repository; null when it is not here.</param>
    /// <returns>The image, or null where the index has none that is here.</returns>
    public static async Task<(T Row, Manifest Manifest)?> FindAsync<T>(Manifest index, Platform? platform, Func<Digest, Task<(T Row, Manifest Manifest)?>> find)
    {
        var looked = 0;
        return await FindInAsync(index, MaxLevels);

        async Task<(T Row, Manifest Manifest)?> FindInAsync(Manifest above, int levels)
        {
            foreach (var child in List(above, platform))
            {
                if (looked++ >= MaxLooked)
                    return null;
                if (await find(child.Digest) is not { } found)
                    continue;
                if (!MediaTypes.IsIndex(found.Manifest.MediaType))
                    return found;
                if (levels > 1 && await FindInAsync(found.Manifest, levels - 1) is { } below)
                    return below;
            }
            return null;
        }
    }

    /// <summary>For which platforms an index has something, as people read it.</summary>
    public static string Platforms(IEnumerable<Descriptor> children) => string.Join(", ", children.Select(child => child.Platform).OfType<Platform>().Where(made => !made.IsUnknown).Distinct().Take(20));

    // The best first. What says no platform may be for any, or an index of more.
    static IEnumerable<Descriptor> List(Manifest index, Platform? platform)
    {
        var images = index.Children.Where(child => !child.IsAttestation).ToList();
        var wanted = platform ?? Platform.Usual;
        var first = images.Where(child => child.Platform is { } made && wanted.Takes(made));
        var unnamed = images.Where(child => child.Platform is null && (platform is null || images.Count == 1 || MediaTypes.IsIndex(child.MediaType)));
        return platform is not null ? first.Concat(unnamed) : first.Concat(images.Where(child => child.Platform is { } made && !wanted.Takes(made))).Concat(unnamed);
    }
}
