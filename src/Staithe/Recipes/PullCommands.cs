namespace Staithe.Recipes;

/// <summary>How each client fetches an image, or anything else with a manifest, without running it.</summary>
/// <param name="Client">The program.</param>
/// <param name="Command">Its whole command, a line for the shell.</param>
internal sealed record PullCommand(string Client, string Command)
{
    /// <summary>The commands of the clients.</summary>
    /// <param name="reference">Host, name, and tag or digest.</param>
    /// <param name="isPlainHttp">Whether the registry is reached without TLS; docker knows by itself, for localhost.</param>
    /// <param name="name">What a file with it is called.</param>
    public static IReadOnlyList<PullCommand> List(string reference, bool isPlainHttp, string name) =>
    [
        Of("podman", "pull", isPlainHttp ? "--tls-verify=false" : null, reference),
        Of("docker", "pull", null, reference),
        Of("skopeo", "copy", isPlainHttp ? "--src-tls-verify=false" : null, $"docker://{reference}", $"oci:{name}"),
        Of("ctr", "images", "pull", isPlainHttp ? "--plain-http" : null, reference),
        Of("crane", "pull", isPlainHttp ? "--insecure" : null, reference, $"{name}.tar"),
    ];

    static PullCommand Of(string client, params string?[] arguments) => new(client, ShellText.Join([client, .. arguments.OfType<string>()]));
}
