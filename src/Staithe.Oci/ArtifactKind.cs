namespace Staithe.Oci;

/// <summary>
/// What an artifact is, as people name it, told by its types. One table serves every face: pages, lists of what is attached, the search index.
/// </summary>
/// <param name="Title">In words: "SBOM (SPDX)", "Signature (cosign)".</param>
/// <param name="Has">The word of <c>has:</c> in searches, for what is attached to an image; null for what stands by itself.</param>
public sealed record ArtifactKind(string Title, string? Has = null)
{
    // The first whose text is in the type, in lower case. A type that ends with a dot or slash in this table is the beginning of several.
    static readonly (string Part, ArtifactKind Kind)[] Table =
    [
        ("application/vnd.staithe.containerfile", new("Build file", "buildfile")),
        ("dockerfile", new("Build file", "buildfile")),
        ("containerfile", new("Build file", "buildfile")),
        ("application/vnd.staithe.recipe", new("Recipe", "recipe")),
        ("cyclonedx", new("SBOM (CycloneDX)", "sbom")),
        ("spdx", new("SBOM (SPDX)", "sbom")),
        ("vnd.syft", new("SBOM (Syft)", "sbom")),
        ("application/vnd.goharbor.harbor.sbom", new("SBOM (Harbor)", "sbom")),
        ("application/vnd.cncf.notary.signature", new("Signature (Notation)", "signature")),
        ("application/vnd.dev.cosign.simplesigning", new("Signature (cosign)", "signature")),
        ("application/vnd.dev.cosign.artifact.sig", new("Signature (cosign)", "signature")),
        ("application/vnd.dev.sigstore.bundle", new("Signature (Sigstore bundle)", "signature")),
        ("application/pgp-signature", new("Signature (OpenPGP)", "signature")),
        ("vnd.dev.cosign.attestation", new("Attestation (cosign)", "attestation")),
        ("cosign.sigstore.dev/attestation/vuln", new("Vulnerability report (cosign)", "attestation")),
        ("cosign", new("Signature (cosign)", "signature")),
        ("slsa.dev/provenance", new("Provenance (SLSA)", "attestation")),
        ("openvex", new("VEX (OpenVEX)", "attestation")),
        ("csaf", new("VEX (CSAF)", "attestation")),
        ("sarif", new("Scan report (SARIF)", "scan")),
        ("in-toto", new("Attestation (in-toto)", "attestation")),
        ("application/vnd.dsse.envelope", new("Attestation (DSSE)", "attestation")),
        ("application/vnd.cncf.helm.chart.provenance", new("Helm provenance", "signature")),
        ("application/vnd.cncf.helm.", new("Helm chart")),
        ("application/vnd.wasm.", new("WebAssembly module")),
        ("application/vnd.module.wasm.", new("WebAssembly module")),
        ("application/wasm", new("WebAssembly module")),
        ("application/vnd.cncf.model.", new("Model")),
        ("application/vnd.cnai.model.", new("Model")),
        ("application/vnd.docker.ai.", new("Model")),
        ("application/vnd.kitops.modelkit.", new("Model")),
        ("application/vnd.ollama.image.", new("Model")),
        ("application/vnd.cncf.openpolicyagent.", new("Policies")),
        ("application/vnd.cncf.flux.", new("Flux manifests")),
        ("application/vnd.cncf.kubernetes.manifests", new("Kubernetes manifests")),
        ("application/vnd.cncf.argoproj.", new("Argo CD manifests")),
        ("application/vnd.cncf.artifacthub.", new("Artifact Hub metadata")),
        ("application/vnd.sylabs.sif.", new("Singularity image")),
        ("application/vnd.devcontainers", new("Development container")),
        ("application/vnd.docker.compose.project", new("Compose project")),
        ("application/vnd.docker.plugin.", new("Docker plugin")),
        ("application/vnd.buildkit.cacheconfig.", new("Build cache")),
        ("application/vnd.aquasec.trivy.", new("Trivy database")),
        ("application/vnd.oci.image.index.", new("Image index")),
        ("application/vnd.docker.distribution.manifest.list.", new("Image index")),
        ("application/vnd.oci.image.config.", new("Image")),
        ("application/vnd.docker.container.image.", new("Image")),
    ];

    /// <summary>What a type says: of an artifact, a config, a layer, or the predicate of an attestation; null for a type that nobody here knows.</summary>
    public static ArtifactKind? Of(string? type)
    {
        if (string.IsNullOrEmpty(type))
            return null;
        var lower = type.ToLowerInvariant();
        return Array.Find(Table, row => lower.Contains(row.Part, StringComparison.Ordinal)).Kind;
    }

    /// <summary>What a manifest is: by its artifact type, its config or, where these say nothing or only that it looks like an image, its layers.</summary>
    public static ArtifactKind? Of(Manifest manifest)
    {
        var told = Of(manifest.ArtifactType) ?? Of(manifest.Config?.MediaType);
        return told is not null and not { Title: "Image" or "Image index" } ? told
            : manifest.Layers.Select(layer => Of(layer.MediaType)).FirstOrDefault(kind => kind is not null) ?? told;
    }

    /// <summary>What a tag points at that is named after the digest of another manifest; null for any other tag.</summary>
    public static ArtifactKind? OfTag(string tag) => AttachmentTag.TryParse(tag) switch
    {
        null => null,
        { Suffix: ".sig" } => new("Signature (cosign)", "signature"),
        { Suffix: ".att" } => new("Attestation (cosign)", "attestation"),
        { Suffix: ".sbom" } => new("SBOM (cosign)", "sbom"),
        { Suffix: "" } => new("List of referrers"),
        _ => new("Attachment"),
    };
}
