using Staithe.Content;
using Staithe.Oci;

namespace Staithe.Files;

/// <summary>
/// What the config of an image claims of its layers (<c>rootfs.diff_ids</c>), held against the layers. Anybody may have written it: without this, three
/// unrelated blobs would be built on whatever image their config names.
/// </summary>
/// <param name="Chains">The ChainIDs, when each claim was checked and is true; else none.</param>
/// <param name="Notes">What is to be said of a claim that is not true, or cannot be checked.</param>
internal sealed record LayerClaim(IReadOnlyList<Digest> Chains, IReadOnlyList<ImageNote> Notes)
{
    const int MaxChain = 500; // layers; engines refuse images of more than 128
    const string What = "config";

    static readonly LayerClaim None = new([], []);

    /// <summary>Holds the claim against the layers that were read.</summary>
    public static LayerClaim Check(ImageConfig? config, IReadOnlyList<LayerRow> layers)
    {
        if (config is null || (config.DiffIds.Count == 0 && config.AreDiffIdsReadable))
            return None; // it claims nothing
        if (!config.AreDiffIdsReadable)
            return False("it has diff_ids that are no digests");
        if (config.DiffIds.Count != layers.Count)
            return False($"it has {config.DiffIds.Count} diff_ids, and the image {layers.Count} layers");
        var isChecked = true;
        for (var i = 0; i < layers.Count; i++)
        {
            var (told, found) = (config.DiffIds[i], layers[i].Facts?.DiffId);
            if (found is null || told.Algorithm != DigestAlgorithm.Sha256)
                isChecked = false;
            else if (told.Value != found)
                return False($"by diff_ids, layer {i + 1} of {layers.Count} is {told}, and unpacked it is {found}");
        }
        if (!isChecked)
            return new LayerClaim([], [new ImageNote(ImageNote.Claim, What, "which layers it names could not be checked against all of them")]);
        return layers.Count > MaxChain ? None : new LayerClaim([.. config.ListChainIds()], []);
    }

    static LayerClaim False(string why) =>
        new([], [new ImageNote(ImageNote.Claim, What, $"its config names other layers than it has, so engines refuse the image: {why}")]);
}
