namespace Staithe.Recipes;

/// <summary>What a recipe is written for.</summary>
internal enum RecipeKind
{
    /// <summary>A <c>podman run</c> line.</summary>
    Podman,

    /// <summary>A <c>docker run</c> line.</summary>
    Docker,

    /// <summary>A compose file.</summary>
    Compose,

    /// <summary>A pod for <c>podman kube play</c>, with ports of this machine.</summary>
    Kube,

    /// <summary>A deployment, its service and its volumes, for a cluster.</summary>
    Kubernetes,

    /// <summary>A Quadlet unit, of which systemd and podman make a service.</summary>
    Quadlet,
}
